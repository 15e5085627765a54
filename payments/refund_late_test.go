package payments_test

import (
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

var shopKey = models.Actor{Kind: "api_key", ID: "key_1", Name: "shop"}

func (d *desk) refund(t *testing.T, p *models.Payment) *models.Refund {
	t.Helper()
	var r *models.Refund
	do(t, d.write(func(tx *models.Tx) (err error) {
		r, err = d.Refund(tx, models.MerchantScope(d.shop.ID), payments.RefundRequest{
			PaymentID: p.ID, Amount: 500, Reason: "broken", Actor: shopKey,
		})
		return err
	}))
	return r
}

// A worker that was held up while its try of a refund failed, and another was
// asked for, must not send the first try's key any more.
func TestHeldUpRefundIsNotSentUnderAnOldKey(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		r := d.refund(t, p)
		var sent []string
		b.refund = func(in payments.Refund) payments.Result {
			sent = append(sent, in.Key)
			return payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "re_" + in.Key}
		}
		held := false
		now := db.Now
		db.Now = func() time.Time {
			if !held && strings.Contains(string(debug.Stack()), "prepareRefund") { // it was read, and not taken yet
				held = true
				modelstest.Write(t, db, func(tx *models.Tx) error {
					for _, to := range []models.RefundStatus{models.RefundSending, models.RefundFailed, models.RefundRequested} {
						if _, ok, err := tx.MoveRefund(r.ID, to, models.RefundChange{}); err != nil || !ok {
							t.Errorf("move to %s: %v, %v", to, ok, err)
						}
					}
					return nil
				})
			}
			return now()
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		if !held {
			t.Fatal("nothing came in between")
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		if len(sent) != 1 || sent[0] != r.ID+"-2" {
			t.Errorf("sent under %v, want the second key alone", sent)
		}
	})
}

// Money that went back although its refund counts as failed is not kept quiet.
func TestRefundThatWasMadeAfterAllIsFlagged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		r := d.refund(t, p)
		b.refund = func(payments.Refund) payments.Result {
			return payments.Result{Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: "credentials_refused"}
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		n := payments.Notice{Subject: payments.SubjectRefund, RefundID: r.ID, ProviderReference: "re_1", Result: payments.Result{
			Outcome: payments.OutcomeSucceeded, Amount: 500,
		}}
		e := d.tell(t, n)
		if got := d.payment(t, p.ID); e.Status != models.InboundApplied || got.Issue != models.IssueRefundUnknown {
			t.Errorf("%s, issue %q", e.Status, got.Issue)
		}
	})
}

// Of a refund that failed at the provider, older news of its success are stale.
func TestOlderNewsOfARefundThatFailedAreStale(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		r := d.refund(t, p)
		b.refund = func(payments.Refund) payments.Result {
			return payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, ProviderReference: "re_1"}
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		e := d.tell(t, payments.Notice{Subject: payments.SubjectRefund, RefundID: r.ID, ProviderReference: "re_1", Result: payments.Result{
			Outcome: payments.OutcomeSucceeded, Amount: 500,
		}})
		if got := d.payment(t, p.ID); e.Status != models.InboundStale || got.Issue != models.IssueNone {
			t.Errorf("%s, issue %q", e.Status, got.Issue)
		}
	})
}

// An earlier try that was made after all is a second refund beside the present one.
func TestEarlierTryThatWasMadeIsFlagged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		r := d.refund(t, p)
		b.refund = func(payments.Refund) payments.Result { return payments.Result{Outcome: payments.OutcomeNotSent} }
		do(t, d.SendRefund(t.Context(), r.ID))
		b.refund = func(in payments.Refund) payments.Result {
			return payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "re_" + in.Key}
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectRefund, RefundID: r.ID, ProviderReference: "re_" + r.IdempotencyKey,
			Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 500},
		})
		if got := d.payment(t, p.ID); e.Status != models.InboundApplied || got.Issue != models.IssueRefundUnknown {
			t.Errorf("%s, issue %q", e.Status, got.Issue)
		}
	})
}

// What only a person can bring on at the provider is flagged at once.
func TestStuckRefundIsFlagged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		r := d.refund(t, p)
		b.refund = func(payments.Refund) payments.Result {
			return payments.Result{Outcome: payments.OutcomeProcessing, ProviderReference: "re_1"}
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		d.tell(t, payments.Notice{Subject: payments.SubjectRefund, RefundID: r.ID, ProviderReference: "re_1", Result: payments.Result{
			Outcome: payments.OutcomeUnknown, Code: "ABNORMAL", Stuck: true,
		}})
		if got := d.payment(t, p.ID); got.Issue != models.IssueRefundUnknown || got.AmountRefundPending != 500 {
			t.Errorf("issue %q, pending %d", got.Issue, got.AmountRefundPending)
		}
	})
}

// A refund made at a provider that does not tell its amount is for a human.
func TestRefundOfAnUntoldAmountIsFlagged(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, _ := newTellingDesk(t, db)
		p := d.paid(t)
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectRefund, AttemptID: d.attempts(t, p.ID)[0].ID, ProviderReference: "biz_1",
			Result: payments.Result{Outcome: payments.OutcomeSucceeded},
		})
		if got := d.payment(t, p.ID); e.Status != models.InboundApplied || got.Issue != models.IssueRefundUnknown {
			t.Errorf("%s, issue %q", e.Status, got.Issue)
		}
	})
}

// What is given back of a charge that does not count is no refund of the payment.
func TestRefundOfASecondChargeIsNoneOfThePayments(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, p := lateDesk(t, db, succeeds)
		d.wantStatus(t, p.ID, models.PaymentPaid)
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectRefund, AttemptID: d.attempts(t, p.ID)[0].ID, ProviderReference: "re_1",
			Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1999},
		})
		if got := d.payment(t, p.ID); e.Status != models.InboundStale || got.AmountRefunded != 0 {
			t.Errorf("%s, refunded %d", e.Status, got.AmountRefunded)
		}
	})
}
