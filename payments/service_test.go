package payments_test

import (
	"context"
	"errors"
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

func TestCharge(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		var wg sync.WaitGroup
		for range 20 { // the job may be run by several workers after a rescue
			wg.Go(func() {
				if err := d.Charge(context.Background(), a.ID); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		d.wantStatus(t, p.ID, models.PaymentPaid)
		if d.bank.calls != 1 {
			t.Errorf("the bank was called %d times, want once", d.bank.calls)
		}
		o, err := db.Order(t.Context(), models.MerchantScope(d.shop.ID), d.order.ID)
		do(t, err)
		if o.PaymentState != "paid" || o.AmountPaid != 1999 || o.AmountPending != 0 {
			t.Errorf("order: state %s, paid %d, pending %d", o.PaymentState, o.AmountPaid, o.AmountPending)
		}
	})
}

func TestLostAnswerIsLookedUpNotRepeated(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = losesAnswer
		p, a := d.accept(t)
		do(t, d.Charge(t.Context(), a.ID))
		d.wantStatus(t, p.ID, models.PaymentUnknown)
		do(t, d.Charge(t.Context(), a.ID))
		var refused *models.Error
		if err := d.retry(t.Context(), p.ID); !errors.As(err, &refused) || refused.Code != "outcome_unknown" {
			t.Errorf("retry of an unknown outcome: %v", err)
		}
		do(t, d.Reconcile(t.Context(), a.ID, 1))
		d.wantStatus(t, p.ID, models.PaymentPaid)
		if d.bank.total() != 1 || d.bank.calls != 1 {
			t.Errorf("charges %d, calls %d, want 1 and 1", d.bank.total(), d.bank.calls)
		}
	})
}

func TestInquiriesExhausted(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = losesAnswer
		d.bank.lookup = func(payments.Charge, bool) payments.Result {
			return payments.Result{Outcome: payments.OutcomeUnknown}
		}
		p, a := d.accept(t)
		do(t, d.Charge(t.Context(), a.ID))
		for inquiry := range payments.DefaultPolicy().Inquiries {
			do(t, d.Reconcile(t.Context(), a.ID, inquiry+1))
		}
		d.wantStatus(t, p.ID, models.PaymentNeedsReview)
		if got := d.attempts(t, p.ID)[0]; got.Inquiries != 8 || got.Status != models.AttemptUnknown {
			t.Errorf("attempt is %s after %d inquiries", got.Status, got.Inquiries)
		}
		if err := d.retry(t.Context(), p.ID); err == nil {
			t.Error("a payment that needs review was retried")
		}
		d.bank.lookup = nil // the provider answers at last
		do(t, d.Reconcile(t.Context(), a.ID, 0))
		d.wantStatus(t, p.ID, models.PaymentPaid)
	})
}

func TestNotFoundIsBelievedOnlyAfterTheSettleTime(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = func(payments.Charge) payments.Result {
			return payments.Result{Outcome: payments.OutcomeUnknown}
		}
		p, a := d.accept(t)
		do(t, d.Charge(t.Context(), a.ID))
		do(t, d.Reconcile(t.Context(), a.ID, 1))
		d.wantStatus(t, p.ID, models.PaymentUnknown)
		d.pass(payments.DefaultPolicy().Settle + time.Second)
		do(t, d.Reconcile(t.Context(), a.ID, 2))
		d.wantStatus(t, p.ID, models.PaymentProcessing)
		if got := d.payment(t, p.ID); got.NextRetryAt == nil {
			t.Error("no next attempt is planned")
		}
		d.bank.answer = succeeds
		do(t, d.AutoRetry(t.Context(), p.ID, 1))
		do(t, d.AutoRetry(t.Context(), p.ID, 1)) // the job ran twice
		attempts := d.attempts(t, p.ID)
		if len(attempts) != 2 || attempts[1].IdempotencyKey == attempts[0].IdempotencyKey {
			t.Fatalf("attempts = %+v", attempts)
		}
		do(t, d.Charge(t.Context(), attempts[1].ID))
		d.wantStatus(t, p.ID, models.PaymentPaid)
	})
}

