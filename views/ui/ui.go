// Package ui is the design system: small components that know how things look
// and are operated, and nothing of what they stand for.
//
// Every component takes one Props struct. Attrs, its last field, goes to the
// component's main element: ids, data-testid, hx-* attributes. All of them work
// without script and are usable by keyboard and screen reader; none emits
// inline styles or handlers.
package ui

import (
	"maps"

	"github.com/a-h/templ"
)

// Tone is the mood of a component. Colour never stands alone: badges and
// alerts carry an icon and words too.
type Tone string

// The tones.
const (
	Neutral Tone = ""
	Primary Tone = "primary"
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Icon of a tone for components that get none.
func (t Tone) icon() string {
	switch t {
	case Success:
		return "circle-check"
	case Warning:
		return "triangle-alert"
	case Danger:
		return "circle-x"
	case Info, Primary:
		return "info"
	default:
		return "circle-dot"
	}
}

// Size of buttons and fields.
type Size string

// The sizes; Medium is the default.
const (
	Medium Size = ""
	Small  Size = "small"
)

// Align is where the text of a table column stands.
type Align string

// The alignments; Start is the default.
const (
	Start Align = ""
	End   Align = "end" // numbers and amounts
)

// Hide leaves a table column out where there is no room for it.
type Hide string

// The widths below which a column is left out; the zero Hide leaves it in.
const (
	HideBelowSM Hide = "sm"
	HideBelowMD Hide = "md"
	HideBelowLG Hide = "lg"
	HideBelowXL Hide = "xl"
)

// The class names are written out in full: the stylesheet is built from what
// the build finds in the sources.
var (
	hideClass = map[Hide]string{
		HideBelowSM: "hidden sm:table-cell",
		HideBelowMD: "hidden md:table-cell",
		HideBelowLG: "hidden lg:table-cell",
		HideBelowXL: "hidden xl:table-cell",
	}
	alignClass = map[Align]string{End: "text-right"}
	textTone   = map[Tone]string{
		Primary: "text-primary",
		Info:    "text-info",
		Success: "text-success",
		Warning: "text-warning",
		Danger:  "text-error",
	}
)

// merge returns the attributes of both; those of later win.
func merge(all ...templ.Attributes) templ.Attributes {
	merged := templ.Attributes{}
	for _, attrs := range all {
		maps.Copy(merged, attrs)
	}
	return merged
}

// current is the value of aria-current for navigation links.
func current(is bool) string {
	if is {
		return "page"
	}
	return "false"
}

// describe joins the ids of the elements that describe a field.
func describe(id, hint, err string) string {
	switch {
	case hint != "" && err != "":
		return id + "-error " + id + "-hint"
	case err != "":
		return id + "-error"
	case hint != "":
		return id + "-hint"
	default:
		return ""
	}
}
