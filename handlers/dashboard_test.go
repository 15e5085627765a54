package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/views"
)

func TestDashboard(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		g, og := modelstest.Gateway(t, db, m.ID), modelstest.Gateway(t, db, other.ID)
		paid(t, db, placed(t, db, models.Order{MerchantID: m.ID, Number: "MINE-1"}), g.ID)
		failing := placed(t, db, models.Order{MerchantID: m.ID, Number: "MINE-2"})
		p, a := modelstest.Payment(t, db, failing, g.ID)
		moveAttempt(t, db, a.ID, models.AttemptSending, models.AttemptChange{})
		movePayment(t, db, p.ID, models.PaymentProcessing, models.PaymentChange{})
		moveAttempt(t, db, a.ID, models.AttemptDeclined, models.AttemptChange{Code: "card_declined", Class: "generic"})
		movePayment(t, db, p.ID, models.PaymentFailed, models.PaymentChange{Failure: models.Failure{Code: "card_declined", Class: "generic"}})
		paid(t, db, placed(t, db, models.Order{MerchantID: other.ID, Number: "THEIRS-1", Currency: "JPY", Amount: 5000}), og.ID)

		merchant := s.signIn(t, models.RoleMerchant, m.ID)
		page := merchant.get("/").want(t, http.StatusOK)
		today := page.texts("[data-testid=today] .kpi")
		if len(today) != 4 || !strings.Contains(today[0], "2") || !strings.Contains(today[1], "€133.22") {
			t.Errorf("a merchant's today is %q", today)
		}
		if got := page.texts("[data-testid=waiting-payments] .row-link"); !slices.Equal(got, []string{"MINE-2"}) {
			t.Errorf("what waits is %v", got)
		}
		if page.Find("a[href$='/retry']").Length() != 0 {
			t.Error("a merchant is offered to retry")
		}
		if strings.Contains(page.body, "THEIRS") || strings.Contains(page.body, "5,000") {
			t.Error("a merchant sees another's figures")
		}
		if got := merchant.get("/?merchant=" + other.Ref); strings.Contains(got.body, "5,000") {
			t.Error("a merchant can choose another's figures")
		}

		support := s.signIn(t, models.RoleSupport, "")
		page = support.get("/").want(t, http.StatusOK)
		if today := strings.Join(page.texts("[data-testid=today] .kpi"), "|"); !strings.Contains(today, "€133.22") || !strings.Contains(today, "¥5,000") {
			t.Errorf("currencies are not shown apart: %s", today)
		}
		if page.Find("a[href='/payments/"+p.ID+"/retry']").Length() != 1 {
			t.Error("support is not offered to retry")
		}
		if got := support.get("/?currency=JPY").texts("#dashboard-chart tbody td"); len(got) != 60 || got[len(got)-1] != "¥5,000" {
			t.Errorf("the chart's table has %d cells, ends in %v", len(got), got[max(0, len(got)-2):])
		}
		for _, row := range page.Find(".kpi-grid").EachIter() {
			if n := row.Children().Length(); n != 4 {
				t.Errorf("a row of figures has %d cards", n)
			}
		}
		chosen := support.get("/?days=90&currency=JPY&merchant=" + other.Ref)
		for _, kept := range []string{
			"[data-testid=period] form input[name=merchant][value='" + other.Ref + "']", "[data-testid=period] form input[name=currency][value=JPY]",
			"form:has(select[name=merchant]) input[name=days][value='90']", "form:has(select[name=merchant]) input[name=currency][value=JPY]",
		} {
			if chosen.Find(kept).Length() != 1 {
				t.Errorf("choosing anew forgets %s", kept)
			}
		}
		if got := support.get("/?merchant=" + other.Ref).texts("[data-testid=today] .kpi"); strings.Contains(strings.Join(got, "|"), "€133.22") {
			t.Errorf("one merchant's figures hold another's: %v", got)
		}

		part := support.get("/", htmx...)
		if part.Find("#dashboard").Length() != 1 || part.Find("header.topbar").Length() != 0 {
			t.Errorf("the part for htmx is %.200s", part.body)
		}
		if !strings.Contains(part.header.Get(fiber.HeaderVary), hxRequest) || part.header.Get(fiber.HeaderCacheControl) != "no-store" {
			t.Errorf("the part is kept by caches: %v", part.header)
		}
		for _, path := range []string{"/dashboard/now", "/dashboard/period"} {
			if got := support.get(path, htmx...).want(t, http.StatusOK); got.Find("section[data-live]").Length() != 1 {
				t.Errorf("%s cannot renew itself: %.200s", path, got.body)
			}
		}
	})
}

