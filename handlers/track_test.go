package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views/ui/uitest"
)

// personal is what is planted wherever a text goes; none of it may be shown.
var personal = []string{
	"Grace", "O'Neil", "O&#39;Neil", "grace.oneil@example.com", "5550123", "Gödel", "Lindenstra", "Hinterhaus", "10969", "Turing", "4321", "pod.example", "TEA-1", "Darjeeling",
}

// recipient is a customer with two parcels, whose data stand everywhere.
type recipient struct {
	*site

	merchant      *models.Merchant
	order         *models.Order
	parcel, other *models.Shipment
}

func newRecipient(t *testing.T, db *models.DB) *recipient {
	t.Helper()
	r := &recipient{site: newSite(t, db), merchant: modelstest.Merchant(t, db)}
	db.PublicURL = "http://tillpost.test"
	all := "Grace O'Neil, grace.oneil@example.com, +49 30 5550123, Kurt Gödel, Lindenstraße 4, Hinterhaus, 10969, signed by Alan Turing, https://pod.example/1.png"
	now := db.Now()
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		if err := tx.PutTrackingSettings(models.TrackingSettings{
			MerchantID: r.merchant.ID, Page: true, Mails: models.MailKinds, SupportAddress: "help@teh.example",
		}); err != nil {
			return err
		}
		r.order, err = tx.CreateOrder(models.Order{
			MerchantID: r.merchant.ID, Number: "A-1001", Currency: "EUR", Amount: 900, CustomerName: "Grace O'Neil",
			CustomerEmail: "grace.oneil@example.com", CustomerPhone: "+49 30 5550123", PlacedAt: now, Metadata: map[string]string{"note": all},
			ShippingAddress: models.Address{Name: "Kurt Gödel", Line1: "Lindenstraße 4", Line2: "Hinterhaus", City: "Berlin", PostalCode: "10969", Country: "DE"},
		}, []models.OrderItem{{SKU: "TEA-1", Name: "Darjeeling", Quantity: 1, Amount: 900}})
		if err != nil {
			return err
		}
		eta := now.Add(24 * time.Hour)
		r.parcel, err = tx.CreateShipment(models.Shipment{
			MerchantID: r.merchant.ID, OrderID: r.order.ID, Carrier: "dhl", TrackingNumber: "JD01", Direction: models.DirectionOutbound,
			RecipientPhoneLast4: "4321", TrackingURL: "https://dhl.example/track?number=JD01", ETA: &eta, Status: models.ShipmentInTransit,
			Raw: all, SyncError: all, Service: all, Items: []models.ShipmentItem{{SKU: "TEA-1", Quantity: 1}},
		})
		if err != nil {
			return err
		}
		r.other, err = tx.CreateShipment(models.Shipment{
			MerchantID: r.merchant.ID, OrderID: r.order.ID, Carrier: "ups", TrackingNumber: "1Z02", Direction: models.DirectionOutbound,
			TrackingURL: "https://ups.example/?zip=10969", Raw: all, Status: models.ShipmentDelivered,
		})
		if err != nil {
			return err
		}
		var scans []models.TrackingEvent
		for i, location := range []string{all, "Grace O'Neil", "Gödel, DE", "Lindenstraße 4, Berlin, DE", "Leipzig, DE"} {
			scans = append(scans, models.TrackingEvent{
				DedupeKey: fmt.Sprint(i), Sequence: i, CarrierID: fmt.Sprint(all, i), RawTime: all, LocalTime: fmt.Sprintf("2026-01-1%dT08:36:00", i),
				Status: models.ShipmentInTransit, Code: all, Description: all, Location: location,
			})
		}
		_, err = tx.AddTrackingEvents(r.parcel, scans, true)
		return err
	})
	return r
}

func publicPath(s *models.Shipment) string { return "/t/" + s.PublicToken }

// visitor is somebody without a session, who keeps the pages' cookie.
func (r *recipient) visitor(t *testing.T) *browser { return &browser{site: r.site, t: t} }

func (r *recipient) prove(b *browser, path, number, proof string, headers ...string) answer {
	a := b.send(http.MethodPost, path, url.Values{"number": {number}, "proof": {proof}}, headers...)
	if cookie := cookieOf(a, visitCookie); cookie != nil {
		b.form = cookie
	}
	return a
}

func leaks(t *testing.T, what string, a answer) {
	t.Helper()
	for _, secret := range personal {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s shows %q", what, secret)
		}
	}
}

func TestTrackingPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		b, path := r.visitor(t), publicPath(r.parcel)

		ask := b.get(path).want(t, http.StatusOK)
		uitest.Check(t, ask.Document)
		leaks(t, "the page before the check", ask)
		for _, told := range []string{"JD01", "1Z02", "DHL", "A-1001", "On its way", "Leipzig"} {
			if strings.Contains(ask.body, told) {
				t.Errorf("before the check the page tells %q", told)
			}
		}
		if !strings.Contains(ask.body, r.merchant.Name) || !strings.Contains(ask.body, "help@teh.example") {
			t.Error("the page does not say whose it is, or whom to ask")
		}

		answer := r.prove(b, path, "a 1001", "GRACE.ONEIL@example.com").want(t, http.StatusSeeOther)
		cookie := cookieOf(answer, visitCookie)
		if cookie == nil || cookie.Path != "/t/" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 1800 {
			t.Fatalf("cookie %+v", cookie)
		}
		if to := answer.header.Get("Location"); to != path {
			t.Errorf("leads to %q", to)
		}
		page := b.get(path).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		leaks(t, "the page after the check", page)
		if got := page.texts("h1"); !cmp.Equal(got, []string{"On its way"}) {
			t.Errorf("headline %q", got)
		}
		if got := page.texts("[data-testid=track-when]"); len(got) != 1 || !strings.HasPrefix(got[0], "Expected on ") {
			t.Errorf("when %q", got)
		}
		if got := page.Find("[aria-current=step]").Text(); !strings.Contains(got, "On its way") {
			t.Errorf("step %q", got)
		}
		if got := page.Find("#track-carrier a").AttrOr("href", ""); got != "https://dhl.example/track?number=JD01" {
			t.Errorf("carrier's page %q", got)
		}
		scans := page.texts("[data-testid=track-scan]")
		if len(scans) != 5 || !strings.Contains(scans[0], "Leipzig, DE") || !strings.Contains(scans[0], "08:36") {
			t.Errorf("scans %q", scans)
		}
		if got := page.Find("#track-others a").AttrOr("href", ""); got != publicPath(r.other) {
			t.Errorf("the other parcel's page %q", got)
		}
		if n := page.Find("script").Length() + page.Find("[style]").Length() + page.Find("[hx-get]").Length(); n != 0 {
			t.Errorf("%d scripts or styles", n)
		}
		other := b.get(publicPath(r.other)).want(t, http.StatusOK) // known by the same proof
		leaks(t, "the other parcel's page", other)
		if got := other.texts("h1"); !cmp.Equal(got, []string{"Delivered"}) {
			t.Errorf("headline of the other %q", got)
		}
		if other.Find("#track-carrier a").Length() != 0 {
			t.Error("a carrier's address with the postal code is linked")
		}
	})
}

func TestTrackingPageRefusesAlike(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		var first answer
		for i, wrong := range [][2]string{{"A-1002", "10969"}, {"A-1001", "10968"}, {"A-1002", "nobody@example.com"}, {"A-1001", ""}} {
			b := r.visitor(t)
			a := r.prove(b, publicPath(r.parcel), wrong[0], wrong[1]).want(t, http.StatusUnprocessableEntity)
			leaks(t, "a refusal", a)
			if b.form != nil {
				t.Errorf("%v gets a cookie", wrong)
			}
			a.body = strings.ReplaceAll(a.body, wrong[0], "A-1002")
			if i == 0 {
				first = a
			} else if diff := cmp.Diff(first.body, a.body); diff != "" {
				t.Errorf("%v is told otherwise:\n%s", wrong, diff)
			}
		}
		b := r.visitor(t) // what proves one order admits to no other
		r.prove(b, publicPath(r.parcel), "A-1001", "10969").want(t, http.StatusSeeOther)
		second := parcel(t, db, models.Shipment{MerchantID: r.merchant.ID, TrackingNumber: "SBX-9"})
		if a := b.get(publicPath(second)).want(t, http.StatusOK); a.Find("[data-testid=track-ask]").Length() != 1 {
			t.Error("one order's proof shows another's parcel")
		}
		b.form.Value = strings.Map(func(c rune) rune { // base64's other case, but for its last bits
			if unicode.IsUpper(c) {
				return unicode.ToLower(c)
			}
			return c
		}, b.form.Value)
		if a := b.get(publicPath(r.parcel)).want(t, http.StatusOK); a.Find("[data-testid=track-ask]").Length() != 1 {
			t.Error("an altered cookie admits")
		}
	})
}

