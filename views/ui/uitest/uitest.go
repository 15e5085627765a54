// Package uitest checks rendered pages for what every page owes its readers
// and the content security policy.
package uitest

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// Check fails the test for markup that the content security policy would not
// let work, for controls without a name, for ids that stand there twice, for
// references to ids that do not exist and for choices that no browser would send.
func Check(t *testing.T, document *goquery.Document) {
	t.Helper()
	checkPolicy(t, document)
	checkNames(t, document)
	checkIDs(t, document)
	checkChoices(t, document)
}

func checkPolicy(t *testing.T, document *goquery.Document) {
	t.Helper()
	document.Find("*").Each(func(_ int, element *goquery.Selection) {
		for _, attr := range element.Nodes[0].Attr {
			handler := strings.HasPrefix(attr.Key, "on") || strings.HasPrefix(attr.Key, "hx-on")
			script := strings.HasPrefix(strings.TrimSpace(attr.Val), "js:") || strings.HasPrefix(attr.Val, "javascript:")
			filter := attr.Key == "hx-trigger" && strings.Contains(attr.Val, "[")
			if attr.Key == "style" || handler || script || filter {
				t.Errorf("<%s %s=%q> is inline style or script", goquery.NodeName(element), attr.Key, attr.Val)
			}
		}
		if name := goquery.NodeName(element); name == "style" || name == "script" && element.AttrOr("src", "") == "" {
			t.Errorf("inline <%s>", name)
		}
	})
}

func checkNames(t *testing.T, document *goquery.Document) {
	t.Helper()
	document.Find("a, button, summary").Each(func(_ int, element *goquery.Selection) {
		if Name(element) == "" {
			t.Errorf("%s has no accessible name", outline(element))
		}
	})
	document.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, element *goquery.Selection) {
		label := element.AttrOr("aria-label", "")
		if id := element.AttrOr("id", ""); label == "" && id != "" {
			label = document.Find(`label[for="` + id + `"]`).Text()
		}
		if label == "" {
			label = element.Closest("label").Text()
		}
		if strings.TrimSpace(label) == "" {
			t.Errorf("%s has no label", outline(element))
		}
	})
	document.Find("svg").Each(func(_ int, element *goquery.Selection) {
		if element.AttrOr("aria-hidden", "") != "true" && element.AttrOr("aria-labelledby", "") == "" {
			t.Errorf("%s is neither decorative nor named", outline(element))
		}
	})
}

// Unsendable matches options that a form shows as choices and that browsers
// refuse as none: they have no value, in a list that needs one.
const Unsendable = `select[required] option[value=""]:not([data-prompt])`

func checkChoices(t *testing.T, document *goquery.Document) {
	t.Helper()
	document.Find(Unsendable).Each(func(_ int, option *goquery.Selection) {
		t.Errorf("%s cannot be chosen: the list needs a value", outline(option))
	})
}

func checkIDs(t *testing.T, document *goquery.Document) {
	t.Helper()
	seen := map[string]bool{}
	document.Find("[id]").Each(func(_ int, element *goquery.Selection) {
		id := element.AttrOr("id", "")
		if id == "" || seen[id] {
			t.Errorf("id %q is empty or stands there twice", id)
		}
		seen[id] = true
	})
	for _, attr := range []string{"aria-describedby", "aria-labelledby", "aria-controls", "popovertarget"} {
		document.Find("[" + attr + "]").Each(func(_ int, element *goquery.Selection) {
			for id := range strings.FieldsSeq(element.AttrOr(attr, "")) {
				if !seen[id] && id != "dialog-title" { // comes with the dialog's content
					t.Errorf("%s: %s names %q, which is not there", outline(element), attr, id)
				}
			}
		})
	}
}

// Name is the accessible name of a link or button: its label, else its text.
func Name(element *goquery.Selection) string {
	if label := element.AttrOr("aria-label", ""); label != "" {
		return label
	}
	visible := element.Clone()
	visible.Find("[aria-hidden=true]").Remove()
	return strings.Join(strings.Fields(visible.Text()), " ")
}

func outline(element *goquery.Selection) string {
	html, err := goquery.OuterHtml(element)
	if err != nil {
		return goquery.NodeName(element)
	}
	return html[:min(len(html), 120)]
}
