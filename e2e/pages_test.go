package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tillpost/tillpost/views/ui/uitest"
)

// extra are pages that a pattern of the route table does not tell: other states
// of its pages, and errors.
var extra = map[string][]string{
	"admin":    {"/payments?status=failed", "/gateways/new?kind=stripe", "/carriers/new?kind=dhl", "/palette?q=kopi", "/nothing/here", "/incidents?state=all", "/alerts/channels/new?kind=dingtalk"},
	"support":  {"/payments?status=failed", "/users"},
	"merchant": {"/payments?status=failed", "/gateways", "/orders/none"},
}

// parts are the addresses of what stands in pages, or is no page at all, and
// those for customers, which TestTrackingPages looks at, and the one behind a
// sealed link, which TestAddressIsConfirmed does.
var parts = regexp.MustCompile(`/(row|count|export|raw|bell)$|^/dashboard/|^/mails/|^/(live|healthz|readyz|openapi\.json)$|^/(static|hooks|t|alerts/confirm)/`)

// page is a line of the table of routes that the handlers' tests hold to the
// real one, so that a new page is looked at without being named here.
type page struct {
	pattern string
	roles   string
}

func pages(t *testing.T) []page {
	t.Helper()
	table, err := os.ReadFile("../handlers/routes_table_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []page
	for _, line := range regexp.MustCompile(`(?m)^GET +(/\S*) +(.+)$`).FindAllStringSubmatch(string(table), -1) {
		if !parts.MatchString(line[1]) && !strings.HasPrefix(line[1], "/api/") {
			found = append(found, page{line[1], line[2]})
		}
	}
	if len(found) < 30 {
		t.Fatalf("only %d pages are found in the table of routes", len(found))
	}
	return found
}

// possibleIn is the status of payments with which something can be done, so that
// its form is seen and not why it cannot be.
var possibleIn = map[string]string{
	"/retry": "failed", "/retry-anyway": "failed", "/sync": "requires_action", "/capture": "authorized", "/void": "authorized", "/refund": "paid",
}

var failed struct {
	sync.Once

	refund string
}

// failedRefund makes payments and refunds that the demo has none of, and returns
// a refund that can be tried again.
func failedRefund(t *testing.T) string {
	t.Helper()
	failed.Do(func() {
		payBy(t, "tok_success", "manual")
		await(t, "/payments/"+pay(t, "tok_action_required"), "requires_action")
		id := pay(t, "tok_refund_fails")
		await(t, "/payments/"+id, "paid")
		r := call(t, "/refunds", "refund-"+id, map[string]any{"payment_id": id, "amount": 1000, "reason": "broken"})
		failed.refund = r["id"].(string)
		await(t, "/refunds/"+failed.refund, "failed")
	})
	return failed.refund
}

// await waits until something stands at a status.
func await(t *testing.T, path, status string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if get(t, path)["status"] == status {
			return
		}
	}
	t.Fatalf("%s is never %s", path, status)
}

// paths are the addresses of all pages that a role may see, with ids of the demo.
func (b *tab) paths(role string) []string {
	b.t.Helper()
	ids := map[string]string{}
	id := func(list, form string) string {
		key := list + form
		if ids[key] == "" {
			b.visit(list)
			if list == "/reconciliation" { // the demo's file comes once enough was paid
				b.until(`document.querySelector("main a[href^='/reconciliation/stl_']") !== null || (location.reload(), false)`)
			}
			links := eval[[]string](b, `[...document.querySelectorAll("main a[href]")].map(a => a.getAttribute("href"))`)
			for _, link := range links {
				if found := regexp.MustCompile(form).FindStringSubmatch(link); found != nil {
					ids[key] = found[1]
					break
				}
			}
			if ids[key] == "" {
				b.t.Errorf("%s leads to nothing of the form %s", list, form)
				ids[key] = "none"
			}
		}
		return ids[key]
	}
	failedRefund(b.t)
	settlementFile(b.t)
	somethingWrong(b.t)
	var found []string
	for _, p := range pages(b.t) {
		if !strings.Contains(p.roles, role) && !strings.Contains(p.roles, "public") || p.pattern == "/login" {
			continue
		}
		list, rest, named := strings.Cut(p.pattern, "/:id")
		switch {
		case named && list == "/refunds": // listed on the pages of their payments
			p.pattern = strings.Replace(p.pattern, ":id", failedRefund(b.t), 1)
		case named && list == "/operations/jobs":
			p.pattern = strings.Replace(p.pattern, ":id", brokenJob(b.t), 1)
		case named && list == "/replays":
			p.pattern = strings.Replace(p.pattern, ":id", b.replay(), 1)
		case named && list == "/bulk":
			p.pattern = strings.Replace(p.pattern, ":id", b.bulkRetry(), 1)
		case named:
			from := list
			if status := possibleIn[rest]; list == "/payments" && status != "" {
				from += "?status=" + status
			}
			if list == "/incidents" { // what nothing confirms is soon over
				from += "?state=all"
			}
			p.pattern = strings.Replace(p.pattern, ":id", id(from, "^"+list+"/([a-z]{3}_[0-9a-z]{26})"), 1)
		}
		if before, _, keyed := strings.Cut(p.pattern, "/keys/:key"); keyed {
			p.pattern = strings.Replace(p.pattern, ":key", id(before, "/keys/([a-z]{3}_[0-9a-z]{26})/revoke"), 1)
		}
		p.pattern = strings.Replace(p.pattern, "/:rule", "/queue_full", 1)
		p.pattern = strings.Replace(p.pattern, "/queues/:name", "/queues/carrier", 1)
		if before, _, keyed := strings.Cut(p.pattern, "/:call"); keyed {
			p.pattern = before + "/" + id(before, "/calls/([a-z]{3}_[0-9a-z]{26})")
		}
		if strings.Contains(p.pattern, ":") {
			b.t.Errorf("nobody knows an address of %s", p.pattern)
			continue
		}
		found = append(found, p.pattern)
	}
	return append(found, extra[role]...)
}

