package handlers

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

// ear is a merchant's server that hears webhooks, when it works.
type ear struct {
	t        *testing.T
	shop     *till
	notify   *notify.Service
	endpoint *models.Endpoint
	verifier *standardwebhooks.Webhook

	mu     sync.Mutex
	broken bool
	bodies map[string]string // of every webhook that came, by its id
	heard  map[string]int    // how often each was answered with 200
	known  map[string]told   // what the merchant believes of its payments
}

// told is what a webhook told of a payment.
type told struct {
	Sequence int64 `json:"sequence"`
	Data     struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"data"`
}

func newEar(t *testing.T, shop *till) *ear {
	t.Helper()
	e := &ear{t: t, shop: shop, bodies: map[string]string{}, heard: map[string]int{}, known: map[string]told{}}
	web := httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(web.Close)
	e.notify = notify.NewService(shop.site.db, shop.site.vault,
		notify.Options{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, slog.New(slog.DiscardHandler))
	endpoint, secret := shop.site.endpoint(t, shop.merchant.ID, web.URL)
	e.endpoint = endpoint
	var err error
	if e.verifier, err = standardwebhooks.NewWebhook(secret); err != nil {
		t.Fatal(err)
	}
	return e
}

// serve believes as the documentation says: whatever is older than what it
// knows of an order is dropped.
func (e *ear) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = e.verifier.VerifyIgnoringTimestamp(body, r.Header) // the clock was put forward
	}
	var news told
	if err == nil {
		err = json.Unmarshal(body, &news)
	}
	if err != nil {
		e.t.Error(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := r.Header.Get(notify.HeaderID)
	if before, again := e.bodies[id]; again && before != string(body) {
		e.t.Errorf("webhook %s came as %s and as %s", id, before, body)
	}
	e.bodies[id] = string(body)
	if e.broken {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	e.heard[id]++
	if news.Sequence > e.known[news.Data.ID].Sequence {
		e.known[news.Data.ID] = news
	}
}

func (e *ear) fail(broken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = broken
}

// deliveries are the endpoint's.
func (e *ear) deliveries() []models.Delivery {
	e.t.Helper()
	found, _, err := e.shop.site.db.Deliveries(e.t.Context(), models.MerchantScope(e.shop.merchant.ID),
		models.DeliveryFilter{Endpoint: e.endpoint.ID}, models.Page{Limit: 100})
	if err != nil {
		e.t.Fatal(err)
	}
	return found
}

// deliver makes all deliveries that are due, by two dispatchers at once.
func (e *ear) deliver() {
	e.t.Helper()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := e.notify.Drain(e.t.Context()); err != nil {
				e.t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAcceptance12EndpointRecovers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		ear := newEar(t, shop)
		ear.fail(true)
		var payments []string
		for i := range 3 { // of each the merchant is told that it was made, has failed, and is paid
			shop.refuse.Store(1)
			id := shop.charge("tok_success")
			shop.post("/api/v1/payments/"+id+"/retry", `{"reason":"the customer asked"}`).want(t, http.StatusAccepted)
			shop.send(id)
			if payments = append(payments, id); i == 0 {
				shop.refund(id, 1000).want(t, http.StatusAccepted)
				shop.work()
			}
			ear.deliver() // what follows must not overtake for good
		}
		for range 3 { // hours of failure
			shop.pass(6 * time.Hour)
			ear.deliver()
		}
		before := ear.deliveries()
		for _, d := range before {
			if d.Status != models.DeliveryRetrying || d.Attempts < 3 || d.LastStatus != http.StatusInternalServerError {
				t.Errorf("while the endpoint fails a delivery is %s after %d attempts", d.Status, d.Attempts)
			}
		}
		if len(ear.heard) != 0 || len(ear.bodies) != len(before) || len(before) < 10 {
			t.Errorf("%d of %d webhooks came, %d arrived", len(ear.bodies), len(before), len(ear.heard))
		}

		ear.fail(false)
		for i := 0; i < 100 && slices.ContainsFunc(ear.deliveries(), undelivered); i++ {
			shop.pass(time.Hour)
			ear.deliver()
		}
		ear.wantEachOnce()
		ear.wantInOrder(payments)
		ear.wantRedelivered()
	})
}

func undelivered(d models.Delivery) bool { return d.Status != models.DeliveryDelivered }

// wantEachOnce wants every event of the merchant to have arrived once, but that
// the endpoint itself was disabled.
func (e *ear) wantEachOnce() {
	e.t.Helper()
	events, _, err := e.shop.site.db.Events(e.t.Context(), models.MerchantScope(e.shop.merchant.ID), "", models.Span{}, models.Page{Limit: 100})
	if err != nil {
		e.t.Fatal(err)
	}
	events = slices.DeleteFunc(events, func(one models.Event) bool { return one.ObjectID == e.endpoint.ID })
	for _, one := range events {
		if n := e.heard[one.ID]; n != 1 {
			e.t.Errorf("%s arrived %d times", one.Type, n)
		}
	}
	if len(e.heard) != len(events) {
		e.t.Errorf("%d webhooks arrived of %d events", len(e.heard), len(events))
	}
	for _, d := range e.deliveries() {
		if undelivered(d) {
			e.t.Errorf("a delivery is %s", d.Status)
		}
	}
}

// wantInOrder wants each order's events numbered without a gap, in the order in
// which they happened, and who goes by the numbers to know what is true.
func (e *ear) wantInOrder(payments []string) {
	e.t.Helper()
	for _, id := range payments {
		p := e.shop.get("/api/v1/payments/" + id).object(e.t)
		if got := e.known[id].Data.Status; got != p["status"] || got != "paid" {
			e.t.Errorf("the merchant believes that a payment is %s, and it is %v", got, p["status"])
		}
		happened, err := e.shop.site.db.OrderEvents(e.t.Context(), models.AllMerchants(), p["order_id"].(string), 50)
		if err != nil {
			e.t.Fatal(err)
		}
		slices.SortFunc(happened, func(a, b models.Event) int { return int(a.Sequence - b.Sequence) })
		var types []string
		for i, one := range happened {
			types = append(types, one.Type)
			var news told
			if err := json.Unmarshal([]byte(e.bodies[one.ID]), &news); err != nil || news.Sequence != int64(i+1) {
				e.t.Errorf("%s has the number %d, want %d; %v", one.Type, news.Sequence, i+1, err)
			}
		}
		if failed, paid := slices.Index(types, models.EventPaymentFailed), slices.Index(types, models.EventPaymentPaid); failed < 0 || paid < failed {
			e.t.Errorf("the order of events is %v", types)
		}
	}
}

// wantRedelivered sends a delivered event once more, by the API and by the page.
func (e *ear) wantRedelivered() {
	e.t.Helper()
	d := e.deliveries()[0]
	before := e.heard[d.EventID]
	e.shop.post("/api/v1/events/"+d.EventID+"/redeliver", jsonOf(map[string]string{"endpoint_id": e.endpoint.ID})).want(e.t, http.StatusAccepted)
	e.deliver()
	support := e.shop.site.signIn(e.t, models.RoleSupport, "")
	support.post("/deliveries/"+d.ID+"/replay", nil).want(e.t, http.StatusSeeOther)
	e.deliver()
	if got := e.heard[d.EventID]; got != before+2 {
		e.t.Errorf("redelivered twice, %s arrived %d times more", d.EventType, got-before)
	}
	if again := e.deliveries()[0]; again.ID != d.ID || again.Status != models.DeliveryDelivered || again.Attempts != d.Attempts+2 {
		e.t.Errorf("delivery = %+v", again)
	}
}
