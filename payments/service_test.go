package payments_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

func TestCharge(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		var wg sync.WaitGroup
		for range 20 { // the job may be run by several workers after a rescue
			wg.Go(func() {
				var busy payments.BusyError // as the job that comes again
				if err := d.Send(context.Background(), a.ID); err != nil && !errors.As(err, &busy) {
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
		do(t, d.Send(t.Context(), a.ID))
		d.wantStatus(t, p.ID, models.PaymentUnknown)
		do(t, d.Send(t.Context(), a.ID))
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

func TestTechnicalFailuresEnd(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = func(payments.Charge) payments.Result {
			return payments.Result{Outcome: payments.OutcomeNotSent, Message: "nothing listens there"}
		}
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		for n := range payments.DefaultRules().Technical {
			d.wantStatus(t, p.ID, models.PaymentProcessing)
			do(t, d.AutoRetry(t.Context(), p.ID, n+1))
			do(t, d.Send(t.Context(), d.attempts(t, p.ID)[n+1].ID))
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
				do(t, d.Send(t.Context(), a.ID))
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
		do(t, d.Send(t.Context(), a.ID))
		planned := 0
		for n := 1; d.payment(t, p.ID).NextRetryAt != nil; n++ {
			planned++
			do(t, d.AutoRetry(t.Context(), p.ID, n))
			do(t, d.Send(t.Context(), d.attempts(t, p.ID)[n].ID))
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
		do(t, d.Send(t.Context(), a.ID))
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
