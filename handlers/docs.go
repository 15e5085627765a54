package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/views"
)

// specPath is the API's description for programs.
const specPath = "/openapi.json"

// mountDocs serves the API's description, for programs and for people. Both are
// made once, when they are first asked for: operations are not added later.
func (a *shopAPI) mountDocs(app *fiber.App) {
	a.serveSpec(app)
	view := sync.OnceValue(a.docsView)
	a.mount(app, route{http.MethodGet, "/docs", everyone, func(c *fiber.Ctx, v *viewer) error {
		return a.render(c, fiber.StatusOK, views.DocsPage(a.shell(c, v, v.Texts.T("nav.docs")), view()))
	}})
}

func (a *shopAPI) docsView() views.DocsView {
	spec := a.huma.OpenAPI()
	view := views.DocsView{
		Version: spec.Info.Version, BaseURL: a.BaseURL, Intro: strings.Split(spec.Info.Description, "\n\n"),
		PageLinked: specPath, Verify: verifySamples, Tokens: a.SandboxTokens,
	}
	for _, tag := range spec.Tags {
		group := views.DocsGroup{ID: strings.ReplaceAll(strings.ToLower(tag.Name), " ", "-"), Name: tag.Name, Text: tag.Description}
		for _, op := range a.operations() {
			if slices.Contains(op.Tags, tag.Name) {
				group.Operations = append(group.Operations, a.docsOperation(op))
			}
		}
		view.Groups = append(view.Groups, group)
	}
	for _, name := range sortedKeys(spec.Components.Schemas.Map()) {
		schema := spec.Components.Schemas.Map()[name]
		view.Objects = append(view.Objects, views.DocsObject{ID: objectAnchor(name), Name: name, Fields: a.docsFields(schema)})
	}
	for _, hook := range webhookCatalogue {
		row := views.DocsWebhook{
			Type: hook.name, Object: hook.object, Link: objectAnchor(hook.object), Example: indented(eventExamples[hook.name]),
		}
		view.Webhooks = append(view.Webhooks, row)
	}
	for _, group := range errorKeys {
		errs := views.DocsErrors{Title: group.title}
		for _, key := range group.keys {
			errs.Codes = append(errs.Codes, views.DocsCode{Code: errorCode(key), Text: apiText(errorCode(key))})
		}
		view.Errors = append(view.Errors, errs)
	}
	return view
}

// operations lists all operations: of each path, those that read after those
// that create, paths in the order of their names.
func (a *shopAPI) operations() []*huma.Operation {
	paths := a.huma.OpenAPI().Paths
	var ops []*huma.Operation
	for _, path := range sortedKeys(paths) {
		item := paths[path]
		for _, op := range []*huma.Operation{item.Post, item.Get, item.Patch, item.Delete} {
			if op != nil {
				ops = append(ops, op)
			}
		}
	}
	return ops
}

func (a *shopAPI) docsOperation(op *huma.Operation) views.DocsOperation {
	out := views.DocsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Text: op.Description,
		Scopes: scopesOf(op), Sample: a.curl(op),
	}
	for _, p := range op.Parameters {
		f := a.docsField(p.Name, p.Schema, p.Required)
		f.Place = p.In
		out.Params = append(out.Params, f)
	}
	if op.RequestBody != nil {
		out.Body = a.docsFields(op.RequestBody.Content[fiber.MIMEApplicationJSON].Schema)
	}
	for _, status := range sortedKeys(op.Responses) {
		response := op.Responses[status]
		answer := views.DocsAnswer{Status: status, Text: response.Description}
		if content := response.Content[fiber.MIMEApplicationJSON]; content != nil {
			answer.Object = refName(content.Schema.Ref)
			answer.Link = objectAnchor(answer.Object)
			out.Answer = indented(content.Example)
		}
		out.Answers = append(out.Answers, answer)
	}
	return out
}

// docsFields lists the fields of an object, those that are required first.
func (a *shopAPI) docsFields(s *huma.Schema) []views.DocsField {
	s = a.resolve(s)
	var required, optional []views.DocsField
	for _, name := range sortedKeys(s.Properties) {
		f := a.docsField(name, s.Properties[name], slices.Contains(s.Required, name))
		if f.Required {
			required = append(required, f)
		} else {
			optional = append(optional, f)
		}
	}
	return append(required, optional...)
}