// looks are the ways in which each page is looked at.
var looks = []struct {
	name   string
	width  int64
	scheme string
	rules  string
}{
	{"light", 1280, "light", allRules}, {"dark", 1280, "dark", colourRules}, {"phone", 390, "light", phoneRules},
}

func (b *tab) look(width int64, scheme string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 860),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}))
}

// everyLook looks at the open page in each way.
func (b *tab) everyLook(name string) {
	b.t.Helper()
	for _, look := range looks {
		b.look(look.width, look.scheme)
		b.fits(name+", "+look.name, look.rules)
		b.picture(strings.ReplaceAll(name, " ", "-") + "-" + look.name)
	}
	b.quiet(name)
}

func TestEveryPageOfEveryRoleIsAccessible(t *testing.T) {
	seen := map[string]bool{}
	for _, role := range []string{"admin", "support", "merchant"} {
		t.Run(role, func(t *testing.T) {
			b := newTab(t)
			b.signIn(role)
			paths := b.paths(role)
			t.Logf("%d pages", len(paths))
			for _, path := range paths {
				b.visit(path)
				for i, look := range looks {
					if i > 0 && role != "admin" && seen[shape(path)] {
						continue // the same page looks the same to everybody
					}
					b.look(look.width, look.scheme)
					b.fits(fmt.Sprintf("%s as %s, %s", path, role, look.name), look.rules)
					b.picture(strings.NewReplacer("/", "_", "?", "_", "=", "-").Replace(role + path + "-" + look.name))
				}
				b.quiet(path)
				seen[shape(path)] = true
			}
		})
	}
}

// fits fails the test when a page has no title, is against the rules or wider
// than the window.
func (b *tab) fits(what, rules string) {
	b.t.Helper()
	if title := eval[string](b, `document.title`); title == "" {
		b.t.Errorf("%s has no title", what)
	}
	b.obeys(what, rules)
	if n := eval[int](b, "document.querySelectorAll(`"+uitest.Unsendable+"`).length"); n > 0 {
		b.t.Errorf("%s has %d choices that cannot be sent", what, n)
	}
	if eval[bool](b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
		b.t.Errorf("%s scrolls sideways", what)
	}
}

// TestSecretsAndRefusedFormsAreAccessible looks at the pages that only a form
// that was sent leads to.
func TestSecretsAndRefusedFormsAreAccessible(t *testing.T) {
	b := newTab(t)
	b.signIn("admin")
	for _, form := range []struct{ name, list, link, page, fill string }{
		{"a new key", "/merchants", `^/merchants/mer_`, "/keys/new", `form.elements.name.value = "e2e"; form.querySelector("[name=scope]").checked = true`},
		{"a new secret", "/endpoints", `^/endpoints/whe_`, "/rotate", ``},
		{"a refused user", "", "", "/users/new", `form.noValidate = true; form.elements.email.value = "nobody"; form.elements.password.value = "password"`},
		{"a refused merchant", "", "", "/merchants/new", `form.noValidate = true; form.elements.timezone.value = "Mars/Olympus"`},
	} {
		if form.list != "" {
			b.visit(form.list)
			form.page = eval[string](b, `[...document.querySelectorAll("main a[href]")].map(a => a.getAttribute("href"))
				.find(href => new RegExp(`+quote(form.link)+`).test(href)) ?? ""`) + form.page
		}
		b.visit(form.page)
		b.do(chromedp.Evaluate(`(() => { window.before = true; const form = document.querySelector("main form[method=post]"); `+form.fill+`; form.submit(); })()`, nil))
		b.until(`window.before === undefined && document.readyState === "complete"`)
		for _, look := range looks {
			b.look(look.width, look.scheme)
			b.fits(form.name+", "+look.name, look.rules)
			b.picture(strings.ReplaceAll(form.name, " ", "-") + "-" + look.name)
		}
		b.quiet(form.name)
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
