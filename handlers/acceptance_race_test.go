package handlers

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	sandboxprovider "github.com/tillpost/tillpost/payments/sandbox"
)

// races is how often a retry and the news of success meet. On SQLite, which has
// one writer, they can only come the one way round or the other.
var races = map[models.Dialect]int{models.Postgres: 1000, models.SQLite: 60}

// raced is a payment whose charge was made, of which the answer was lost.
type raced struct {
	payment, attempt string
	doubted          bool   // somebody has said that it was not paid
	news             string // the bank's webhook
	inbound          string // where it is stored
}

// lanes does something with each of many things, a few at a time.
func lanes[T any](all []T, fn func(lane int, one T)) {
	const width = 8
	together(width, func(lane int) {
		for i := lane; i < len(all); i += width {
			fn(lane, all[i])
		}
	})
}

// lostMany takes many payments with few transactions. Of a quarter of them
// somebody believes, after all inquiries, that they were not paid.
func (s *till) lostMany(n int) []raced {
	s.t.Helper()
	s.unlimited()
	all := make([]raced, n)
	s.inChunks(all, func(tx *models.Tx, r *raced) error {
		o, err := tx.CreateOrder(models.Order{
			MerchantID: s.merchant.ID, Number: models.NewID("no"), Currency: "EUR", Amount: 4990, PlacedAt: tx.Now(),
		}, nil)
		if err != nil {
			return err
		}
		p, err := s.site.pay.Accept(tx, s.merchant.ID, payments.New{
			OrderID: o.ID, Amount: 4990, Currency: "EUR", MethodType: "card", Token: "tok_half_json_after_charge", Gateway: s.account.ID,
		})
		if err != nil {
			return err
		}
		a, err := tx.LastAttempt(p.ID)
		if err == nil {
			r.payment, r.attempt = p.ID, a.ID
		}
		return err
	})
	lanes(s.queued(), func(_ int, j queuedJob) { s.do(j) })
	s.forget("kind = 'payment.charge'")
	doubted := all[:n/4]
	s.blind.Store(true)
	lanes(doubted, func(_ int, r raced) { s.inquire(r.attempt, len(payments.DefaultPolicy().Inquiries)) })
	s.blind.Store(false)
	s.inChunks(doubted, func(tx *models.Tx, r *raced) error {
		r.doubted = true
		_, err := s.site.pay.ConfirmNotPaid(tx, models.MerchantScope(s.merchant.ID), r.payment,
			payments.Action{Reason: "not in the bank's list", Actor: modelstest.Actor()})
		return err
	})
	news := s.news()
	for i := range all {
		all[i].news = news[all[i].attempt]
	}
	return all
}

