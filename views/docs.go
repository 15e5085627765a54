package views

// DocsView is the description of the API as people read it.
type DocsView struct {
	Version    string
	BaseURL    string
	Intro      []string // paragraphs
	Groups     []DocsGroup
	Objects    []DocsObject
	Webhooks   []DocsWebhook
	Verify     []DocsSample
	Errors     []DocsErrors
	Tokens     []DocsToken // that the sandbox understands; empty: not shown
	PageLinked string      // path of the machine-readable description
}

// DocsGroup is the operations on one kind of object.
type DocsGroup struct {
	ID         string
	Name       string
	Text       string
	Operations []DocsOperation
}

// DocsOperation is one call.
type DocsOperation struct {
	ID      string
	Method  string
	Path    string
	Summary string
	Text    string
	Scopes  []string // a key needs one of them
	Params  []DocsField
	Body    []DocsField
	Sample  string // the call by curl
	Answers []DocsAnswer
	Answer  string // an example of it
}

// DocsField is a parameter, or a field of an object.
type DocsField struct {
	Name     string
	Place    string // of a parameter: path, query, header
	Type     string
	Link     string // id of the object that the type names
	Required bool
	Text     string
}

// DocsAnswer is a status that an operation can answer with.
type DocsAnswer struct {
	Status string
	Text   string
	Link   string // id of the object that it carries
	Object string
}

// DocsObject is a kind of object with its fields.
type DocsObject struct {
	ID     string
	Name   string
	Fields []DocsField
}

// DocsWebhook is a type of event.
type DocsWebhook struct {
	Type    string
	Object  string // what its data is
	Link    string
	Example string // of a body
}

// Anchor is the id of an event on the page.
func (w DocsWebhook) Anchor() string { return "event-" + w.Type }

// DocsSample is a piece of code.
type DocsSample struct {
	Title   string
	Library bool // it uses a library
	Code    string
}

// DocsErrors are the codes of errors that belong together.
type DocsErrors struct {
	Title string
	Codes []DocsCode
}

// DocsCode is a code of errors.
type DocsCode struct{ Code, Text string }

// DocsToken is a payment token with which the sandbox does something.
type DocsToken struct{ Token, Text, Class, Code string }

// Anchor is the id of an operation on the page.
func (o DocsOperation) Anchor() string { return "op-" + o.ID }

// docsMethod gives methods that write another colour than those that read.
func docsMethod(method string) string {
	switch method {
	case "GET":
		return "badge badge-soft badge-sm badge-info"
	case "DELETE":
		return "badge badge-soft badge-sm badge-error"
	default:
		return "badge badge-soft badge-sm badge-success"
	}
}
