package payments_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// lateDesk has a payment whose first attempt counts as not made and whose second
// is with the provider when the news come that the first took the money. Then
// the second ends as given.
func lateDesk(t *testing.T, db *models.DB, end func(payments.Charge) payments.Result) (*desk, *models.Payment) {
	t.Helper()
	d, b := newTellingDesk(t, db)
	b.answer = func(payments.Charge) payments.Result { return payments.Result{Outcome: payments.OutcomeNotSent} }
	p, first := d.accept(t)
	do(t, d.Send(t.Context(), first.ID))
	do(t, d.AutoRetry(t.Context(), p.ID, 1))
	b.answer = func(c payments.Charge) payments.Result {
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectCharge, AttemptID: first.ID,
			Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1999, ProviderReference: "ch_late"},
		})
		if e.Status != models.InboundApplied {
			t.Errorf("late news: %s", e.Status)
		}
		return end(c)
	}
	do(t, d.Send(t.Context(), d.attempts(t, p.ID)[1].ID))
	return d, p
}

// That a second attempt failed must not have a third made, nor the payment fail,
// when the first had taken the money after all.
func TestFailureBesideALateChargeIsForAHuman(t *testing.T) {
	t.Parallel()
	ends := map[string]func(payments.Charge) payments.Result{
		"declined": declines(payments.ClassLater),
		"not sent": func(payments.Charge) payments.Result { return payments.Result{Outcome: payments.OutcomeNotSent} },
		"rejected": func(payments.Charge) payments.Result {
			return payments.Result{Outcome: payments.OutcomeNotSent, HTTPStatus: 400}
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				d, p := lateDesk(t, db, end)
				d.wantStatus(t, p.ID, models.PaymentNeedsReview)
				if got := d.payment(t, p.ID); got.NextRetryAt != nil || got.Attempts != 2 {
					t.Errorf("next retry %v, %d attempts", got.NextRetryAt, got.Attempts)
				}
				d.pass(48 * time.Hour)
				do(t, d.AutoRetry(t.Context(), p.ID, 2))
				if n := len(d.attempts(t, p.ID)); n != 2 {
					t.Errorf("%d attempts, want 2", n)
				}
			})
		})
	}
}

// A customer who did not confirm the second attempt has paid by the first.
func TestExpiryBesideALateChargeIsForAHuman(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, p := lateDesk(t, db, func(payments.Charge) payments.Result {
			return payments.Result{Outcome: payments.OutcomeRequiresAction, NextAction: &payments.NextAction{Type: "redirect", URL: "https://bank.example"}}
		})
		d.wantStatus(t, p.ID, models.PaymentRequiresAction)
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectCharge, AttemptID: d.attempts(t, p.ID)[1].ID, Result: payments.Result{Outcome: payments.OutcomeNotFound},
		})
		if e.Status != models.InboundApplied {
			t.Errorf("expiry: %s", e.Status)
		}
		d.wantStatus(t, p.ID, models.PaymentNeedsReview)
	})
}

// What a failed-over payment's first account took is given back through that
// account, which alone knows the charge.
func TestLateChargeIsRefundedThroughItsOwnAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		second := modelstest.Gateway(t, db, d.shop.ID)
		b.answer = func(payments.Charge) payments.Result { return payments.Result{Outcome: payments.OutcomeNotSent} }
		p, first := d.accept(t)
		do(t, d.Send(t.Context(), first.ID))
		if got := d.payment(t, p.ID); *got.GatewayAccountID != second.ID {
			t.Fatal("no failover")
		}
		d.tell(t, payments.Notice{
			Subject: payments.SubjectCharge, AttemptID: first.ID,
			Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1999, ProviderReference: "ch_late"},
		})
		by := models.Actor{Kind: "user", ID: "usr_1", Name: "Aina"}
		var r *models.Refund
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.ConfirmPaid(tx, models.AllMerchants(), p.ID, payments.Action{Reason: "seen there", Actor: by})
			return err
		}))
		do(t, d.write(func(tx *models.Tx) (err error) {
			r, err = d.Refund(tx, models.AllMerchants(), payments.RefundRequest{PaymentID: p.ID, Amount: 500, Reason: "broken", Actor: by})
			return err
		}))
		if *r.GatewayAccountID != d.gateway.ID {
			t.Error("the refund goes to an account that never took the money")
		}
	})
}

// One attempt is one charge: a second one under its name was taken as well.
func TestSecondChargeOfAnAttemptIsFlagged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, _ := newTellingDesk(t, db)
		p := d.paid(t)
		a := d.attempts(t, p.ID)[0]
		n := payments.Notice{Subject: payments.SubjectCharge, AttemptID: a.ID, Result: payments.Result{
			Outcome: payments.OutcomeSucceeded, Amount: 1999, ProviderReference: *a.ProviderReference,
		}}
		if e := d.tell(t, n); e.Status != models.InboundStale {
			t.Errorf("the same charge once more: %s", e.Status)
		}
		n.Result.ProviderReference = "ch_other"
		e := d.tell(t, n)
		if got := d.payment(t, p.ID); e.Status != models.InboundApplied || got.Issue != models.IssueChargedTwice {
			t.Errorf("%s, issue %q, want it flagged as charged twice", e.Status, got.Issue)
		}
	})
}
