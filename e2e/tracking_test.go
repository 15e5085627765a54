package e2e

import (
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/tracking"
)

// TestTrackingPages looks at the pages for customers as one does: without a
// session, from a link, in each language.
func TestTrackingPages(t *testing.T) {
	b := newTab(t)
	parcel, order := trackedParcel(t)
	address, _ := parcel["public_url"].(string)
	path, ours := strings.CutPrefix(address, shared.URL)
	if !ours {
		t.Fatalf("the parcel's page is at %q", address)
	}
	b.visit(path)
	b.everyLook("track ask")

	number, email := order["number"].(string), order["customer"].(map[string]any)["email"].(string)
	prove := func(number, proof, then string) {
		t.Helper()
		b.do(chromedp.SetValue(`input[name=number]`, number), chromedp.SetValue(`input[name=proof]`, proof),
			chromedp.Submit(`[data-testid=track-ask]`), chromedp.WaitVisible(then))
	}
	prove(number, "nobody@example.com", `[data-testid=track-error]`)
	b.everyLook("track refused")
	prove(number, email, `[data-testid=track]`)
	b.everyLook("track")
	if eval[bool](b, `document.querySelectorAll("script").length > 0`) {
		t.Error("the page has scripts")
	}
	for _, lang := range []string{"zh-Hans", "ms"} {
		b.do(chromedp.Click(`footer a[lang="`+lang+`"]`), chromedp.WaitVisible(`html[lang="`+lang+`"] [data-testid=track]`))
		b.everyLook("track " + lang)
	}
	b.visit("/t/unknown")
	b.everyLook("track unknown")

	b.visit("/t/stop/" + stopToken(t, b, email) + "?lang=en")
	b.everyLook("track stop")
	b.do(chromedp.Submit(`[data-testid=track-stop]`), chromedp.WaitVisible(`[data-testid=track-stopped]`))
	b.everyLook("track stopped")
}

// trackedParcel is a parcel that moves, with its order.
func trackedParcel(t *testing.T) (parcel, order map[string]any) {
	t.Helper()
	for _, status := range []string{"out_for_delivery", "in_transit", "delivered"} {
		if found := get(t, "/shipments?status="+status)["data"].([]any); len(found) > 0 {
			parcel = found[0].(map[string]any)
			return parcel, get(t, "/orders/"+parcel["order_id"].(string))
		}
	}
	t.Fatal("the demo has no parcels")
	return nil, nil
}

// stopToken is what the link in a mail would end with; the demo sends none.
func stopToken(t *testing.T, b *tab, email string) string {
	t.Helper()
	staff := newTab(t)
	staff.signIn("admin")
	staff.visit("/merchants")
	link := eval[string](staff, `document.querySelector("main a[href^='/merchants/mer_']").getAttribute("href")`)
	id := regexp.MustCompile(`mer_[0-9a-z]{26}`).FindString(link)
	keys, err := secret.ReadFile(filepath.Join(kept, "tillpost.key"))
	if err != nil {
		b.t.Fatal(err)
	}
	token, err := tracking.NewService(nil, keys, tracking.Options{}, slog.New(slog.DiscardHandler)).OptOutToken(id, email)
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}