func TestUnknownTrackingPagesAreAlike(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		stranger := r.visitor(t)
		admin := r.signIn(t, models.RoleAdmin, "")
		unknown := stranger.get("/t/"+strings.Repeat("0", 32)).want(t, http.StatusNotFound)
		if strings.Contains(unknown.body, "Tillpost") {
			t.Error("a customer is told of Tillpost")
		}
		alike := func(what, path string) {
			t.Helper()
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				a := stranger.send(method, path, url.Values{"number": {"A-1001"}, "proof": {"10969"}}).want(t, http.StatusNotFound)
				if got, want := strings.ReplaceAll(a.body, path, "PATH"), strings.ReplaceAll(unknown.body, "/t/"+strings.Repeat("0", 32), "PATH"); got != want {
					t.Errorf("%s %s differs from an unknown page:\n%s", method, what, cmp.Diff(want, got))
				}
			}
		}
		old := publicPath(r.parcel)
		admin.post("/shipments/"+r.parcel.ID+"/link", url.Values{"act": {"renew"}}).want(t, http.StatusSeeOther)
		alike("a renewed one's old address", old)
		admin.post("/shipments/"+r.other.ID+"/link", url.Values{"act": {"revoke"}}).want(t, http.StatusSeeOther)
		alike("a revoked address", publicPath(r.other))
		alike("nonsense", "/t/x")
		alike("another's link to stop mails", "/t/stop/v1.AAAA")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.PutTrackingSettings(models.TrackingSettings{MerchantID: r.merchant.ID})
		})
		sh, err := db.Shipment(t.Context(), models.AllMerchants(), r.parcel.ID)
		if err != nil {
			t.Fatal(err)
		}
		alike("a page that is off", publicPath(sh))
	})
}

func TestTrackingHeaders(t *testing.T) {
	t.Parallel()
	r := newRecipient(t, modelstest.SQLite(t))
	b := r.visitor(t)
	stop, err := r.tracking.OptOutToken(r.merchant.ID, "grace.oneil@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{publicPath(r.parcel), "/t/unknown", "/t", "/t/stop/" + stop, "/T/unknown"} {
		a := b.get(path)
		for header, want := range map[string]string{
			"X-Robots-Tag": "noindex, nofollow, noarchive", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
			"Content-Security-Policy": contentPolicy, "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s is %q", path, header, got)
			}
		}
		if a.Find(`meta[name=robots][content^=noindex]`).Length() != 1 {
			t.Errorf("%s: no meta element for robots", path)
		}
		if cookies := a.header.Values("Set-Cookie"); len(cookies) != 0 {
			t.Errorf("%s sets %q", path, cookies)
		}
	}
}

func TestTrackingLanguages(t *testing.T) {
	t.Parallel()
	r := newRecipient(t, modelstest.SQLite(t))
	b, path := r.visitor(t), publicPath(r.parcel)
	for _, test := range []struct{ path, accept, lang, title string }{
		{path, "", "en", "Your parcel"}, {path, "zh-CN,zh;q=0.9", "zh-Hans", "您的包裹"}, {path, "ms-MY", "ms", "Bungkusan anda"},
		{path + "?lang=ms", "zh-CN", "ms", "Bungkusan anda"}, {path + "?lang=klingon", "zh-CN", "zh-Hans", "您的包裹"}, {"/t/none", "zh-CN", "zh-Hans", "没有此页面"},
	} {
		a := b.get(test.path, "Accept-Language", test.accept)
		if lang, title := a.Find("html").AttrOr("lang", ""), a.texts("h1"); lang != test.lang || !slices.Equal(title, []string{test.title}) {
			t.Errorf("%s with %q: %s, %q", test.path, test.accept, lang, title)
		}
		if n := a.Find("nav a[hreflang]").Length(); n != 3 {
			t.Errorf("%s: %d languages to choose from", test.path, n)
		}
	}
	a := r.prove(b, path+"?lang=ms", "A-1001", "10969").want(t, http.StatusSeeOther)
	if to := a.header.Get("Location"); to != path+"?lang=ms" {
		t.Errorf("the choice is lost: %q", to)
	}
	for _, lang := range []string{"zh-Hans", "ms"} {
		page := b.get(path+"?lang="+lang).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		leaks(t, lang, page)
		if strings.Contains(page.body, "On its way") || strings.Contains(page.body, "track.") {
			t.Errorf("%s holds English, or keys", lang)
		}
	}
}