func (a *shopAPI) docsField(name string, s *huma.Schema, required bool) views.DocsField {
	f := views.DocsField{Name: name, Required: required, Type: typeOf(s), Text: strings.Join(limitsOf(s), " ")}
	if ref := refOf(s); ref != "" {
		f.Link = objectAnchor(refName(ref))
	}
	return f
}

func (a *shopAPI) resolve(s *huma.Schema) *huma.Schema {
	if s.Ref != "" {
		return a.huma.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// typeOf names a type in words.
func typeOf(s *huma.Schema) string {
	switch {
	case s.Ref != "":
		return refName(s.Ref)
	case len(s.AnyOf) > 0:
		return refName(s.AnyOf[0].Ref) + " or null"
	case s.Type == huma.TypeArray:
		return "array of " + typeOf(s.Items)
	case s.Format == "date-time":
		return orNull("time", s)
	case s.Type == huma.TypeObject && s.AdditionalProperties != nil:
		return "object of texts"
	case s.Type == "":
		return "object"
	default:
		return orNull(s.Type, s)
	}
}

func orNull(name string, s *huma.Schema) string {
	if s.Nullable {
		return name + " or null"
	}
	return name
}

// refOf is the schema that a type is made of.
func refOf(s *huma.Schema) string {
	switch {
	case len(s.AnyOf) > 0:
		return s.AnyOf[0].Ref
	case s.Items != nil:
		return s.Items.Ref
	default:
		return s.Ref
	}
}

// limitsOf says in words what a field is and how its values are limited.
func limitsOf(s *huma.Schema) []string {
	var texts []string
	add := func(format string, args ...any) { texts = append(texts, fmt.Sprintf(format, args...)) }
	if s.Description != "" {
		texts = append(texts, strings.TrimSuffix(s.Description, ".")+".")
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, value := range s.Enum {
			values[i] = fmt.Sprint(value)
		}
		add("One of: %s.", strings.Join(values, ", "))
	}
	if s.Default != nil {
		add("Default: %v.", s.Default)
	}
	if s.Minimum != nil && s.Maximum != nil {
		add("%.0f to %.0f.", *s.Minimum, *s.Maximum)
	}
	if s.MaxLength != nil {
		add("At most %d characters.", *s.MaxLength)
	}
	if s.MaxItems != nil {
		add("At most %d entries.", *s.MaxItems)
	}
	return texts
}

func objectAnchor(name string) string { return "object-" + strings.ToLower(name) }

// curl writes a call with the examples of its parameters.
func (a *shopAPI) curl(op *huma.Operation) string {
	path, query := op.Path, url.Values{}
	lines := []string{"  -H 'Authorization: Bearer tp_…'"}
	for _, p := range op.Parameters {
		switch {
		case p.In == "path" && strings.Contains(op.Path, "/"+pathOf(op)):
			path = strings.ReplaceAll(path, "{"+p.Name+"}", exampleIDs[pathOf(op)])
		case p.In == "query" && p.Required && len(p.Schema.Examples) > 0:
			query.Set(p.Name, fmt.Sprint(p.Schema.Examples[0]))
		case p.In == "header" && len(p.Schema.Examples) > 0:
			lines = append(lines, fmt.Sprintf("  -H '%s: %v'", p.Name, p.Schema.Examples[0]))
		}
	}
	address := a.BaseURL + path
	if len(query) > 0 {
		address = "'" + address + "?" + query.Encode() + "'"
	}
	command := "curl "
	if op.Method != http.MethodGet {
		command += "-X " + op.Method + " "
	}
	if op.RequestBody != nil {
		body := strings.ReplaceAll(indented(op.RequestBody.Content[fiber.MIMEApplicationJSON].Example), "'", `'\''`)
		lines = append(lines, "  -H 'Content-Type: application/json'", "  -d '"+body+"'")
	}
	return command + address + " \\\n" + strings.Join(lines, " \\\n")
}

// pathOf is the part of an operation's path that names its kind of object.
func pathOf(op *huma.Operation) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(op.Path, apiPrefix+"/"), "/")
	return kind
}

func indented(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}