// inChunks does something with each of many, a hundred in a transaction.
func (s *till) inChunks(all []raced, fn func(tx *models.Tx, r *raced) error) {
	s.t.Helper()
	for chunk := range slices.Chunk(all, 100) {
		modelstest.Write(s.t, s.site.db, func(tx *models.Tx) error {
			for i := range chunk {
				if err := fn(tx, &chunk[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// unlimited has the bank called as often as the test likes, by one account alone.
func (s *till) unlimited() {
	s.t.Helper()
	accounts, err := s.site.db.GatewayAccounts(s.t.Context(), models.MerchantScope(s.merchant.ID))
	if err != nil {
		s.t.Fatal(err)
	}
	modelstest.Write(s.t, s.site.db, func(tx *models.Tx) error {
		for i := range accounts {
			accounts[i].Enabled = accounts[i].ID == s.account.ID
			if err := tx.UpdateGatewayAccount(&accounts[i]); err != nil {
				return err
			}
		}
		return tx.SetGatewayRateLimit(s.account.ID, 1000)
	})
}

// inquire asks the bank what became of an attempt.
func (s *till) inquire(attemptID string, inquiry int) {
	s.t.Helper()
	if err := s.site.pay.Reconcile(s.t.Context(), attemptID, inquiry); err != nil {
		s.t.Error(err)
	}
}

// news are the bank's webhooks of charges that succeeded, by attempt.
func (s *till) news() map[string]string {
	s.t.Helper()
	account := payments.Account{ID: s.account.ID, BaseURL: s.account.BaseURL, Fields: map[string]string{"secret_key": "sk_sandbox_" + s.account.ID}}
	found, cursor := map[string]string{}, ""
	for {
		bodies, next, err := sandboxprovider.New(http.DefaultClient).Webhooks(s.t.Context(), account, time.Unix(0, 0), cursor)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, body := range bodies {
			var event struct {
				Data struct {
					Charge struct {
						Reference string `json:"reference"`
					} `json:"charge"`
				} `json:"data"`
			}
			if err := json.Unmarshal(body, &event); err != nil {
				s.t.Fatal(err)
			}
			found[event.Data.Charge.Reference] = string(body)
		}
		if cursor = next; cursor == "" {
			return found
		}
	}
}

// receive has the bank's webhook stored.
func (s *till) receive(r *raced) {
	s.t.Helper()
	s.site.hook(s.t, s.account.ID, r.news, hookSecret).want(s.t, http.StatusOK)
	var event struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(r.news), &event); err != nil {
		s.t.Error(err)
	}
	row := s.site.db.SQL().QueryRowContext(s.t.Context(), "SELECT id FROM inbound_events WHERE event_id = '"+event.ID+"'")
	if err := row.Scan(&r.inbound); err != nil {
		s.t.Error(err)
	}
}

// hear receives the webhook of a payment, unless that was done, and applies it.
func (s *till) hear(r raced) {
	s.t.Helper()
	if r.inbound == "" {
		s.receive(&r)
	}
	if err := s.site.pay.ApplyInbound(s.t.Context(), r.inbound); err != nil {
		s.t.Error(err)
	}
}

func TestAcceptance04RetryRacesSuccess(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newTill(t, db)
		races := races[db.Dialect]
		all := shop.lostMany(races)
		if charges, _, _ := shop.ledger(); charges != races {
			t.Fatalf("the bank made %d charges, want %d", charges, races)
		}
		keys := make([]string, 8) // each shop's server has a key of its own, whose rate is limited
		for i := range keys {
			keys[i] = shop.site.apiKey(t, shop.merchant.ID)
		}
		support := shop.site.signIn(t, models.RoleSupport, "")
		for i := range all {
			if i%2 == 0 { // half of the news are in the house, and only to be applied
				shop.receive(&all[i])
			}
		}
		var won atomic.Int64
		lanes(all, func(lane int, r raced) {
			path, taken := "/payments/"+r.payment+"/retry", make([]bool, 2)
			contestants := []func(){
				func() { shop.hear(r) },
				func() {
					taken[0] = tried(t, shop.site.call(t, http.MethodPost, "/api/v1"+path, `{"reason":"the customer waits"}`,
						"Authorization", "Bearer "+keys[lane], idempotencyHeader, r.payment).status)
				},
			}
			if r.doubted {
				contestants = append(contestants, func() { taken[1] = tried(t, support.post(path, retryForm(shop.account.ID)).status) })
			}
			together(len(contestants), func(i int) { contestants[i]() })
			if taken[0] && taken[1] || !r.doubted && taken[0] {
				t.Errorf("payment %s was tried again: by the shop %v, by support %v", r.payment, taken[0], taken[1])
			}
			if taken[0] || taken[1] {
				won.Add(1)
			}
		})
		if won := int(won.Load()); db.Dialect == models.Postgres && (won == 0 || won == races/4) {
			t.Errorf("%d of %d retries came before the news: nothing was raced", won, races/4)
		}
		for len(shop.queued()) > 0 { // an attempt that was made would be sent now
			shop.pass(24 * time.Hour)
			shop.work()
		}
		shop.wantOnce(all)
	})
}

// tried says whether a retry was taken, which may be refused as a conflict alone.
func tried(t *testing.T, status int) bool {
	t.Helper()
	switch status {
	case http.StatusSeeOther, http.StatusAccepted:
		return true
	case http.StatusConflict:
	default:
		t.Errorf("a retry was answered with %d", status)
	}
	return false
}

// wantOnce wants each payment charged once, and a human called where that was in doubt.
func (s *till) wantOnce(all []raced) {
	s.t.Helper()
	ledger := s.bank.Ledger("")
	for _, r := range all {
		if n := ledger.Payments[r.payment].Count; n != 1 {
			s.t.Errorf("payment %s was charged %d times", r.payment, n)
		}
		p, err := s.site.db.Payment(s.t.Context(), models.AllMerchants(), r.payment)
		if err != nil {
			s.t.Fatal(err)
		}
		want := models.PaymentPaid
		if r.doubted {
			want = models.PaymentNeedsReview
		}
		if p.Status != want || p.Issue != models.IssueNone {
			s.t.Errorf("payment %s is %s, want %s; issue %q", p.ID, p.Status, want, p.Issue)
		}
	}
}
