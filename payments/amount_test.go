package payments_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// captureOf queues a capture of a part of an authorized payment.
func (d *desk) captureOf(t *testing.T, p *models.Payment, amount int64) models.Attempt {
	t.Helper()
	do(t, d.write(func(tx *models.Tx) error {
		_, err := d.Capture(tx, models.MerchantScope(d.shop.ID), p.ID, payments.Action{
			Amount: amount, Actor: models.Actor{Kind: "api_key", ID: "key_1"},
		})
		return err
	}))
	return d.attempts(t, p.ID)[1]
}

// A provider that captured another amount than asked is believed, and a human told.
func TestCaptureOfAnotherAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		taken     int64
		want      int64
		wantIssue models.Issue
	}{
		{"not told", 0, 500, models.IssueNone},
		{"as asked", 500, 500, models.IssueNone},
		{"more", 1999, 1999, models.IssueAmountDiffers},
		{"less", 300, 300, models.IssueAmountDiffers},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				d, b := newTellingDesk(t, db)
				p := d.authorized(t)
				b.change = payments.Result{Outcome: payments.OutcomeSucceeded, Amount: tt.taken}
				do(t, d.Send(t.Context(), d.captureOf(t, p, 500).ID))
				if got := d.payment(t, p.ID); got.Status != models.PaymentPaid || got.AmountCaptured != tt.want || got.Issue != tt.wantIssue {
					t.Errorf("payment is %s, captured %d, issue %q", got.Status, got.AmountCaptured, got.Issue)
				}
			})
		})
	}
}

// Who confirms a capture in doubt confirms its amount, unless they say another.
func TestConfirmedCaptureIsOfItsAmount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.authorized(t)
		b.change = payments.Result{Outcome: payments.OutcomeUnknown, Code: "no_answer"}
		capture := d.captureOf(t, p, 500)
		do(t, d.Send(t.Context(), capture.ID))
		do(t, d.Reconcile(t.Context(), capture.ID, len(payments.DefaultPolicy().Inquiries)))
		d.wantStatus(t, p.ID, models.PaymentNeedsReview)
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.ConfirmPaid(tx, models.AllMerchants(), p.ID, payments.Action{
				Reason: "seen there", Actor: models.Actor{Kind: "user", ID: "usr_1", Name: "Aina"},
			})
			return err
		}))
		if got := d.payment(t, p.ID).AmountCaptured; got != 500 {
			t.Errorf("captured %d, want the 500 that were asked for", got)
		}
	})
}

// What a card network allows is looked at when the retry is made, too: other
// payments by the same card were refused since it was planned.
func TestPlannedRetryKeepsTheNetworksLimits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = declines(payments.ClassLater)
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		if d.payment(t, p.ID).NextRetryAt == nil {
			t.Fatal("no retry is planned")
		}
		d.pass(23 * time.Hour)
		for range 10 {
			d.order = modelstest.Order(t, db, d.shop.ID, 1999)
			_, other := d.accept(t)
			do(t, d.Send(t.Context(), other.ID))
		}
		d.pass(2 * time.Hour)
		do(t, d.AutoRetry(t.Context(), p.ID, 1))
		if got := d.payment(t, p.ID); got.Attempts != 1 || got.NextRetryAt != nil || got.Status != models.PaymentFailed {
			t.Errorf("%s, %d attempts, next retry %v", got.Status, got.Attempts, got.NextRetryAt)
		}
	})
}
