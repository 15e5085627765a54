package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// lists are the pages that a role gets to from its navigation.
var lists = map[string][]string{
	"admin": {
		"/", "/orders", "/payments", "/shipments", "/deliveries", "/endpoints", "/gateways", "/carriers", "/merchants",
		"/users", "/audit", "/docs", "/gateways/new", "/carriers/new", "/users/new", "/merchants/new",
	},
	"support":  {"/", "/orders", "/payments", "/payments?status=failed", "/shipments", "/deliveries", "/gateways", "/docs"},
	"merchant": {"/", "/orders", "/payments", "/shipments", "/deliveries", "/endpoints", "/docs"},
}

// details are found by following the first link of a list.
var details = []string{"/orders", "/payments", "/shipments", "/deliveries"}

// looks are the ways in which each page is looked at.
var looks = []struct {
	name   string
	width  int64
	scheme string
	rules  string
}{
	{"light", 1280, "light", allRules}, {"dark", 1280, "dark", colourRules}, {"phone", 390, "light", allRules},
}

func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 860),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}))
}

func TestEveryPageOfEveryRoleIsAccessible(t *testing.T) {
	seen := map[string]bool{}
	for _, role := range []string{"admin", "support", "merchant"} {
		paths := lists[role]
		t.Run(role, func(t *testing.T) {
			b := newTab(t)
			b.signIn(role)
			for _, list := range details {
				b.visit(list)
				if href := eval[string](b, `document.querySelector("tr[data-row] a.row-link, tr[data-row] a")?.getAttribute("href") ?? ""`); href != "" {
					paths = append(paths, href)
				} else {
					t.Errorf("%s shows no row", list)
				}
			}
			for _, path := range paths {
				for i, look := range looks {
					if i > 0 && role != "admin" && seen[shape(path)] {
						continue // the same page looks the same to everybody
					}
					b.look(look.width, look.scheme)
					b.visit(path)
					what := fmt.Sprintf("%s as %s, %s", path, role, look.name)
					if title := eval[string](b, `document.title`); title == "" {
						t.Errorf("%s has no title", what)
					}
					b.obeys(what, look.rules)
					if wide := eval[bool](b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`); wide {
						t.Errorf("%s scrolls sideways", what)
					}
					b.picture(strings.NewReplacer("/", "_", "?", "_", "=", "-").Replace(role + path + "-" + look.name))
				}
				b.quiet(path)
				seen[shape(path)] = true
			}
		})
	}
}

// shape is a page's path without what differs from thing to thing.
func shape(path string) string {
	return regexp.MustCompile(`_[0-9a-z]{26}`).ReplaceAllString(path, "")
}

func TestLoginPage(t *testing.T) {
	b := newTab(t)
	for _, look := range looks {
		b.look(look.width, look.scheme)
		b.visit("/login")
		b.accessible("/login " + look.name)
	}
	b.do(chromedp.SendKeys(`input[name=email]`, "nobody@example.com"), chromedp.SendKeys(`input[name=password]`, "wrong password"),
		chromedp.Submit(`form[action^="/login"]`), chromedp.WaitVisible(`[data-testid=login-error]`))
	b.accessible("/login refused")
	b.visit("/orders")
	if path := eval[string](b, `location.pathname`); path != "/login" {
		t.Errorf("a stranger who asks for /orders is at %s", path)
	}
	b.quiet("login")
}
