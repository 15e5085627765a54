package payments_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// refusals makes payments of one card that the bank declines, each of an order
// of its own and some time after the one before, and returns the last.
func (d *desk) refusals(t *testing.T, n int, amount int64, apart time.Duration) *models.Payment {
	t.Helper()
	var p *models.Payment
	for range n {
		d.pass(apart)
		o := modelstest.Order(t, d.db, d.shop.ID, amount)
		modelstest.Write(t, d.db, func(tx *models.Tx) (err error) {
			p, err = d.Accept(tx, d.shop.ID, payments.New{OrderID: o.ID, Amount: amount, Currency: "EUR", MethodType: "card", Token: "tok_x"})
			return err
		})
		do(t, d.Send(t.Context(), d.attempts(t, p.ID)[0].ID))
	}
	return d.payment(t, p.ID)
}

// wantRetry wants a retry to be refused with the code; taken when it is empty.
// It is tried without leaving a trace.
func (d *desk) wantRetry(t *testing.T, p *models.Payment, want string) {
	t.Helper()
	undo := errors.New("undo")
	err := d.db.Write(t.Context(), func(tx *models.Tx) error {
		_, err := d.Retry(tx, models.MerchantScope(d.shop.ID), p.ID, payments.RetryRequest{Reason: "the customer asked", Actor: modelstest.Actor()})
		return errors.Join(err, undo)
	})
	refused, _ := errors.AsType[*models.Error](err)
	if got := refused; (got == nil) != (want == "") || got != nil && got.Code != want {
		t.Errorf("the retry is refused with %v, want %q", got, want)
	}
}

func TestAcceptance09NetworkCaps(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := []struct {
		network string
		most    int // refusals after which nobody may try again
		amount  int64
		apart   time.Duration
		again   time.Duration // when the first of them is forgotten
		other   string        // what is said of another amount of the same card
	}{
		{"visa", 20, 1999, day, 12 * day, ""},
		{"visa", 20, 1999, time.Minute, 30 * day, ""},
		{"mastercard", 10, 1999, time.Minute, day, "network_limit"},
		{"mastercard", 35, 1999, 4 * time.Hour, 25 * day, ""},
		{"", 20, 1999, day, 12 * day, ""}, // by all networks' rules where it is not told
		{"", 10, 1999, time.Minute, day, "network_limit"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s after %d", tt.network, tt.most), func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				d := newDesk(t, db)
				d.bank.answer = func(payments.Charge) payments.Result {
					return payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, Code: "insufficient_funds", Network: tt.network}
				}
				below := d.refusals(t, tt.most-1, tt.amount, tt.apart)
				d.wantRetry(t, below, "")
				if below.NextRetryAt == nil {
					t.Error("no retry is planned below the limit")
				}
				p := d.refusals(t, 1, tt.amount, tt.apart)
				d.wantRetry(t, p, "network_limit")
				if p.NextRetryAt != nil {
					t.Error("a retry is planned beyond the limit")
				}
				do(t, d.AutoRetry(t.Context(), below.ID, 1)) // which was planned in time
				if below = d.payment(t, below.ID); below.Attempts != 1 || below.NextRetryAt != nil {
					t.Errorf("a card beyond the limit was tried %d times by itself, next at %v", below.Attempts, below.NextRetryAt)
				}
				d.wantRetry(t, d.refusals(t, 1, 500, 0), tt.other)
				d.pass(tt.again)
				d.wantRetry(t, p, "")
			})
		})
	}
}

func TestAcceptance09AdviceIsHeeded(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := []struct {
		advice string
		class  payments.Class
		wait   time.Duration
	}{
		{"24", payments.ClassLater, time.Hour},
		{"25", payments.ClassLater, day},
		{"26", payments.ClassLater, 2 * day},
		{"27", payments.ClassLater, 4 * day},
		{"28", payments.ClassLater, 6 * day},
		{"29", payments.ClassLater, 8 * day},
		{"30", payments.ClassLater, 10 * day},
		{"03", payments.ClassNever, 0},
		{"21", payments.ClassNever, 0},
		{"01", payments.ClassFixData, 0},
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for _, tt := range tests {
			d := newDesk(t, db)
			d.bank.answer = func(payments.Charge) payments.Result {
				return payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassGeneric, Code: "do_not_honor", Network: "mastercard", Advice: tt.advice}
			}
			p := d.refusals(t, 1, 1999, 0)
			at := db.Now()
			if p.Failure.Class != string(tt.class) {
				t.Errorf("advice %s: class %s, want %s", tt.advice, p.Failure.Class, tt.class)
			}
			switch {
			case tt.class == payments.ClassNever:
				d.wantRetry(t, p, "retry_forbidden")
			case tt.wait == 0:
				d.wantRetry(t, p, "")
			default:
				if p.NextRetryAt == nil || p.NextRetryAt.Sub(at) < tt.wait-time.Minute {
					t.Errorf("advice %s: the next retry is at %v, told at %s", tt.advice, p.NextRetryAt, at)
				}
				d.wantRetry(t, p, "retry_too_early")
				d.pass(tt.wait - time.Minute)
				d.wantRetry(t, p, "retry_too_early")
				d.pass(time.Minute)
				d.wantRetry(t, p, "")
			}
			if tt.class != payments.ClassLater && p.NextRetryAt != nil {
				t.Errorf("advice %s: a retry is planned", tt.advice)
			}
		}
	})
}
