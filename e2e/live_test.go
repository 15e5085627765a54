package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// call uses the API as the first merchant's shop and returns the answer.
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
	request.Header.Set("Authorization", "Bearer "+shared.APIKeys[0].Key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode > 299 {
		t.Fatalf("%s answered %d: %s (%v)", path, response.StatusCode, answer, err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(answer, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// pay places an order and pays it with a token of the sandbox.
func pay(t *testing.T, token string) (paymentID string) {
	t.Helper()
	number := fmt.Sprintf("E2E-%d", time.Now().UnixNano())
	call(t, "/orders", number, map[string]any{
		"number": number, "currency": "MYR", "amount": 13322,
		"items":    []map[string]any{{"name": "Pour-over set", "quantity": 1, "amount": 13322}},
		"customer": map[string]any{"name": "<b>Grace</b> Wong", "email": "grace@example.com"},
	})
	p := call(t, "/payments", "pay-"+number, map[string]any{
		"order_number": number, "amount": 13322, "currency": "MYR", "method": map[string]any{"type": "card", "token": token},
	})
	return p["id"].(string)
}

// TestPaymentSettlesInEveryOpenPage is the promise that a payment that settles
// changes in lists and details within a second, and that nothing else moves.
func TestPaymentSettlesInEveryOpenPage(t *testing.T) {
	id := pay(t, "tok_processing") // settles after some seconds
	list, detail := newTab(t), newTab(t)
	list.signIn("support")
	detail.signIn("merchant")
	list.visit("/payments")
	detail.visit("/payments/" + id)
	list.until(`document.querySelector("[data-state=live]") !== null`)
	row := fmt.Sprintf(`document.getElementById(%s)`, quote(rowID(list, id)))
	list.do(chromedp.Evaluate(`(() => { const a = `+row+`.querySelector("a"); a.focus(); window.scrollTo(0, 40); window.sameRow = `+row+` })()`, nil))
	scroll := eval[float64](list, `window.scrollY`)
	list.until(row + `.textContent.includes("Paid")`)
	if !eval[bool](list, row+` === window.sameRow && `+row+`.contains(document.activeElement)`) {
		t.Error("the row was replaced, or lost its focus")
	}
	if now := eval[float64](list, `window.scrollY`); now != scroll {
		t.Errorf("the list scrolled from %v to %v", scroll, now)
	}
	detail.until(`document.querySelector("main").textContent.includes("Paid")`)
	if !eval[bool](list, `document.querySelector("main b") === null`) {
		t.Error("markup in a customer's name became markup of the page")
	}
	list.quiet("list")
	detail.quiet("detail")
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
	b.do(chromedp.SendKeys(`#dialog [name=reason]`, "customer topped up the card"),
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
