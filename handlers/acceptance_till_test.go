package handlers

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	sandboxprovider "github.com/tillpost/tillpost/payments/sandbox"
	"github.com/tillpost/tillpost/sandbox"
)

// till is a shop whose payments go to a sandbox of its own.
type till struct {
	*client

	bank    *sandbox.Server
	account *models.GatewayAccount
	refuse  atomic.Int64 // how many charges the bank declines before it takes one
	down    atomic.Bool  // the bank breaks every connection
	blind   atomic.Bool  // the bank does not say what became of a charge
	passed  atomic.Int64 // how far the clock was put forward
}

func newTill(t *testing.T, db *models.DB) *till {
	t.Helper()
	return newTillLogging(t, db, slog.New(slog.DiscardHandler))
}

func newTillLogging(t *testing.T, db *models.DB, log *slog.Logger) *till {
	t.Helper()
	bank, err := sandbox.New(sandbox.Options{Logger: slog.New(slog.DiscardHandler), SettleAfter: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	shop := &till{bank: bank}
	clock := db.Now
	db.Now = func() time.Time { return clock().Add(time.Duration(shop.passed.Load())) }
	shop.client = newSiteWith(t, db, log, nil).newClient(t)
	web := httptest.NewServer(http.HandlerFunc(shop.serveBank))
	t.Cleanup(func() {
		if err := bank.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	shop.account = shop.site.teller(t, shop.merchant.ID, web.URL)
	shop.post("/api/v1/webhook-endpoints", `{"url":"https://shop.example.com/hooks"}`).want(t, http.StatusCreated)
	return shop
}

// serveBank is the sandbox, with a card that is declined for a while.
func (s *till) serveBank(w http.ResponseWriter, r *http.Request) {
	if s.down.Load() {
		panic(http.ErrAbortHandler)
	}
	if s.blind.Load() {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.Method == http.MethodPost && r.URL.Path == "/v1/charges" && s.refuse.Add(-1) >= 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		body = bytes.ReplaceAll(body, []byte("tok_success"), []byte("tok_declined_later"))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	s.bank.Handler().ServeHTTP(w, r)
}

func (s *till) body(orderID, token string, amount int64) string {
	return jsonOf(map[string]any{
		"order_id": orderID, "amount": amount, "currency": "EUR", "gateway": s.account.ID,
		"method": map[string]string{"type": "card", "token": token},
	})
}

// charge takes a payment over 4990 as far as the bank's first answer leads.
func (s *till) charge(token string) string {
	s.t.Helper()
	id := s.post("/api/v1/payments", s.body(s.order(4990), token, 4990)).want(s.t, http.StatusAccepted).id(s.t)
	s.send(id)
	return id
}

// send sends the newest attempt of a payment.
func (s *till) send(paymentID string) {
	s.t.Helper()
	attempts, err := s.site.db.Attempts(s.t.Context(), paymentID)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.site.pay.Send(s.t.Context(), attempts[len(attempts)-1].ID); err != nil {
		s.t.Fatal(err)
	}
}

// told waits until the bank tells of an event of the type and returns the webhook.
func (s *till) told(eventType string) string {
	s.t.Helper()
	account := payments.Account{ID: s.account.ID, BaseURL: s.account.BaseURL, Fields: map[string]string{"secret_key": "sk_sandbox_" + s.account.ID}}
	for s.t.Context().Err() == nil {
		bodies, _, err := sandboxprovider.New(http.DefaultClient).Webhooks(s.t.Context(), account, time.Unix(0, 0), "")
		if err != nil {
			s.t.Fatal(err)
		}
		for _, body := range bodies {
			if strings.Contains(string(body), `"type":"`+eventType+`"`) {
				return string(body)
			}
		}
		<-time.After(20 * time.Millisecond)
	}
	return ""
}

// hears receives a webhook many times at once and applies each event many times at once.
func (s *till) hears(body string, times int) []models.InboundEvent {
	s.t.Helper()
	together(times, func(int) { s.site.hook(s.t, s.account.ID, body, hookSecret).want(s.t, http.StatusOK) })
	events := s.site.inbound(s.t, s.account.ID)
	together(8, func(int) {
		for _, e := range events {
			if err := s.site.pay.ApplyInbound(s.t.Context(), e.ID); err != nil {
				s.t.Error(err)
			}
		}
	})
	return s.site.inbound(s.t, s.account.ID)
}

func together(n int, fn func(i int)) {
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	group.Wait()
}

// notices counts what the merchant is told of a type: events and their deliveries.
func (s *till) notices(eventType string) (events, deliveries int) {
	s.t.Helper()
	scope := models.MerchantScope(s.merchant.ID)
	found, _, err := s.site.db.Events(s.t.Context(), scope, eventType, models.Span{}, models.Page{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	told, _, err := s.site.db.Deliveries(s.t.Context(), scope, models.DeliveryFilter{}, models.Page{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range found {
		for _, d := range told {
			if d.EventID == e.ID {
				deliveries++
			}
		}
	}
	return len(found), deliveries
}

// wantToldOnce wants one event of the type, and one delivery of it.
func (s *till) wantToldOnce(eventType string) {
	s.t.Helper()
	if events, deliveries := s.notices(eventType); events != 1 || deliveries != 1 {
		s.t.Errorf("%d events and %d deliveries of %s, want one", events, deliveries, eventType)
	}
}

func (s *till) wantPayment(id string, fields map[string]any) {
	s.t.Helper()
	p := s.get("/api/v1/payments/"+id).want(s.t, http.StatusOK).object(s.t)
	for name, want := range fields {
		if p[name] != want {
			s.t.Errorf("the payment's %s is %v, want %v", name, p[name], want)
		}
	}
}

// ledger is what the bank really moved.
func (s *till) ledger() (charges int, captured, refunded int64) {
	for _, c := range s.bank.Ledger("").Charges {
		charges++
		captured += c.Captured
		refunded += c.Refunded
	}
	return charges, captured, refunded
}
