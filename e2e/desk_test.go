package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTwoAgentsAtTheDesk is the promise that two people do not work on the same
// payment without knowing.
func TestTwoAgentsAtTheDesk(t *testing.T) {
	first, second := newTab(t), newTab(t)
	first.signIn("support")
	second.signIn("admin")
	id := pay(t, "tok_declined_later")
	await(t, "/payments/"+id, "failed")
	row := `document.getElementById(` + quote(id) + `)`
	for _, b := range []*tab{first, second} {
		b.visit("/desk?kind=failed")
		b.until(row + ` !== null && document.querySelector("[data-state=live]") !== null`)
	}
	second.do(chromedp.Evaluate(`window.sameRow = `+row+`; `+row+`.querySelector("[data-select]").click()`, nil))
	first.do(chromedp.Click(`#` + id + ` form[action$="/claim"] button`))
	first.until(row + `.querySelector('form[action$="/release"]') !== null && ` + row + `.textContent.includes("You")`)
	second.until(row + `.textContent.includes("support@")`)
	if !eval[bool](second, row+` === window.sameRow && `+row+`.querySelector("[data-select]").checked && `+row+`.querySelector("form") === null`) {
		t.Error("the other's row was replaced, lost its choice, or can still be claimed")
	}
	second.visit("/payments/" + id)
	second.until(`document.querySelector("#claimed-why")?.textContent.includes("support@")`)
	if n := eval[int](second, `document.querySelectorAll('#payment-deeds a[href$="/retry"]').length`); n > 0 {
		t.Error("the other is offered to retry")
	}
	first.do(chromedp.Click(`#` + id + ` form[action$="/release"] button`))
	second.until(`document.querySelector("#claimed-why") === null && document.querySelector('#payment-deeds a[href$="/retry"]') !== null`)
	first.quiet("the first agent")
	second.quiet("the second agent")
}

// TestRefundByKeyboard gives back a part of a payment without a mouse.
func TestRefundByKeyboard(t *testing.T) {
	id := pay(t, "tok_success")
	await(t, "/payments/"+id, "paid")
	b := newTab(t)
	b.signIn("support")
	b.look(1280, "light")
	b.visit("/payments/" + id)
	link := `#payment-deeds a[href="/payments/` + id + `/refund"]`
	closed := `!document.querySelector("#dialog[open]")`
	b.do(chromedp.Focus(link), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`#dialog[open] form`))
	for _, look := range looks {
		b.look(look.width, look.scheme)
		b.fits("refund dialog "+look.name, look.rules)
		b.picture("refund-dialog-" + look.name)
	}
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until(closed + ` && document.activeElement === document.querySelector(` + quote(link) + `)`)
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`#dialog[open] form`))
	b.until(`document.activeElement.name === "reason"`)
	// The form's answer comes late, when what it shows has changed again.
	b.do(chromedp.Evaluate(`(() => {
		const send = window.fetch;
		window.fetch = async (...request) => {
			const answer = await send(...request);
			if (request[1]?.method === "POST") await new Promise((resume) => setTimeout(resume, 1500));
			return answer;
		};
	})()`, nil))
	b.do(chromedp.KeyEvent("broken in the post"),
		chromedp.Evaluate(`document.querySelector("#dialog [name=amount]").select()`, nil), chromedp.KeyEvent("33.22"), chromedp.KeyEvent(kb.Enter))
	b.until(closed + ` && document.querySelector("#payment-refunds")?.textContent.includes("33.22")`)
	b.until(`document.querySelector("#payment-refunds .badge").textContent.trim() === "Refunded"`)
	b.until(`document.querySelector("#payment-timeline").textContent.includes("broken in the post")`)
	b.quiet("refund")
}
