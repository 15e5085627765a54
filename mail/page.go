package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed page.html
var files embed.FS

// frame is the HTML form of all mails. Its styles stand at the elements, since
// mail programs drop others; it loads nothing.
var frame = template.Must(template.ParseFS(files, "page.html"))

// Page is what a mail says, in one language: every mail of Tillpost is one,
// written as text and as HTML that say the same. What is empty is left out.
type Page struct {
	Language   string // a BCP 47 tag
	Brand      string // who writes
	Subject    string
	Title      string
	Paragraphs []string
	Facts      []Fact
	Items      []Link // a list, as of what happened meanwhile
	Button     Link   // where to go on
	Contact    Link   // whom to ask
	Why        string // why the reader gets it
	Stop       Link   // how to get no more
}

// Fact is a line of a mail's table.
type Fact struct{ Label, Value string }

// Link leads somewhere. Label names the link; Text is what is read of it, where
// that is something else.
type Link struct{ Label, Text, URL string }

// Rendered is a mail in words.
type Rendered struct {
	Subject, Text, HTML string
}

// Render writes the page as text and HTML.
func (p Page) Render() (Rendered, error) {
	var page bytes.Buffer
	if err := frame.ExecuteTemplate(&page, "page.html", p); err != nil {
		return Rendered{}, fmt.Errorf("write mail: %w", err)
	}
	return Rendered{Subject: p.Subject, Text: p.text(), HTML: page.String()}, nil
}

func (p Page) text() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\n", p.Title)
	for _, paragraph := range p.Paragraphs {
		fmt.Fprintf(&text, "%s\n\n", paragraph)
	}
	for _, f := range p.Facts {
		fmt.Fprintf(&text, "%s: %s\n", f.Label, f.Value)
	}
	for _, item := range p.Items {
		fmt.Fprintf(&text, "- %s\n", item.Text)
		if item.URL != "" {
			fmt.Fprintf(&text, "  %s\n", item.URL)
		}
	}
	if p.Button.URL != "" {
		fmt.Fprintf(&text, "\n%s:\n%s\n", p.Button.Label, p.Button.URL)
	}
	if p.Contact.Text != "" {
		fmt.Fprintf(&text, "\n%s: %s\n", p.Contact.Label, p.Contact.Text)
	}
	fmt.Fprintf(&text, "\n-- \n%s\n", p.Why)
	if p.Stop.URL != "" {
		fmt.Fprintf(&text, "%s: %s\n", p.Stop.Label, p.Stop.URL)
	}
	return text.String()
}
