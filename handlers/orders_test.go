package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// placed adds an order that differs from the usual one.
func placed(t *testing.T, db *models.DB, o models.Order) *models.Order {
	t.Helper()
	if o.Currency == "" {
		o.Currency, o.Amount = "EUR", 13322
	}
	var made *models.Order
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		o.PlacedAt = tx.Now()
		made, err = tx.CreateOrder(o, []models.OrderItem{{SKU: "TEA-1", Name: "Tea", Quantity: 1, Amount: o.Amount}})
		return err
	})
	return made
}

// paid takes the whole order.
func paid(t *testing.T, db *models.DB, o *models.Order, gatewayID string) *models.Payment {
	t.Helper()
	p, a := modelstest.Payment(t, db, o, gatewayID)
	moveAttempt(t, db, a.ID, models.AttemptSending, models.AttemptChange{})
	movePayment(t, db, p.ID, models.PaymentProcessing, models.PaymentChange{})
	moveAttempt(t, db, a.ID, models.AttemptSucceeded, models.AttemptChange{ProviderReference: "ch_" + p.ID})
	return movePayment(t, db, p.ID, models.PaymentPaid, models.PaymentChange{Captured: o.Amount})
}

func movePayment(t *testing.T, db *models.DB, id string, to models.PaymentStatus, c models.PaymentChange) *models.Payment {
	t.Helper()
	var p *models.Payment
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		p, err = tx.MovePayment(id, to, c)
		return err
	})
	return p
}

func moveAttempt(t *testing.T, db *models.DB, id string, to models.AttemptStatus, c models.AttemptChange) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		ok, err := tx.MoveAttempt(id, to, c)
		if err == nil && !ok {
			t.Errorf("attempt %s did not move to %s", id, to)
		}
		return err
	})
}

// numbers are what a list's rows are called.
func (a answer) numbers() []string { return a.texts("tr[data-row] .row-link") }

func TestOrderListFilters(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		g := modelstest.Gateway(t, db, m.ID)
		placed(t, db, models.Order{MerchantID: m.ID, Number: "A-1", CustomerName: "Siti Khadijah"})
		paid(t, db, placed(t, db, models.Order{MerchantID: m.ID, Number: "A-2", CustomerName: "Tan Wei Ming"}), g.ID)
		canceled := placed(t, db, models.Order{MerchantID: m.ID, Number: "A-3", CustomerName: "王小明"})
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CancelOrder(models.AllMerchants(), canceled.ID) })
		troubled := placed(t, db, models.Order{MerchantID: m.ID, Number: "A-4"})
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.CreateShipment(models.Shipment{
				MerchantID: m.ID, OrderID: troubled.ID, Carrier: "dhl", TrackingNumber: "00340434161094042557",
				Direction: models.DirectionOutbound, Status: models.ShipmentException,
			})
			return err
		})
		placed(t, db, models.Order{MerchantID: other.ID, Number: "B-1", CustomerName: "Siti Other"})
		support := s.signIn(t, models.RoleSupport, "")
		today, zone := db.Now(), m.Location()
		for _, tt := range []struct {
			name, query string
			want        []string
		}{
			{"nothing chosen shows all, newest first", "", []string{"B-1", "A-4", "A-3", "A-2", "A-1"}},
			{"by status", "status=canceled", []string{"A-3"}},
			{"by payment", "payment_state=paid", []string{"A-2"}},
			{"by shipping", "shipping_state=attention", []string{"A-4"}},
			{"paid and unshipped", "status=open&payment_state=paid&shipping_state=unshipped", []string{"A-2"}},
			{"by a customer's name", "q=siti", []string{"B-1", "A-1"}},
			{"by a name without spaces", "q=" + url.QueryEscape("小明"), []string{"A-3"}},
			{"by tracking number", "q=00340434161094042557", []string{"A-4"}},
			{"by merchant", "merchant=" + other.Ref, []string{"B-1"}},
			{"from tomorrow on", "from=" + today.In(zone).AddDate(0, 0, 2).Format(time.DateOnly), nil},
			{"until yesterday", "to=" + today.In(zone).AddDate(0, 0, -2).Format(time.DateOnly), nil},
			{"what does not exist does not narrow", "status=lost&from=yesterday", []string{"B-1", "A-4", "A-3", "A-2", "A-1"}},
		} {
			page := support.get("/orders?"+tt.query).want(t, http.StatusOK)
			if diff := cmp.Diff(tt.want, page.numbers()); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
		merchant := s.signIn(t, models.RoleMerchant, m.ID)
		page := merchant.get("/orders?merchant="+other.Ref).want(t, http.StatusOK)
		if got := page.numbers(); slices.Contains(got, "B-1") || len(got) != 4 {
			t.Errorf("a merchant sees %v", got)
		}
		if page.Find("[name=merchant]").Length() > 0 {
			t.Error("a merchant may choose a merchant")
		}
		page = support.get("/orders?q=nobody").want(t, http.StatusOK)
		if page.Find(`.empty a[href="/orders"]`).Length() == 0 {
			t.Error("a filter that finds nothing cannot be cleared")
		}
	})
}