func TestStopMails(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		out := func(address string) (out bool) {
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				out, err = tx.OptedOut(r.merchant.ID, address)
				return err
			})
			return out
		}
		link := func(address string) string {
			token, err := r.tracking.OptOutToken(r.merchant.ID, address)
			if err != nil {
				t.Fatal(err)
			}
			return "/t/stop/" + token
		}
		b := r.visitor(t)
		path := link("grace.oneil@example.com")
		ask := b.get(path).want(t, http.StatusOK)
		uitest.Check(t, ask.Document)
		leaks(t, "the page", ask)
		if out("grace.oneil@example.com") || ask.Find("form[data-testid=track-stop]").AttrOr("action", "") != path {
			t.Error("looking at the link stops mails, or nothing does")
		}
		done := b.send(http.MethodPost, path, url.Values{}).want(t, http.StatusOK)
		uitest.Check(t, done.Document)
		if !out("grace.oneil@example.com") || done.Find("[data-testid=track-stopped]").Length() != 1 {
			t.Error("mails go on")
		}
		// A mail program's one click comes from elsewhere, without a cookie.
		b.send(http.MethodPost, link("alan@example.com"), url.Values{"List-Unsubscribe": {"One-Click"}},
			"Origin", "https://mail.example", "Sec-Fetch-Site", "cross-site").want(t, http.StatusOK)
		if !out("alan@example.com") || out("ada@example.com") {
			t.Error("one click does not stop the mails of one")
		}
	})
}

// The cookie is no proof for ever.
func TestVisitTime(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	r := newRecipient(t, db)
	b := r.visitor(t)
	r.prove(b, publicPath(r.parcel), "A-1001", "10969").want(t, http.StatusSeeOther)
	clock := db.Now
	db.Now = func() time.Time { return clock().Add(tracking.VisitTime) }
	if a := b.get(publicPath(r.parcel)).want(t, http.StatusOK); a.Find("[data-testid=track-ask]").Length() != 1 {
		t.Error("a visit does not end")
	}
}

// The address of a parcel with a mistyped number leads to the one that was
// meant, and tells nothing of the other.
func TestTrackingPageOfACorrectedNumber(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		b, path := r.visitor(t), publicPath(r.parcel)
		agent := r.signIn(t, models.RoleSupport, "")
		correct := "/shipments/" + r.parcel.ID + "/replace"
		agent.post(correct, agent.fill(correct, "carrier", "ups", "tracking_number", "1Z03", "note", "a typo")).want(t, http.StatusSeeOther)
		r.prove(b, path, "A-1001", "10969").want(t, http.StatusSeeOther)
		page := b.get(path).want(t, http.StatusOK)
		uitest.Check(t, page.Document)
		for _, text := range []string{"JD01", "Leipzig", "Will not be sent"} {
			if strings.Contains(page.body, text) {
				t.Errorf("the page tells %q", text)
			}
		}
		if !strings.Contains(page.body, "1Z03") {
			t.Errorf("the page does not show the parcel that was meant: %s", page.body)
		}
		if n := page.Find("#track-others li").Length(); n != 1 {
			t.Errorf("%d other parcels", n)
		}
		if other := b.get(publicPath(r.other)).want(t, http.StatusOK); other.Find("#track-others li").Length() != 1 {
			t.Error("the mistyped parcel counts beside the one that was meant")
		}
	})
}

// What will not be sent has no step of the way.
func TestTrackingPageOfACanceledParcel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		r := newRecipient(t, db)
		b, path := r.visitor(t), publicPath(r.parcel)
		agent, override := r.signIn(t, models.RoleSupport, ""), "/shipments/"+r.parcel.ID+"/override"
		agent.post(override, agent.fill(override, "status", models.ShipmentCanceled, "note", "kept here")).want(t, http.StatusSeeOther)
		r.prove(b, path, "A-1001", "10969").want(t, http.StatusSeeOther)
		page := b.get(path).want(t, http.StatusOK)
		if !strings.Contains(page.body, "Will not be sent") || page.Find("[aria-current=step], .track-step").Length() != 0 {
			t.Errorf("the page is %s", page.body)
		}
	})
}
