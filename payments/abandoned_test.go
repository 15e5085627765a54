package payments_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// abandoned is a payment whose customer never came, up to the last inquiry, at
// which the provider took the order to end it.
func (d *desk) abandoned(t *testing.T, b *teller, lookup payments.Outcome) (*models.Payment, models.Attempt) {
	t.Helper()
	b.answer = func(c payments.Charge) payments.Result {
		return payments.Result{
			Outcome: payments.OutcomeRequiresAction, ProviderReference: "ch_" + c.Key,
			NextAction: &payments.NextAction{Type: "redirect", URL: "https://bank.example/3ds"},
		}
	}
	b.lookup = func(payments.Charge, bool) payments.Result { return payments.Result{Outcome: lookup, HTTPStatus: 200} }
	b.cancel = payments.Result{Outcome: payments.OutcomeProcessing}
	p, a := d.accept(t)
	do(t, d.Send(t.Context(), a.ID))
	for i := range payments.DefaultPolicy().Actions {
		d.pass(12 * time.Hour)
		do(t, d.Reconcile(t.Context(), a.ID, i+1))
	}
	return p, a
}

// Providers that only tell by webhook whether they could end a payment are given
// the time: a customer who went away is nothing that a human must look at.
func TestAbandonedPaymentIsEndedByWebhook(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for _, lookup := range []payments.Outcome{payments.OutcomeRequiresAction, payments.OutcomeUnknown} { // Adyen cannot be asked
			d, b := newTellingDesk(t, db)
			p, a := d.abandoned(t, b, lookup)
			d.wantStatus(t, p.ID, models.PaymentRequiresAction)
			if b.canceled != 1 {
				t.Errorf("the provider was asked %d times to end it", b.canceled)
			}
			e := d.tell(t, payments.Notice{
				Subject: payments.SubjectCharge, AttemptID: a.ID, Result: payments.Result{Outcome: payments.OutcomeNotFound, Code: "canceled"},
			})
			if e.Status != models.InboundApplied {
				t.Errorf("the webhook is %s", e.Status)
			}
			d.wantStatus(t, p.ID, models.PaymentExpired)
		}
	})
}

// One that never says so is left to a human in the end, and a webhook that
// comes after all still ends it.
func TestAbandonedPaymentThatNobodyEnds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p, a := d.abandoned(t, b, payments.OutcomeRequiresAction)
		asked := len(payments.DefaultPolicy().Actions)
		for i := range 3 {
			d.pass(12 * time.Hour)
			d.wantStatus(t, p.ID, models.PaymentRequiresAction)
			do(t, d.Reconcile(t.Context(), a.ID, asked+i+1))
		}
		d.wantStatus(t, p.ID, models.PaymentNeedsReview)
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectCharge, AttemptID: a.ID, Result: payments.Result{Outcome: payments.OutcomeNotFound, Code: "canceled"},
		})
		if e.Status != models.InboundApplied {
			t.Errorf("the late webhook is %s", e.Status)
		}
		d.wantStatus(t, p.ID, models.PaymentFailed)
	})
}