func TestOrderDaysAreTheViewers(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newSite(t, db)
	var m *models.Merchant
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		m, err = tx.CreateMerchant(models.Merchant{Name: "Kopi", Currency: "MYR", Timezone: "Asia/Kuala_Lumpur"})
		return err
	})
	at := time.Date(2026, 3, 1, 17, 30, 0, 0, time.UTC) // 2 March, 01:30 in Kuala Lumpur
	placed(t, db, models.Order{MerchantID: m.ID, Number: "K-1", CreatedAt: at})
	b := s.signIn(t, models.RoleMerchant, m.ID)
	if got := b.get("/orders?from=2026-03-02&to=2026-03-02").numbers(); len(got) != 1 {
		t.Errorf("on its own day: %v", got)
	}
	if got := b.get("/orders?from=2026-03-01&to=2026-03-01").numbers(); len(got) != 0 {
		t.Errorf("on the day before: %v", got)
	}
}

func TestOrderListPages(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		support := s.signIn(t, models.RoleSupport, "")
		queries := func(path string) int64 {
			before := s.queries.Load()
			support.get(path).want(t, http.StatusOK)
			return s.queries.Load() - before
		}
		if empty := support.get("/orders"); empty.Find(`.empty a[href="/docs"]`).Length() == 0 {
			t.Error("an empty shop is not told where orders come from")
		}
		placed(t, db, models.Order{MerchantID: m.ID, Number: "N-0"})
		few := queries("/orders")
		for i := 1; i < listRows+5; i++ {
			placed(t, db, models.Order{MerchantID: m.ID, Number: fmt.Sprintf("N-%d", i)})
		}
		if many := queries("/orders"); many > few || many > 8 {
			t.Errorf("%d queries for %d orders, %d for one", many, listRows, few)
		}
		first := support.get("/orders?payment_state=unpaid").want(t, http.StatusOK)
		next, _ := first.Find("a[rel=next]").Attr("href")
		second := support.get(next).want(t, http.StatusOK)
		seen := append(first.numbers(), second.numbers()...)
		if len(first.numbers()) != listRows || len(seen) != listRows+5 || seen[len(seen)-1] != "N-0" {
			t.Errorf("pages of %d and %d", len(first.numbers()), len(second.numbers()))
		}
		if second.Find(`.list-foot a[href="/orders?payment_state=unpaid"]`).Length() == 0 {
			t.Error("no way back to the first page with the same filter")
		}
		support.get("/orders?after=ord_nonsense").want(t, http.StatusUnprocessableEntity)
	})
}

func TestOrderListTellsOfNewRows(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newSite(t, db)
	m := modelstest.Merchant(t, db)
	placed(t, db, models.Order{MerchantID: m.ID, Number: "N-1"})
	b := s.signIn(t, models.RoleMerchant, m.ID)
	count, _ := b.get("/orders?payment_state=unpaid").Find("#orders-new").Attr("hx-get")
	if pill := b.get(count, htmx...).want(t, http.StatusOK); pill.Find("a").Length() != 0 {
		t.Errorf("the pill is seen with nothing new: %s", pill.body)
	}
	placed(t, db, models.Order{MerchantID: m.ID, Number: "N-2"})
	placed(t, db, models.Order{MerchantID: modelstest.Merchant(t, db).ID, Number: "X-1"})
	pill := b.get(count, htmx...)
	if got := pill.texts("a"); len(got) != 1 || !strings.HasPrefix(got[0], "1 new") {
		t.Errorf("pill = %v", got)
	}
	if href, _ := pill.Find("a").Attr("href"); href != "/orders?payment_state=unpaid" {
		t.Errorf("the pill leads to %s", href)
	}
	if again, _ := pill.Find("#orders-new").Attr("hx-get"); again != count {
		t.Errorf("the pill forgot what is shown: %s, was %s", again, count)
	}
}

func TestOrderFilterFragment(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newSite(t, db)
	b := s.signIn(t, models.RoleMerchant, modelstest.Merchant(t, db).ID)
	a := b.get("/orders?q=&status=canceled&payment_state=&from=&to=", htmx...).want(t, http.StatusOK)
	if got := a.header.Get(hxPushURL); got != "/orders?status=canceled" {
		t.Errorf("pushed address = %q", got)
	}
	if a.Find("#order-table").Length() != 1 || a.Find("html > body > nav#nav").Length() != 0 {
		t.Errorf("not the list alone: %.200s", a.body)
	}
	if !strings.Contains(a.body, `hx-target="#order-tabs"`) {
		t.Error("the tabs do not follow the filter")
	}
	if vary := a.header.Get("Vary"); !strings.Contains(vary, hxRequest) {
		t.Errorf("Vary = %q", vary)
	}
}

