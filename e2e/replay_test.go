package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// replay sends everything of a day to an endpoint again, unless that is under
// way already, and returns its id.
func (b *tab) replay() string {
	b.t.Helper()
	b.visit("/endpoints")
	endpoint := eval[string](b, `document.querySelector("main a[href^='/endpoints/whe_']").getAttribute("href").split("/").pop()`)
	b.visit("/replays/new?kind=all&endpoint=" + endpoint)
	b.do(chromedp.WaitVisible(`[data-testid=replay-counts]`))
	if open := eval[string](b, `document.querySelector("main a[href^='/replays/rpl_']")?.getAttribute("href").split("/").pop() ?? ""`); open != "" {
		b.visit("/replays/" + open)
		return open
	}
	b.do(chromedp.SendKeys(`[name=reason]`, "the shop lost its database"), chromedp.Submit(`form[method=post][action="/replays"]`))
	b.until(`/^\/replays\/rpl_/.test(location.pathname)`)
	return eval[string](b, `location.pathname.split("/").pop()`)
}

func TestMerchantReplaysWhatWasLost(t *testing.T) {
	b := newTab(t)
	b.signIn("merchant")
	id := b.replay()
	b.do(chromedp.Evaluate(`window.before = true`, nil))
	b.until(`document.querySelector("#replay-progress progress")?.value > 0`)
	if !eval[bool](b, `window.before === true`) {
		t.Error("the progress came by a load of the page")
	}
	b.accessible("a replay under way")
	b.visit("/replays")
	if !eval[bool](b, `document.querySelector("main a[href='/replays/`+id+`']") !== null`) {
		t.Error("the list does not lead to the replay")
	}
	b.quiet("a replay")
}
