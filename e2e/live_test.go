package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// call posts to the API as the first merchant's shop and returns the answer.
func call(t *testing.T, path, key string, body map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, shared.URL+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	return answer(t, request)
}

// get reads from the API.
func get(t *testing.T, path string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, shared.URL+"/api/v1"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, request)
}

// answer is that to a request, which waits as a shop does when it has to: a
// fast machine comes to the limit of its key.
func answer(t *testing.T, request *http.Request) map[string]any {
	t.Helper()
	path := request.URL.Path
	request.Header.Set("Authorization", "Bearer "+shared.APIKeys[0].Key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && response.StatusCode == http.StatusTooManyRequests {
		time.Sleep(time.Duration(seconds) * time.Second)
		again := request.Clone(t.Context())
		if request.GetBody != nil {
			if again.Body, err = request.GetBody(); err != nil {
				t.Fatal(err)
			}
		}
		return answer(t, again)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode > 299 {
		t.Fatalf("%s answered %d: %s (%v)", path, response.StatusCode, body, err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(body, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// pay places an order and pays it with a token of the sandbox.
func pay(t *testing.T, token string) (paymentID string) {
	t.Helper()
	return payBy(t, token, "automatic")
}

// payBy is pay with the money taken at once, or reserved until it is captured.
func payBy(t *testing.T, token, capture string) (paymentID string) {
	t.Helper()
	return payOrder(t, fmt.Sprintf("E2E-%d", time.Now().UnixNano()), token, capture, "")
}

// payOrder is payBy with a number of the caller's choice, through a payment
// account, or the first one if it is empty.
func payOrder(t *testing.T, number, token, capture, account string) (paymentID string) {
	t.Helper()
	call(t, "/orders", number, map[string]any{
		"number": number, "currency": "MYR", "amount": 13322,
		"items":    []map[string]any{{"name": "Pour-over set", "quantity": 1, "amount": 13322}},
		"customer": map[string]any{"name": "<b>Grace</b> Wong", "email": "grace@example.com"},
	})
	p := call(t, "/payments", "pay-"+number, map[string]any{
		"order_number": number, "amount": 13322, "currency": "MYR", "capture": capture, "gateway": account,
		"method": map[string]any{"type": "card", "token": token},
	})
	return p["id"].(string)
}

// What a change may take from the database to every open page.
const (
	liveTarget = time.Second
	liveLimit  = 5 * time.Second
)

// watch notes when a part of the page first holds a text.
func (b *tab) watch(part, text string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`window.seenAt = 0; window.watching = setInterval(() => {
		if (!`+part+`.textContent.includes(`+quote(text)+`)) return;
		window.seenAt = Date.now();
		clearInterval(window.watching);
	}, 10); 0`, nil))
}

// seen is when the part that is watched held its text.
func (b *tab) seen() time.Time {
	b.t.Helper()
	b.until(`window.seenAt > 0`)
	return time.UnixMilli(eval[int64](b, `window.seenAt`))
}

// TestPaymentSettlesInEveryOpenPage is the promise that a payment that settles
// changes in lists and details within a second, and that nothing else moves.
func TestPaymentSettlesInEveryOpenPage(t *testing.T) {
	list, detail := newTab(t), newTab(t)
	list.signIn("support")
	detail.signIn("merchant")
	list.visit("/payments")
	list.until(`document.querySelector("[data-state=live]") !== null`)
	id := pay(t, "tok_action_required") // waits for its customer
	action := awaitAction(t, id)
	detail.visit("/payments/" + id)
	detail.until(`document.querySelector("[data-state=live]") !== null`)
	list.until(`document.querySelector(".new-pill") !== null`)
	list.do(chromedp.Click(".new-pill"))
	row, main := fmt.Sprintf(`document.getElementById(%s)`, quote(rowID(list, id))), `document.querySelector("main")`
	if eval[bool](list, row+`.textContent.includes("Paid")`) || eval[bool](detail, main+`.textContent.includes("Paid")`) {
		t.Fatal("a page shows the payment as paid before it is")
	}
	list.do(chromedp.Evaluate(`(() => {
		const a = `+row+`.querySelector("a"); a.focus(); window.scrollTo(0, 40); window.sameRow = `+row+`;
		window.liveRequests = [];
		document.addEventListener("htmx:before:request", (e) => window.liveRequests.push(e.detail.ctx.request.headers["X-Live-Update"]));
	})()`, nil))
	scroll := eval[float64](list, `window.scrollY`)
	list.watch(row, "Paid")
	detail.watch(main, "Paid")

	agree(t, action)
	inList, inDetail := list.seen(), detail.seen()
	settled, err := time.Parse(time.RFC3339, get(t, "/payments/"+id)["updated_at"].(string))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the payment settled in the list after %v, in its details after %v", inList.Sub(settled), inDetail.Sub(settled))
	if took := max(inList.Sub(settled), inDetail.Sub(settled)); took > liveLimit {
		t.Errorf("the payment settled in every page after %v only, the target is %v", took, liveTarget)
	}

	if !eval[bool](list, row+` === window.sameRow && `+row+`.contains(document.activeElement)`) {
		t.Error("the row was replaced, or lost its focus")
	}
	if now := eval[float64](list, `window.scrollY`); now != scroll {
		t.Errorf("the list scrolled from %v to %v", scroll, now)
	}
	if !eval[bool](list, `window.liveRequests.length > 0 && window.liveRequests.every(v => v === "true")`) {
		t.Error("requests by which the page renewed itself are not marked as such")
	}
	if !eval[bool](list, `document.querySelector("main b") === null`) {
		t.Error("markup in a customer's name became markup of the page")
	}
	list.quiet("list")
	detail.quiet("detail")
}

// awaitAction waits until the payment asks its customer, and returns where.
func awaitAction(t *testing.T, id string) string {
	t.Helper()
	await(t, "/payments/"+id, "requires_action")
	next := get(t, "/payments/"+id)["next_action"].(map[string]any)
	return next["url"].(string)
}

// agree is the customer who says yes on the provider's page.
func agree(t *testing.T, page string) {
	t.Helper()
	response, err := http.PostForm(strings.TrimSuffix(page, "/action")+"/complete", url.Values{"result": {"succeeded"}})
	if err != nil {
		t.Fatal(err)
	}
	if response.Body.Close() != nil || response.StatusCode > 399 {
		t.Fatalf("the customer's yes is answered with %d", response.StatusCode)
	}
}

// rowID is the id of a payment's row, which the list shows or the test fails.
func rowID(b *tab, paymentID string) string {
	b.t.Helper()
	found := `document.querySelector('tr[data-row] a[href="/payments/` + paymentID + `"]')?.closest("tr").id ?? ""`
	b.until(found + ` !== ""`)
	return eval[string](b, found)
}

func TestSupportRetriesAFailedPayment(t *testing.T) {
	id := pay(t, "tok_declined_later")
	b := newTab(t)
	b.signIn("support")
	b.visit("/payments/" + id)
	b.until(`document.querySelector('a[href="/payments/` + id + `/retry"]') !== null`)
	b.picture("payment-failed")
	b.do(chromedp.Click(`a[href="/payments/`+id+`/retry"]`), chromedp.WaitVisible(`#dialog[open] form`))
	for _, look := range looks {
		b.look(look.width, look.scheme)
		b.accessible("retry dialog " + look.name)
		b.picture("retry-dialog-" + look.name)
	}
	b.look(1280, "light")
	if text := eval[string](b, `document.querySelector("#dialog").textContent`); !strings.Contains(text, "133.22") {
		t.Errorf("the dialog does not name the amount: %s", text)
	}
	b.do(chromedp.SendKeys(`#dialog [name=reason]`, "customer topped up the card"))
	b.do(chromedp.Evaluate(`window.honest = window.fetch; window.fetch = () => Promise.reject(new TypeError("connection lost")); 0`, nil),
		chromedp.Click(`#dialog button[type=submit]`))
	b.until(`document.querySelector("#toasts").textContent.includes("not known whether")`)
	b.do(chromedp.Evaluate(`window.fetch = window.honest; document.querySelector("#toasts [data-dismiss]").click(); 0`, nil),
		chromedp.Click(`#dialog button[type=submit]`))
	b.until(`!document.querySelector("#dialog").open`)
	b.until(`[...document.querySelectorAll("main")].some(m => m.textContent.includes("customer topped up the card"))`)
	b.accessible("payment after the retry")
	b.quiet("retry")
}

func TestMerchantCannotRetry(t *testing.T) {
	id := pay(t, "tok_declined_fix_data")
	b := newTab(t)
	b.signIn("merchant")
	b.visit("/payments/" + id)
	b.until(`document.querySelector("main").textContent.includes("Failed")`)
	if eval[bool](b, `document.querySelector('a[href$="/retry"]') !== null`) {
		t.Error("a merchant is offered to retry")
	}
	b.visit("/payments/" + id + "/retry")
	if eval[bool](b, `document.querySelector("[name=reason]") !== null`) {
		t.Error("a merchant gets the retry form")
	}
}

func TestKeyboardAndPalette(t *testing.T) {
	b := newTab(t)
	b.signIn("admin")
	b.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("p"))
	b.until(`location.pathname === "/payments"`)
	b.loaded()
	b.do(chromedp.WaitReady("tr[data-row]"), chromedp.KeyEvent("j"))
	if !eval[bool](b, `document.activeElement.closest("tr[data-row]") !== null`) {
		t.Error("J does not move to a row")
	}
	b.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(2)), chromedp.WaitVisible(`#palette[open]`),
		chromedp.SendKeys(`#palette-input`, "KC-10050"))
	b.until(`document.querySelector('#palette-list a[href^="/orders/"]') !== null`)
	b.accessible("palette")
	b.do(chromedp.SendKeys(`#palette-input`, kb.Enter))
	b.until(`location.pathname.startsWith("/orders/")`)
	b.quiet("keyboard")
}

// Live updates come however far apart the line brings the scripts.
func TestLiveOnASlowLine(t *testing.T) {
	b := newTab(t)
	b.signIn("merchant")
	var asked atomic.Int64
	chromedp.ListenTarget(b, func(event any) {
		paused, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		wait := time.Duration(asked.Add(1)) * 300 * time.Millisecond
		time.AfterFunc(wait, func() {
			if err := chromedp.Run(b, fetch.ContinueRequest(paused.RequestID)); err != nil {
				t.Errorf("let a script through: %v", err)
			}
		})
	})
	b.do(network.SetCacheDisabled(true), fetch.Enable().WithPatterns([]*fetch.RequestPattern{{ResourceType: network.ResourceTypeScript}}))
	b.visit("/payments")
	b.until(`document.getElementById("live-pill").dataset.state === "live"`)
	if asked.Load() == 0 {
		t.Error("the page asked for no script")
	}
}