func TestOrderOfAnotherMerchantIsNotFound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		foreign := placed(t, db, models.Order{MerchantID: modelstest.Merchant(t, db).ID, Number: "X-1"})
		b := s.signIn(t, models.RoleMerchant, m.ID)
		for _, path := range []string{"/orders/" + foreign.ID, "/orders/" + foreign.ID + "/row", "/orders/ord_x", "/orders/ord_x/row"} {
			b.get(path).want(t, http.StatusNotFound)
			b.get(path, htmx...).want(t, http.StatusNotFound)
		}
	})
}

func TestOrderPage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		m := modelstest.Merchant(t, db)
		g := modelstest.Gateway(t, db, m.ID)
		hostile := `<b onmouseover="alert(1)">Eve</b>`
		o := placed(t, db, models.Order{
			MerchantID: m.ID, Number: "A-1", CustomerName: hostile, CustomerEmail: "eve@example.com",
			ShippingAddress: models.Address{Line1: "1 Jalan Ampang", City: "Kuala Lumpur", PostalCode: "50450"},
			Metadata:        map[string]string{"channel": "web"},
		})
		p := paid(t, db, o, g.ID)
		now := db.Now()
		modelstest.Write(t, db, func(tx *models.Tx) error {
			shipment, err := tx.CreateShipment(models.Shipment{
				MerchantID: m.ID, OrderID: o.ID, Carrier: "dhl", TrackingNumber: "00340434161094042557",
				Direction: models.DirectionOutbound, Status: models.ShipmentInTransit, PromisedAt: &now,
			})
			if err != nil {
				return err
			}
			_, err = tx.AddTrackingEvents(shipment, []models.TrackingEvent{{
				DedupeKey: "1", OccurredAt: &now, LocalTime: "2026-03-01T09:00:00", Status: models.ShipmentInTransit, Description: "Sorted in Shah Alam",
			}}, false)
			if err != nil {
				return err
			}
			return tx.Audit(models.Actor{Kind: "user", ID: "usr_1", Name: "ann@example.com"}, models.AuditEntry{
				MerchantID: &m.ID, Action: "payment.sync", ObjectID: p.ID, OrderID: &o.ID, Reason: "customer asked",
			})
		})
		support := s.signIn(t, models.RoleSupport, "")
		page := support.get("/orders/"+o.ID).want(t, http.StatusOK)
		text := strings.Join(page.texts("main"), " ")
		for _, want := range []string{
			"A-1", "€133.22", "Paid", "1 Jalan Ampang", "50450 Kuala Lumpur", "channel", "Tea", "00340434161094042557",
			"Sorted in Shah Alam", "Attempt 1: Succeeded", "Payment received", "Provider asked", "ann@example.com", "customer asked", m.Name,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if page.Find("main b").Length() > 0 || !strings.Contains(text, hostile) {
			t.Error("markup in a customer's name is not text")
		}
		newestFirst(t, page)
		before := s.queries.Load()
		fragment := support.get("/orders/"+o.ID, htmx...).want(t, http.StatusOK)
		if n := s.queries.Load() - before; n > 16 {
			t.Errorf("%d queries for an order", n)
		}
		if fragment.Find("#order-detail").Length() != 1 || fragment.Find("#nav").Length() > 0 {
			t.Error("not the order alone")
		}
		seen := strings.Join(s.signIn(t, models.RoleMerchant, m.ID).get("/orders/"+o.ID).want(t, http.StatusOK).texts("main"), " ")
		if strings.Contains(seen, "ann@example.com") || strings.Contains(seen, "customer asked") || !strings.Contains(seen, "Provider asked") {
			t.Error("a merchant sees who of the staff acted, or why, or not that somebody did")
		}
	})
}

// newestFirst fails the test unless the timeline goes backwards in time.
func newestFirst(t *testing.T, page answer) {
	t.Helper()
	var last time.Time
	page.Find(".timeline-item").Each(func(_ int, item *goquery.Selection) {
		at, err := time.Parse(time.RFC3339, item.Find("time").First().AttrOr("datetime", ""))
		if err != nil {
			t.Errorf("an entry without a time: %s", item.Text())
		}
		if !last.IsZero() && at.After(last) {
			t.Errorf("%v stands below %v", at, last)
		}
		last = at
	})
	if last.IsZero() {
		t.Error("the timeline is empty")
	}
}