func TestTechnicalFailuresEnd(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = func(payments.Charge) payments.Result {
			return payments.Result{Outcome: payments.OutcomeNotSent, Message: "nothing listens there"}
		}
		p, a := d.accept(t)
		do(t, d.Charge(t.Context(), a.ID))
		for n := range payments.DefaultPolicy().Technical {
			d.wantStatus(t, p.ID, models.PaymentProcessing)
			do(t, d.AutoRetry(t.Context(), p.ID, n+1))
			do(t, d.Charge(t.Context(), d.attempts(t, p.ID)[n+1].ID))
		}
		d.wantStatus(t, p.ID, models.PaymentFailed)
		if got := d.payment(t, p.ID); got.Failure.Code != "provider_unreachable" || !got.Retryable() || got.NextRetryAt != nil {
			t.Errorf("failure %+v, next retry %v", got.Failure, got.NextRetryAt)
		}
		events, _, err := db.Events(t.Context(), models.MerchantScope(d.shop.ID), models.EventPaymentFailed, models.Span{}, models.Page{})
		do(t, err)
		if len(events) != 1 {
			t.Errorf("%d payment.failed events, want one for the whole", len(events))
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		class       payments.Class
		wantPlanned bool
		wantRefusal string
	}{
		{payments.ClassNever, false, "retry_forbidden"},
		{payments.ClassFixData, false, ""},
		{payments.ClassLater, true, ""},
		{payments.ClassGeneric, true, ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.class), func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				d := newDesk(t, db)
				d.bank.answer = declines(tt.class)
				p, a := d.accept(t)
				do(t, d.Charge(t.Context(), a.ID))
				got := d.payment(t, p.ID)
				if got.Status != models.PaymentFailed || (got.NextRetryAt != nil) != tt.wantPlanned {
					t.Errorf("status %s, next retry %v", got.Status, got.NextRetryAt)
				}
				refusal := payments.RetryRefusal(got, db.Now())
				if (refusal == nil) != (tt.wantRefusal == "") || (refusal != nil && refusal.Code != tt.wantRefusal) {
					t.Errorf("refusal %v, want %q", refusal, tt.wantRefusal)
				}
			})
		})
	}
}

func TestAutomaticRetriesEnd(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = declines(payments.ClassLater)
		p, a := d.accept(t)
		do(t, d.Charge(t.Context(), a.ID))
		planned := 0
		for n := 1; d.payment(t, p.ID).NextRetryAt != nil; n++ {
			planned++
			do(t, d.AutoRetry(t.Context(), p.ID, n))
			do(t, d.Charge(t.Context(), d.attempts(t, p.ID)[n].ID))
		}
		if planned != 4 {
			t.Errorf("%d automatic retries, want 4", planned)
		}
	})
}

func TestParallelRetriesMakeOneAttempt(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = declines(payments.ClassFixData)
		p, a := d.accept(t)
		do(t, d.Charge(t.Context(), a.ID))
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				err := d.retry(context.Background(), p.ID)
				var refused *models.Error
				switch {
				case err == nil:
					won.Add(1)
				case !errors.As(err, &refused) || refused.Code != "attempt_open":
					t.Errorf("retry: %v", err)
				}
			})
		}
		wg.Wait()
		if n := len(d.attempts(t, p.ID)); won.Load() != 1 || n != 2 {
			t.Errorf("%d retries won, %d attempts", won.Load(), n)
		}
	})
}

