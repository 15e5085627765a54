package views

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

func parse(t *testing.T, language locales.Language, component templ.Component) *goquery.Document {
	t.Helper()
	var html strings.Builder
	if err := component.Render(viewing(t, language), &html); err != nil {
		t.Fatal(err)
	}
	parsed, err := goquery.NewDocumentFromReader(strings.NewReader(html.String()))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// framed is a page in the frame.
func framed(s Shell) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		body := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "<h1>Orders</h1>")
			return err
		})
		return Layout(s).Render(templ.WithChildren(ctx, body), w)
	})
}

// Every page stands in one place of the navigation, whatever its path.
func TestNavigationMarksWhereYouAre(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/desk": "/desk", "/bulk": "/desk", "/bulk/new": "/desk", "/bulk/blk_1": "/desk", "/refunds/ref_1": "/payments",
		"/payments/pay_1": "/payments", "/bulky": "", "/": "/",
	} {
		var marked []string
		for _, item := range (Shell{Path: path, Role: "support"}).entries() {
			if (Shell{Path: path}).at(item) {
				marked = append(marked, item.Path)
			}
		}
		if strings.Join(marked, " ") != want {
			t.Errorf("at %s the navigation marks %v, want %s", path, marked, want)
		}
	}
}

var agent = Shell{
	Title: "Orders", Path: "/orders", Query: "q=a&b", UserName: "Sam Support", UserEmail: "sam@example.com",
	Role: "support", CSRF: "token", Theme: ThemeDark, ShortcutsOff: true, LivePaused: true, Demo: true,
}

func TestLayout(t *testing.T) {
	t.Parallel()
	for _, language := range locales.Languages() {
		uitest.Check(t, parse(t, language, framed(agent)))
	}
	parsed := parse(t, locales.Chinese, framed(agent))
	facts := map[string]string{
		"the language is named":               `html[lang=zh-Hans]`,
		"the theme comes from the server":     `html[data-theme=dark]`,
		"shortcuts are off":                   `html[data-shortcuts=off]`,
		"the token stands ready for htmx":     `meta[name=csrf-token][content=token]`,
		"the first link skips the navigation": `body > a:first-child[href="#main"]`,
		"the current page is marked once":     `nav#nav a[aria-current=page][href="/orders"]`,
		"one stream is opened":                `main ~ #live, body > #live[hx-sse\:connect="/live"]`,
		"updates are paused":                  `#live-pill[data-paused=true] button[aria-pressed=true]`,
		"signing out is a form with a token":  `form[action="/logout"][method=post]:has(input[name=_csrf][value=token])`,
		"preferences lead back to the page":   `#theme-menu input[name=return_to][value="/orders?q=a&b"]`,
	}
	for fact, selector := range facts {
		if n := parsed.Find(selector).Length(); n != 1 {
			t.Errorf("%s: %d elements match %s", fact, n, selector)
		}
	}
}

func TestNavigationByRole(t *testing.T) {
	t.Parallel()
	tests := map[string]int{"admin": 18, "support": 13, "merchant": 9}
	for role, want := range tests {
		shell := agent
		shell.Role = role
		parsed := parse(t, locales.English, framed(shell))
		if got := parsed.Find("nav#nav li a").Length(); got != want {
			t.Errorf("%s sees %d entries, want %d", role, got, want)
		}
		keys := map[string]bool{}
		parsed.Find("[data-go]").Each(func(_ int, link *goquery.Selection) {
			key := link.AttrOr("data-go", "")
			if keys[key] {
				t.Errorf("%s: two entries have the shortcut G %s", role, key)
			}
			keys[key] = true
		})
	}
}

func TestErrorPage(t *testing.T) {
	t.Parallel()
	parsed := parse(t, locales.Malay, ErrorPage(Shell{Title: "404"}, ErrorView{Status: 404, RequestID: "req_1"}))
	uitest.Check(t, parsed)
	title, help := ErrorText(locales.For(locales.Malay), 404)
	if got := parsed.Find("[data-testid=error]").Text(); !strings.Contains(got, title) || !strings.Contains(got, help) || !strings.Contains(got, "req_1") {
		t.Errorf("page %q lacks what went wrong, what to do or the request id", got)
	}
	if parsed.Find("#live, nav#nav").Length() != 0 {
		t.Error("an error page opens a stream or shows the navigation")
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	texts := locales.For(locales.English)
	for _, status := range []int{400, 401, 403, 404, 409, 413, 418, TextForgedForm, 422, 429, 500, 502, 503, TextStoringUnknown} {
		title, help := ErrorText(texts, status)
		if title == "" || help == "" || strings.HasPrefix(title, "errors.") {
			t.Errorf("status %d is explained as %q, %q", status, title, help)
		}
	}
}