// Orders placed at one moment belong to tomorrow for one merchant and to today
// for another; a viewer's own zone has no part in it.
func TestDashboardCountsEachMerchantsOwnToday(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := time.Date(2026, 1, 15, 19, 11, 0, 0, time.UTC) // the 16th at 3:11 in Malaysia, the 15th at 9:11 in Hawaii
		db.Now = func() time.Time { return now }
		s := newSite(t, db)
		ahead, behind := &models.Merchant{Name: "Kopi Corner", Timezone: "Asia/Kuala_Lumpur"}, &models.Merchant{Name: "Aloha", Timezone: "Pacific/Honolulu"}
		for _, m := range []*models.Merchant{ahead, behind} {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				m.Currency = "MYR"
				made, err := tx.CreateMerchant(*m)
				*m = *made
				return err
			})
		}
		place := func(m *models.Merchant, at time.Time, count int) {
			for range count {
				modelstest.Write(t, db, func(tx *models.Tx) error {
					_, err := tx.CreateOrder(models.Order{MerchantID: m.ID, Number: models.NewID("num"), Currency: "MYR", Amount: 100, PlacedAt: at}, nil)
					return err
				})
			}
		}
		place(ahead, now.Add(-time.Hour), 2)     // its 16th
		place(ahead, now.Add(-5*time.Hour), 1)   // its 15th
		place(behind, now.Add(-time.Hour), 4)    // its 15th
		place(behind, now.Add(-12*time.Hour), 8) // its 14th

		admin := s.signIn(t, models.RoleAdmin, "")
		for _, tt := range []struct {
			name      string
			who       *browser
			path      string
			today     string // orders, and those of yesterday
			yesterday string
			chart     []string // orders of the last three days of the period
		}{
			{"the one ahead", s.signIn(t, models.RoleMerchant, ahead.ID), "/", "2", "1", []string{"0", "1", "2"}},
			{"the one behind", s.signIn(t, models.RoleMerchant, behind.ID), "/", "4", "8", []string{"0", "8", "4"}},
			{"staff look at the one ahead", admin, "/?merchant=" + ahead.Ref, "2", "1", []string{"0", "1", "2"}},
			{"staff look at the one behind", admin, "/?merchant=" + behind.Ref, "4", "8", []string{"0", "8", "4"}},
			{"staff look at both", admin, "/", "6", "9", []string{"8", "5", "2"}},
		} {
			page := tt.who.get(tt.path)
			if got := page.texts("[data-testid=today] .kpi:first-child .kpi-value"); !slices.Equal(got, []string{tt.today}) {
				t.Errorf("%s: orders of today are %v, want %s", tt.name, got, tt.today)
			}
			if got := page.texts("[data-testid=today] .kpi:first-child .kpi-note"); len(got) != 1 || !strings.HasSuffix(got[0], " "+tt.yesterday) {
				t.Errorf("%s: orders of yesterday are %v, want %s", tt.name, got, tt.yesterday)
			}
			var chart []string
			for i, cell := range page.texts("#dashboard-chart tbody td") {
				if i%2 == 0 { // orders, revenue, orders, …
					chart = append(chart, cell)
				}
			}
			if len(chart) != 30 || !slices.Equal(chart[27:], tt.chart) {
				t.Errorf("%s: the chart ends in %v, want %v", tt.name, chart, tt.chart)
			}
		}
	})
}

func TestDashboardHealth(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	m := modelstest.Merchant(t, s.db)
	g := modelstest.Gateway(t, s.db, m.ID)
	c := courier(t, s.db, m.ID)
	modelstest.Write(t, s.db, func(tx *models.Tx) error {
		if _, err := tx.StopCarrierAccount(c.ID, "401"); err != nil {
			return err
		}
		return tx.NoteAccountTest(g.ID, models.AccountTest{Message: "wrong key"})
	})
	admin := s.signIn(t, models.RoleAdmin, "")
	page := admin.get("/")
	if got := page.texts("#troubled-accounts .row-link"); !slices.Equal(got, []string{g.Name, c.Name}) {
		t.Errorf("accounts in trouble are %v", got)
	}
	support := s.signIn(t, models.RoleSupport, "").get("/")
	if support.Find("#troubled-accounts li").Length() != 2 || support.Find("#troubled-accounts a").Length() != 0 {
		t.Error("support does not see the health of accounts, or is led to where they may not be")
	}
}

