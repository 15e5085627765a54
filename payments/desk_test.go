package payments_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

// bank is a provider with a ledger: each key is charged at most once, and the
// script says what the caller learns of it.
type bank struct {
	mu      sync.Mutex
	charged map[string]int // by key
	calls   int
	answer  func(c payments.Charge) payments.Result
	lookup  func(c payments.Charge, charged bool) payments.Result
}

func (b *bank) Charge(_ context.Context, _ payments.Account, c payments.Charge) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	r := b.answer(c)
	if r.Outcome == payments.OutcomeSucceeded || r.Code == "lost_answer" {
		b.charged[c.Key] = 1
	}
	return r
}

func (b *bank) Lookup(_ context.Context, _ payments.Account, c payments.Charge) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lookup != nil {
		return b.lookup(c, b.charged[c.Key] > 0)
	}
	if b.charged[c.Key] > 0 {
		return payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "ch_" + c.Key}
	}
	return payments.Result{Outcome: payments.OutcomeNotFound}
}

func (b *bank) total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.charged)
}

func succeeds(c payments.Charge) payments.Result {
	return payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "ch_" + c.Key}
}

func declines(class payments.Class) func(payments.Charge) payments.Result {
	return func(payments.Charge) payments.Result {
		return payments.Result{Outcome: payments.OutcomeDeclined, Class: class, Code: "card_declined", Message: "No."}
	}
}

func losesAnswer(payments.Charge) payments.Result {
	return payments.Result{Outcome: payments.OutcomeUnknown, Code: "lost_answer", Message: "no answer"}
}

// desk is a service with a merchant, an order and a bank.
type desk struct {
	*payments.Service

	db      *models.DB
	bank    *bank
	shop    *models.Merchant
	order   *models.Order
	gateway *models.GatewayAccount
	offset  atomic.Int64 // of the clock
}

func newDesk(t *testing.T, db *models.DB) *desk {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{db: db, bank: &bank{charged: map[string]int{}, answer: succeeds}}
	clock := db.Now
	db.Now = func() time.Time { return clock().Add(time.Duration(d.offset.Load())) }
	d.shop = modelstest.Merchant(t, db)
	d.gateway = modelstest.Gateway(t, db, d.shop.ID)
	d.order = modelstest.Order(t, db, d.shop.ID, 1999)
	d.Service = payments.NewService(db, credentials.New(keys), map[string]payments.Provider{"sandbox": d.bank},
		payments.DefaultPolicy(), slog.New(slog.DiscardHandler))
	return d
}

func (d *desk) pass(wait time.Duration) { d.offset.Add(int64(wait)) }

func (d *desk) new() payments.New {
	return payments.New{
		OrderID: d.order.ID, Amount: 1999, Currency: "EUR", MethodType: "card", Token: "tok_x",
	}
}

// accept makes a payment and returns it with its first attempt.
func (d *desk) accept(t *testing.T) (*models.Payment, models.Attempt) {
	t.Helper()
	var p *models.Payment
	modelstest.Write(t, d.db, func(tx *models.Tx) (err error) {
		p, err = d.Accept(tx, d.shop.ID, d.new())
		return err
	})
	return p, d.attempts(t, p.ID)[0]
}

func (d *desk) attempts(t *testing.T, id string) []models.Attempt {
	t.Helper()
	rows, err := d.db.Attempts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (d *desk) payment(t *testing.T, id string) *models.Payment {
	t.Helper()
	p, err := d.db.Payment(t.Context(), models.MerchantScope(d.shop.ID), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *desk) wantStatus(t *testing.T, id string, want models.PaymentStatus) {
	t.Helper()
	if got := d.payment(t, id).Status; got != want {
		t.Errorf("payment is %s, want %s", got, want)
	}
}

func (d *desk) retry(ctx context.Context, id string) error {
	return d.db.Write(ctx, func(tx *models.Tx) error {
		_, err := d.Retry(tx, models.MerchantScope(d.shop.ID), id, payments.RetryRequest{
			Reason: "customer topped up", Actor: models.Actor{Kind: "user", ID: "usr_1", Name: "Aina"},
		})
		return err
	})
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