func TestRescue(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		// What a process leaves that is killed after the provider charged and
		// before the answer was stored.
		modelstest.Write(t, db, func(tx *models.Tx) error {
			lease := tx.Now().Add(payments.DefaultPolicy().Lease)
			if _, err := tx.MoveAttempt(a.ID, models.AttemptSending, models.AttemptChange{LeaseUntil: &lease}); err != nil {
				return err
			}
			_, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{})
			return err
		})
		d.bank.charged[a.IdempotencyKey] = 1
		do(t, d.Rescue(t.Context()))
		d.wantStatus(t, p.ID, models.PaymentProcessing) // its worker may still live
		d.pass(payments.DefaultPolicy().Lease + time.Second)
		do(t, d.Rescue(t.Context()))
		d.wantStatus(t, p.ID, models.PaymentUnknown)
		do(t, d.Charge(t.Context(), a.ID)) // River runs the job again
		do(t, d.Reconcile(t.Context(), a.ID, 1))
		d.wantStatus(t, p.ID, models.PaymentPaid)
		if d.bank.calls != 0 || d.bank.total() != 1 {
			t.Errorf("calls %d, charges %d", d.bank.calls, d.bank.total())
		}
	})
}

func TestRescueQueuesAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		d.pass(time.Minute) // the worker that had taken the job was killed before it claimed the attempt
		do(t, d.Rescue(t.Context()))
		d.wantStatus(t, p.ID, models.PaymentPending)
		var jobs int64
		row := db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM river_job WHERE kind = 'payment.charge'")
		do(t, row.Scan(&jobs))
		if jobs != 2 {
			t.Errorf("%d charge jobs, want a second one", jobs)
		}
		do(t, d.Charge(t.Context(), a.ID))
		do(t, d.Charge(t.Context(), a.ID))
		if d.bank.calls != 1 {
			t.Errorf("the bank was called %d times", d.bank.calls)
		}
	})
}

func TestTwoPaymentsCannotPayOneOrderTwice(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		var accepted atomic.Int64
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				err := db.Write(context.Background(), func(tx *models.Tx) error {
					_, err := d.Accept(tx, d.shop.ID, d.new())
					return err
				})
				var refused *models.Error
				if err == nil {
					accepted.Add(1)
				} else if !errors.As(err, &refused) || refused.Code != "order_payment_open" {
					t.Errorf("accept: %v", err)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 1 {
			t.Errorf("%d payments of one order were accepted", accepted.Load())
		}
	})
}

func TestAcceptRefuses(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	d := newDesk(t, db)
	tests := []struct {
		name              string
		change            func(in *payments.New)
		wantField, wantIt string
	}{
		{"no order", func(in *payments.New) { in.OrderID = "" }, "order_id", "required"},
		{"an unknown order", func(in *payments.New) { in.OrderID = "ord_x" }, "order_id", "unknown_order"},
		{"a negative amount", func(in *payments.New) { in.Amount = -1 }, "amount", "must_be_positive"},
		{"more than is due", func(in *payments.New) { in.Amount = 2000 }, "amount", "amount_exceeds_due"},
		{"another currency", func(in *payments.New) { in.Currency = "USD" }, "currency", "currency_mismatch"},
		{"no currency", func(in *payments.New) { in.Currency = "eur" }, "currency", "unknown_currency"},
		{"an unknown method", func(in *payments.New) { in.MethodType = "shells" }, "method.type", "unknown_method"},
		{"a card without token", func(in *payments.New) { in.Token = "" }, "method.token", "required"},
		{"a card number", func(in *payments.New) { in.Token = "4242 4242 4242 4242" }, "method.token", "card_number_refused"},
		{"a card number in a text", func(in *payments.New) { in.Description = "card 4242-4242-4242-4242." }, "description", "card_number_refused"},
		{"an unknown account", func(in *payments.New) { in.Gateway = "gwa_x" }, "gateway", "unknown_gateway"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := d.new()
			tt.change(&in)
			err := db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Accept(tx, d.shop.ID, in)
				return err
			})
			var refused *models.Error
			if !errors.As(err, &refused) || refused.Field != tt.wantField || refused.Code != tt.wantIt {
				t.Errorf("got %v, want %s: %s", err, tt.wantField, tt.wantIt)
			}
		})
	}
}