func TestDashboardPeriod(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	m := modelstest.Merchant(t, s.db)
	merchant := s.signIn(t, models.RoleMerchant, m.ID)
	if page := merchant.get("/"); page.Find("#dashboard-period .empty").Length() != 1 || page.Find("#dashboard-period .empty a").Length() != 0 {
		t.Error("a new merchant's dashboard is not empty")
	}
	modelstest.Write(t, s.db, func(tx *models.Tx) error {
		_, err := tx.CreateOrder(models.Order{
			MerchantID: m.ID, Number: "OLD", Currency: "EUR", Amount: 100, PlacedAt: time.Date(2017, 6, 1, 12, 0, 0, 0, time.UTC),
		}, nil)
		return err
	})
	all, ok := merchant.get("/").Find("#dashboard-period .empty a").Attr("href")
	if !ok || all != "/?from=2017-06-01&to=2017-06-01" {
		t.Fatalf("old figures are found at %q", all)
	}
	if page := merchant.get(all); page.Find("#dashboard-chart").Length() != 1 {
		t.Error("old figures are not shown")
	}
	for address, want := range map[string]string{
		"/?from=2016-01-01&to=2017-12-31":  "2017", // by month
		"/?from=nonsense&to=2017-12-31":    "",
		"/?from=2017-12-31&to=2016-01-01":  "",
		"/?from=0001-01-01&to=9999-12-31":  "",
		"/?days=-5&currency=%00&merchant=": "",
		"/?days=99999999999999999999":      "",
	} {
		page := merchant.get(address).want(t, http.StatusOK)
		if title := page.Find("#dashboard-period-title").Text(); !strings.Contains(title, want) {
			t.Errorf("%s shows %q", address, title)
		}
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	stats := []models.DailyStat{
		{Day: "2026-01-01", Metric: models.MetricOrders, Currency: "EUR", Count: 1, Amount: 100},
		{Day: "2026-01-01", Metric: models.MetricPaid, Currency: "EUR", Count: 1, Amount: 100},
		{Day: "2026-01-01", Metric: models.MetricPaid, Currency: "JPY", Count: 1, Amount: 7},
		{Day: "2026-02-28", Metric: models.MetricPaid, Currency: "EUR", Count: 1, Amount: 50},
		{Day: "2027-12-31", Metric: models.MetricOrders, Currency: "EUR", Count: 3, Amount: 1},
	}
	for _, test := range []struct {
		from, to string
		count    int
		unit     views.Unit
		first    views.Point
	}{
		{"2026-01-01", "2026-01-30", 30, views.ByDay, views.Point{Orders: 1, Paid: 100}},
		{"2026-01-01", "2026-06-30", 26, views.ByWeek, views.Point{Orders: 1, Paid: 100}},
		{"2026-01-01", "2027-12-31", 24, views.ByMonth, views.Point{Orders: 1, Paid: 100}},
	} {
		got := points(stats, "EUR", day(test.from), day(test.to))
		if len(got) != test.count {
			t.Fatalf("%s to %s has %d points, want %d", test.from, test.to, len(got), test.count)
		}
		test.first.Unit, test.first.Start = test.unit, day(test.from)
		if diff := cmp.Diff(test.first, got[0]); diff != "" {
			t.Errorf("first point (-want +got):\n%s", diff)
		}
		if test.unit == views.ByMonth && (got[1].Paid != 50 || got[23].Orders != 3) {
			t.Errorf("months are %+v and %+v", got[1], got[23])
		}
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		mine := placed(t, db, models.Order{MerchantID: m.ID, Number: "TEA-77", CustomerName: "Siti Khadijah", CustomerEmail: "siti@example.com"})
		theirs := placed(t, db, models.Order{MerchantID: other.ID, Number: "TEA-78", CustomerName: "Siti Aminah"})
		var sh *models.Shipment
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			sh, err = tx.CreateShipment(models.Shipment{
				MerchantID: m.ID, OrderID: mine.ID, Carrier: "sandbox", TrackingNumber: "MY123456789PL", Direction: models.DirectionOutbound,
			})
			return err
		})
		merchant, admin := s.signIn(t, models.RoleMerchant, m.ID), s.signIn(t, models.RoleAdmin, "")
		hrefs := func(b *browser, q string) []string {
			var found []string
			a := b.get("/palette?q="+q, htmx...).want(t, http.StatusOK)
			for _, n := range a.Find("a[role=option]").EachIter() {
				href, _ := n.Attr("href")
				found = append(found, href)
			}
			return found
		}
		for q, want := range map[string][]string{
			"siti":             {"/orders/" + mine.ID, "/shipments/" + sh.ID},
			"siti@example.com": {"/orders/" + mine.ID, "/shipments/" + sh.ID},
			"my1234":           {"/orders/" + mine.ID, "/shipments/" + sh.ID},
			"dash":             {"/"},
			"tea-78":           nil,
			"users":            nil, // a page that merchants do not have
			"%25":              nil,
		} {
			if got := hrefs(merchant, q); !slices.Equal(got, want) {
				t.Errorf("a merchant's %q finds %v, want %v", q, got, want)
			}
		}
		if got := hrefs(admin, "siti"); !slices.Contains(got, "/orders/"+theirs.ID) || !slices.Contains(got, "/orders/"+mine.ID) {
			t.Errorf("an administrator's search finds %v", got)
		}
		if page := merchant.get("/palette?q=tea-77"); page.Find("main a[href='/orders/"+mine.ID+"']").Length() != 1 {
			t.Error("the palette does not work without script")
		}
	})
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	b := &browser{site: s, t: t}
	href, _ := b.get("/login").Find("link[rel=stylesheet]").Attr("href")
	plain := b.get(href, fiber.HeaderAcceptEncoding, "br").want(t, http.StatusOK)
	zipped := b.get(href, fiber.HeaderAcceptEncoding, "gzip, br").want(t, http.StatusOK)
	if got := plain.header.Get(fiber.HeaderCacheControl); got != "public, max-age=31536000, immutable" {
		t.Errorf("a file is kept %q", got)
	}
	if zipped.header.Get(fiber.HeaderContentEncoding) != "gzip" || len(zipped.body) >= len(plain.body)/3 {
		t.Errorf("compressed, %d bytes become %d", len(plain.body), len(zipped.body))
	}
	if got := b.get("/static/old/app.css"); got.status != http.StatusOK || got.header.Get(fiber.HeaderCacheControl) != "no-cache" {
		t.Errorf("a file of another build is answered with %d, kept %q", got.status, got.header.Get(fiber.HeaderCacheControl))
	}
	for _, path := range []string{"/static/x/..%2f..%2fstatic.go", "/static/x/nothing.css", "/static/x/", "/static/"} {
		b.get(path).want(t, http.StatusNotFound)
	}
}

