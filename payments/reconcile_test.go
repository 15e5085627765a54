package payments_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

func TestInquiriesExhausted(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = losesAnswer
		d.bank.lookup = func(payments.Charge, bool) payments.Result {
			return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 409} // it answers, and does not say
		}
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
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
		do(t, d.Send(t.Context(), a.ID))
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
		do(t, d.Send(t.Context(), attempts[1].ID))
		d.wantStatus(t, p.ID, models.PaymentPaid)
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
		do(t, d.Send(t.Context(), a.ID)) // River runs the job again
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
		do(t, d.Send(t.Context(), a.ID))
		do(t, d.Send(t.Context(), a.ID))
		if d.bank.calls != 1 {
			t.Errorf("the bank was called %d times", d.bank.calls)
		}
	})
}

// jobs counts the jobs of a kind that were ever enqueued.
func (d *desk) jobs(t *testing.T, kind string) int {
	t.Helper()
	var n int
	row := d.db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM river_job WHERE kind = '"+kind+"'")
	do(t, row.Scan(&n))
	return n
}

func TestInquiryRunTwicePlansOneNext(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = losesAnswer
		d.bank.lookup = func(payments.Charge, bool) payments.Result {
			return payments.Result{Outcome: payments.OutcomeUnknown}
		}
		_, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		for range 3 { // the process died each time before the job counted as done
			do(t, d.Reconcile(t.Context(), a.ID, 1))
		}
		if n := d.jobs(t, "payment.reconcile"); n != 2 {
			t.Errorf("%d inquiries are planned, want the first and one next", n)
		}
		last := len(payments.DefaultPolicy().Inquiries)
		do(t, d.Reconcile(t.Context(), a.ID, last))
		do(t, d.Reconcile(t.Context(), a.ID, last))
	})
}

func TestRescueOfLostInquiries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = losesAnswer
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		do(t, d.Rescue(t.Context()))
		if n := d.jobs(t, "payment.reconcile"); n != 1 {
			t.Errorf("%d inquiries, want only the planned one while it may still come", n)
		}
		d.pass(time.Hour)
		do(t, d.Rescue(t.Context()))
		do(t, d.Rescue(t.Context()))
		if n := d.jobs(t, "payment.reconcile"); n != 2 {
			t.Errorf("%d inquiries, want a second one for the lost", n)
		}
		do(t, d.Reconcile(t.Context(), a.ID, 1))
		d.wantStatus(t, p.ID, models.PaymentPaid)
	})
}
