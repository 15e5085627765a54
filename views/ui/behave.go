package ui

import (
	"unicode"

	"github.com/a-h/templ"
)

// Swaps makes a link or form replace a region of the page in place and keep
// the address; without script it loads the page.
func Swaps(href, target string) templ.Attributes {
	return templ.Attributes{
		"hx-get":      href,
		"hx-target":   target,
		"hx-swap":     "outerMorph",
		"hx-push-url": "true",
	}
}

// OpensDialog makes a link open the page at href as a dialog; without script
// it leads to the page.
func OpensDialog(href string) templ.Attributes {
	return templ.Attributes{
		"hx-get":        href,
		"hx-target":     "#dialog-body",
		"hx-swap":       "innerHTML",
		"aria-haspopup": "dialog",
	}
}

// SendsForm makes a form send itself in the background: its submit buttons are
// disabled meanwhile. An answer of partials comes with HX-Reswap: none; a
// refused form (422) replaces the target.
func SendsForm(action, target string) templ.Attributes {
	return templ.Attributes{
		"hx-post":    action,
		"hx-target":  target,
		"hx-swap":    "innerHTML",
		"hx-disable": "find button[type=submit]",
	}
}

// Live lets an element renew itself when what it shows has changed.
type Live struct {
	Topics string // "payment:pay_1 order:ord_2"; a bare "payment" means any
	URL    string // returns the element anew
	Every  string // at most once in this time; "500ms" by default
	Sync   bool   // renew after a lost connection too; for lists and totals, not for rows
}

func (l Live) attrs() templ.Attributes {
	if l.Topics == "" || l.URL == "" {
		return nil
	}
	attrs := templ.Attributes{
		"data-live":  l.Topics,
		"hx-get":     l.URL,
		"hx-trigger": "live throttle:" + fallback(l.Every, "500ms"),
		"hx-target":  "this",
		"hx-swap":    "outerMorph",
		"hx-sync":    "this:replace",
	}
	if l.Sync {
		attrs["data-live-sync"] = true
	}
	return attrs
}

// LiveAttrs are the attributes of Live for elements that are no component.
func LiveAttrs(l Live) templ.Attributes { return l.attrs() }

func (p CellProps) classes() templ.CSSClasses {
	return templ.CSSClasses{
		alignClass[p.Align], hideClass[p.Hide],
		templ.KV("muted", p.Muted),
		templ.KV("mono", p.Mono),
		templ.KV("whitespace-nowrap", p.NoWrap || p.Align == End),
		templ.KV("tabular-nums", p.Align == End),
		templ.KV("clip", p.Clip),
	}
}

// Initials are the first letters of a name's first and last word.
func Initials(name string) string {
	var first, last rune
	start := true
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			start = start || unicode.IsSpace(r) || r == '@'
		case start && first == 0:
			first, start = r, false
		case start:
			last, start = r, false
		}
	}
	switch {
	case first == 0:
		return "?"
	case last == 0:
		return string(unicode.ToUpper(first))
	default:
		return string([]rune{unicode.ToUpper(first), unicode.ToUpper(last)})
	}
}

func fallback(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