func TestDashboardNamesDisputesAndBreakers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
		flagged := s.payment(t, "P-2", models.PaymentPaid, models.Failure{})
		deadline := db.Now().Add(49 * time.Hour)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			for reference, status := range map[string]models.DisputeStatus{"dp_1": models.DisputeNeedsResponse, "dp_2": models.DisputeUnderReview} {
				if _, _, err := tx.PutDispute(p, models.Dispute{
					GatewayAccountID: s.gateway.ID, ProviderReference: reference, Status: status, Amount: 13322, Currency: "EUR", RespondBy: &deadline,
				}); err != nil {
					return err
				}
			}
			return tx.FlagPayment(flagged, models.IssueChargedTwice)
		})
		if err := db.TripGateway(t.Context(), s.gateway.ID, db.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		support := s.signIn(t, models.RoleSupport, "").get("/").want(t, http.StatusOK)
		owner := s.signIn(t, models.RoleMerchant, s.merchant.ID).get("/").want(t, http.StatusOK)
		for _, page := range []answer{support, owner} {
			if got := page.texts("[data-testid=waiting-disputes] li"); len(got) != 1 || !strings.Contains(got[0], "P-1") || !strings.Contains(got[0], "in 2 days") {
				t.Errorf("disputes = %v", got)
			}
			if got := page.texts("[data-testid=waiting-payments] li"); len(got) != 1 || !strings.Contains(got[0], "Charged twice") {
				t.Errorf("payments = %v", got)
			}
		}
		if text := support.Find("#troubled-accounts").Text(); !strings.Contains(text, s.gateway.Name) {
			t.Errorf("accounts in trouble: %q", text)
		}
		if support.Find(`a[href="/desk?kind=needs_review"]`).Length() == 0 || owner.Find(`a[href^="/desk"]`).Length() > 0 {
			t.Error("the figures lead to the wrong lists")
		}
		stranger := s.signIn(t, models.RoleMerchant, modelstest.Merchant(t, db).ID).get("/").want(t, http.StatusOK)
		if stranger.Find("[data-testid=waiting-disputes]").Length() > 0 {
			t.Error("another merchant sees the dispute")
		}
	})
}

// A dispute that is not answered in time is lost: none may wait unseen.
func TestDashboardHidesNoDispute(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	p := s.payment(t, "P-1", models.PaymentPaid, models.Failure{})
	modelstest.Write(t, db, func(tx *models.Tx) error {
		for i := range disputeRows + 2 {
			deadline := tx.Now().Add(time.Duration(i+1) * time.Hour)
			_, _, err := tx.PutDispute(p, models.Dispute{
				GatewayAccountID: s.gateway.ID, ProviderReference: fmt.Sprintf("dp_%d", i), Status: models.DisputeInquiry, Amount: 1,
				Currency: "EUR", RespondBy: &deadline,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	card := s.signIn(t, models.RoleMerchant, s.merchant.ID).get("/").want(t, http.StatusOK).Find("#waiting-disputes")
	if n := card.Find("li").Length(); n != disputeRows || !strings.Contains(card.Text(), "2 more wait") {
		t.Errorf("%d disputes are listed: %s", n, card.Text())
	}
}
