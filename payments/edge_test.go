package payments_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

func TestRefusedRequestsAreNotRepeated(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		want   models.PaymentStatus
	}{
		{http.StatusBadRequest, models.PaymentFailed},
		{http.StatusNotFound, models.PaymentFailed},
		{http.StatusUnprocessableEntity, models.PaymentFailed},
		{http.StatusTooManyRequests, models.PaymentProcessing},
		{http.StatusServiceUnavailable, models.PaymentProcessing},
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for _, test := range tests {
			d := newDesk(t, db)
			d.bank.answer = func(payments.Charge) payments.Result {
				return payments.Result{
					Outcome: payments.OutcomeNotSent, HTTPStatus: test.status, Code: "parameter_invalid", Message: "No such currency.",
				}
			}
			p, a := d.accept(t)
			do(t, d.Send(t.Context(), a.ID))
			d.wantStatus(t, p.ID, test.want)
			got := d.payment(t, p.ID)
			if failed := test.want == models.PaymentFailed; failed != (got.NextRetryAt == nil) ||
				failed != (got.Failure.Code == "parameter_invalid") {
				t.Errorf("after %d: next retry %v, failure %+v", test.status, got.NextRetryAt, got.Failure)
			}
		}
	})
}

// That a provider does not know a charge is told by 404 as well; it is no
// refusal of the request.
func TestUnknownChargesAreTriedAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = func(payments.Charge) payments.Result { return payments.Result{Outcome: payments.OutcomeUnknown} }
		d.bank.lookup = func(payments.Charge, bool) payments.Result {
			return payments.Result{Outcome: payments.OutcomeNotFound, HTTPStatus: http.StatusNotFound}
		}
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		d.pass(payments.DefaultPolicy().Settle + time.Second)
		do(t, d.Reconcile(t.Context(), a.ID, 1))
		d.wantStatus(t, p.ID, models.PaymentProcessing)
	})
}

// A database that is away between the claim and the call must not fail the
// payment for good.
func TestInterruptedPreparationIsTechnical(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		ctx, stop := context.WithCancel(t.Context())
		db.OnCommit = func([]models.Hint) { stop() } // the process is stopped once the attempt is claimed
		do(t, d.Send(ctx, a.ID))
		d.wantStatus(t, p.ID, models.PaymentProcessing)
		if got := d.attempts(t, p.ID)[0]; got.Status != models.AttemptNotSent || d.bank.calls != 0 {
			t.Errorf("attempt is %s, %d calls", got.Status, d.bank.calls)
		}
		if got := d.payment(t, p.ID); got.NextRetryAt == nil {
			t.Error("no next attempt is planned")
		}
	})
}

// A worker that was held up for longer than its lease must not send any more.
func TestNothingIsSentAfterTheLease(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		db.OnCommit = func([]models.Hint) { d.pass(time.Minute); db.OnCommit = func([]models.Hint) {} }
		do(t, d.Send(t.Context(), a.ID))
		d.wantStatus(t, p.ID, models.PaymentProcessing)
		if got := d.attempts(t, p.ID)[0]; got.Status != models.AttemptNotSent || d.bank.calls != 0 {
			t.Errorf("attempt is %s, %d calls", got.Status, d.bank.calls)
		}
	})
}

// A worker that answers after its attempt was given up for not charged brings
// the news to a human.
func TestLateNewsOfAChargeNeedsReview(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p, a := d.accept(t)
		d.bank.answer = func(c payments.Charge) payments.Result {
			// Meanwhile, as another node sees it, the attempt failed.
			modelstest.Write(t, db, func(tx *models.Tx) error {
				if _, err := tx.MoveAttempt(a.ID, models.AttemptNotSent, models.AttemptChange{}); err != nil {
					return err
				}
				_, err := tx.MovePayment(p.ID, models.PaymentFailed, models.PaymentChange{})
				return err
			})
			return succeeds(c)
		}
		do(t, d.Send(t.Context(), a.ID))
		d.wantStatus(t, p.ID, models.PaymentNeedsReview)
		if got := d.payment(t, p.ID).Failure.Code; got != "charged_after_failure" {
			t.Errorf("failure code %q", got)
		}
		if err := d.retry(t.Context(), p.ID); err == nil {
			t.Error("a payment that was charged was retried")
		}
	})
}

func TestSyncSettlesAReview(t *testing.T) {
	t.Parallel()
	tests := []struct {
		outcome payments.Outcome
		want    models.PaymentStatus
	}{
		{payments.OutcomeSucceeded, models.PaymentPaid},
		{payments.OutcomeDeclined, models.PaymentFailed},
		{payments.OutcomeNotFound, models.PaymentFailed},
		{payments.OutcomeRequiresAction, models.PaymentNeedsReview},
		{payments.OutcomeProcessing, models.PaymentNeedsReview},
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for _, test := range tests {
			d := newDesk(t, db)
			d.bank.answer = losesAnswer
			d.bank.lookup = func(payments.Charge, bool) payments.Result {
				return payments.Result{Outcome: payments.OutcomeUnknown}
			}
			p, a := d.accept(t)
			do(t, d.Send(t.Context(), a.ID))
			do(t, d.Reconcile(t.Context(), a.ID, len(payments.DefaultPolicy().Inquiries)))
			d.wantStatus(t, p.ID, models.PaymentNeedsReview)
			d.pass(time.Hour)
			d.bank.lookup = func(payments.Charge, bool) payments.Result { return payments.Result{Outcome: test.outcome} }
			do(t, d.Reconcile(t.Context(), a.ID, 0))
			d.wantStatus(t, p.ID, test.want)
		}
	})
}

func (d *desk) disableGateway(t *testing.T) {
	t.Helper()
	account, err := d.db.GatewayAccount(t.Context(), models.AllMerchants(), d.gateway.ID)
	do(t, err)
	account.Enabled = false
	modelstest.Write(t, d.db, func(tx *models.Tx) error { return tx.UpdateGatewayAccount(account) })
}

// An account that was disabled meanwhile is not charged through any more, and
// no payment waits for it for ever.
func TestDisabledAccountEndsAutomaticRetries(t *testing.T) {
	t.Parallel()
	for _, outcome := range []payments.Outcome{payments.OutcomeNotSent, payments.OutcomeDeclined} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				d := newDesk(t, db)
				d.bank.answer = func(payments.Charge) payments.Result {
					return payments.Result{Outcome: outcome, Class: payments.ClassLater}
				}
				p, a := d.accept(t)
				do(t, d.Send(t.Context(), a.ID))
				d.disableGateway(t)
				do(t, d.AutoRetry(t.Context(), p.ID, 1))
				d.wantStatus(t, p.ID, models.PaymentFailed)
				if got := d.payment(t, p.ID); got.NextRetryAt != nil || got.Attempts != 1 {
					t.Errorf("next retry %v, %d attempts", got.NextRetryAt, got.Attempts)
				}
				var refused *models.Error
				if err := d.retry(t.Context(), p.ID); !errors.As(err, &refused) || refused.Code != "gateway_disabled" {
					t.Errorf("retry through a disabled account: %v", err)
				}
			})
		})
	}
}
