package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shopServer hears webhooks and keeps the headers of each.
func shopServer(t *testing.T) (url string, heard <-chan http.Header) {
	t.Helper()
	headers := make(chan http.Header, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hooks", headers
}

// tested sends a test event to the endpoint whose page is open, waits until the
// page tells its answer, and returns the headers that the server got.
func (b *tab) tested(heard <-chan http.Header) http.Header {
	b.t.Helper()
	b.do(chromedp.Click(`#endpoint-detail form[action$="/test"] button`))
	b.until(`document.querySelector("[data-testid=endpoint-test]")?.textContent.includes("arrived: HTTP 202 Accepted")`)
	select {
	case got := <-heard:
		return got
	case <-time.After(10 * time.Second):
		b.t.Fatal("the page tells of an answer, but the server was not asked")
		return nil
	}
}

// secret reads the signing secret that is shown, and goes on to the endpoint.
func (b *tab) secret() string {
	b.t.Helper()
	b.do(chromedp.WaitVisible(`#dialog[open] [data-testid=new-secret]`))
	text := eval[string](b, `document.querySelector("[data-testid=new-secret]").textContent.match(/whsec_\S+/)[0]`)
	b.do(chromedp.Click(`#dialog a[href^="/endpoints/whe_"]`), chromedp.WaitVisible(`#endpoint-facts`))
	return text
}

// manage does what is confirmed in a dialog. The click is not one of the mouse,
// which a toast may cover.
func (b *tab) manage(deed string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`document.querySelector('#endpoint-manage a[href$="`+deed+`"]').click()`, nil),
		chromedp.WaitVisible(`#dialog[open] form[action$="`+deed+`"]`), chromedp.Click(`#dialog form[action$="`+deed+`"] button[type=submit]`))
}

func TestMerchantConnectsItsServer(t *testing.T) {
	server, heard := shopServer(t)
	b := newTab(t)
	b.signIn("merchant")
	b.visit("/endpoints")
	b.do(chromedp.Click(`a[href^="/endpoints/new"]`), chromedp.WaitVisible(`#dialog[open] input[name=url]`))
	b.accessible("a new endpoint")
	b.do(chromedp.SetValue(`#dialog input[name=url]`, "http://10.0.0.1/hooks"), chromedp.Click(`#dialog button[type=submit]`),
		chromedp.WaitVisible(`#dialog #field-url-error`))
	if text := eval[string](b, `document.querySelector("#field-url-error").textContent`); !strings.Contains(text, "from the Internet") {
		t.Errorf("an address inside a network is refused with %q", text)
	}
	if !eval[bool](b, `document.activeElement?.name === "url"`) {
		t.Error("the refused field has no focus, and may be out of sight")
	}
	b.accessible("a refused endpoint")
	b.picture("endpoint-refused")

	b.do(chromedp.SetValue(`#dialog input[name=url]`, server), chromedp.SetValue(`#dialog input[name=description]`, "Second till"),
		chromedp.SetValue(`#dialog #header-1 [name=header_name]`, "X-Shop"), chromedp.SetValue(`#dialog #header-1 [name=header_value]`, "till two"),
		chromedp.SetValue(`#dialog input[name=rate_per_second]`, "5"), chromedp.SetValue(`#dialog input[name=max_in_flight]`, "2"),
		chromedp.Click(`#dialog input[value="dispute.opened"]`), chromedp.Click(`#dialog button[type=submit]`))
	first := b.secret()
	facts := eval[string](b, `document.querySelector("#endpoint-facts").textContent`)
	for _, part := range []string{"Second till", "dispute.opened", "X-Shop: ***", "5 a second · 2 at the same time"} {
		if !strings.Contains(facts, part) {
			t.Errorf("the endpoint's page does not say %q: %s", part, facts)
		}
	}
	b.do(chromedp.Click(`#endpoint-detail form[action$="/pause"] button`), chromedp.WaitVisible(`#endpoint-detail form[action$="/resume"]`))
	b.accessible("a paused endpoint")
	b.do(chromedp.Click(`#endpoint-detail form[action$="/resume"] button`), chromedp.WaitVisible(`#endpoint-detail form[action$="/pause"]`))
	got := b.tested(heard)
	if got.Get("X-Shop") != "till two" || len(strings.Fields(got.Get("Webhook-Signature"))) != 1 {
		t.Errorf("the test event came with %v", got)
	}
	b.until(`document.querySelector("[data-testid=health-answers] a")?.textContent.includes("202")`)

	b.manage("/rotate")
	if second := b.secret(); second == first {
		t.Error("the secret is the same after it was replaced")
	}
	if got := b.tested(heard); len(strings.Fields(got.Get("Webhook-Signature"))) != 2 {
		t.Errorf("while both secrets sign, a test event came with %v", got)
	}
	if alerts := eval[string](b, `document.querySelector("#endpoint-detail").textContent`); !strings.Contains(alerts, "2 secrets sign") {
		t.Errorf("the page does not tell that both secrets sign: %s", alerts)
	}
	for _, look := range looks {
		b.look(look.width, look.scheme)
		b.fits("endpoint, "+look.name, look.rules)
		b.picture("endpoint-" + look.name)
	}
	b.manage("/delete")
	b.until(`location.pathname === "/endpoints" && !document.body.textContent.includes("Second till")`)
	b.quiet("endpoint")
}
