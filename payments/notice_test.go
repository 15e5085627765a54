package payments_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

// teller is a bank that captures, cancels, refunds and tells, each as a script says.
type teller struct {
	*bank

	change  payments.Result
	cancel  payments.Result
	refund  func(in payments.Refund) payments.Result
	unclear error // of reading a webhook

	canceled int // how often it was asked to
}

func (b *teller) Capture(context.Context, payments.Account, payments.Modification) payments.Result {
	return b.change
}

func (b *teller) Void(context.Context, payments.Account, payments.Modification) payments.Result {
	return b.change
}

func (b *teller) Cancel(context.Context, payments.Account, payments.Charge) payments.Result {
	b.canceled++
	return b.cancel
}

func (b *teller) Refund(_ context.Context, _ payments.Account, in payments.Refund) payments.Result {
	return b.refund(in)
}

func (b *teller) LookupRefund(_ context.Context, _ payments.Account, in payments.Refund) payments.Result {
	return b.refund(in)
}

func (b *teller) Verify(context.Context, payments.Account, payments.Webhook) error { return nil }

// Read takes the body for JSON of one notice.
func (b *teller) Read(_ payments.Account, body []byte) ([]payments.Notice, error) {
	var n payments.Notice
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, err
	}
	return []payments.Notice{n}, b.unclear
}

func (b *teller) Acknowledge() payments.Acknowledgment { return payments.Acknowledgment{} }

// newTellingDesk is a desk whose bank is a teller.
func newTellingDesk(t *testing.T, db *models.DB) (*desk, *teller) {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, db)
	b := &teller{bank: d.bank}
	d.Service = payments.NewService(db, credentials.New(keys), map[string]payments.Provider{"sandbox": b},
		payments.DefaultPolicy(), slog.New(slog.DiscardHandler))
	return d, b
}

// tell has a notice received and applied, and returns what became of it.
func (d *desk) tell(t *testing.T, n payments.Notice) models.InboundEvent {
	t.Helper()
	n.ID, n.Type = models.NewID("evt"), "test"
	body, err := json.Marshal(n)
	do(t, err)
	_, err = d.Receive(t.Context(), d.gateway.ID, payments.Webhook{Body: body, ReceivedAt: d.db.Now()})
	do(t, err)
	events, _, err := d.db.InboundEvents(t.Context(), models.AllMerchants(), models.InboundFilter{}, models.Page{Limit: 1})
	do(t, err)
	do(t, d.ApplyInbound(t.Context(), events[0].ID))
	stored, err := d.db.InboundEvent(t.Context(), models.AllMerchants(), events[0].ID)
	do(t, err)
	return *stored
}

func (d *desk) paid(t *testing.T) *models.Payment {
	t.Helper()
	p, a := d.accept(t)
	do(t, d.Send(t.Context(), a.ID))
	d.wantStatus(t, p.ID, models.PaymentPaid)
	return d.payment(t, p.ID)
}

// News of the first try of a refund, which failed, must not end the second: the
// customer would be given the money twice by a third.
func TestNewsOfAnEarlierTryOfARefund(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		scope, by := models.MerchantScope(d.shop.ID), models.Actor{Kind: "api_key", ID: "key_1", Name: "shop"}
		b.refund = func(in payments.Refund) payments.Result {
			return payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, Code: "no_funds", ProviderReference: "re_" + in.Key}
		}
		var r *models.Refund
		do(t, d.write(func(tx *models.Tx) (err error) {
			r, err = d.Refund(tx, scope, payments.RefundRequest{PaymentID: p.ID, Amount: 500, Reason: "broken", Actor: by})
			return err
		}))
		do(t, d.SendRefund(t.Context(), r.ID))
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.RetryRefund(tx, scope, r.ID, payments.Action{Reason: "funds came", Actor: by})
			return err
		}))
		failed := payments.Notice{
			Subject: payments.SubjectRefund, RefundID: r.ID, ProviderReference: "re_" + r.IdempotencyKey,
			Result: payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, Code: "no_funds"},
		}
		if e := d.tell(t, failed); e.Status != models.InboundReceived || e.Tries != 1 {
			t.Errorf("before the second try is sent: %s after %d tries, want it to wait", e.Status, e.Tries)
		}
		b.refund = func(in payments.Refund) payments.Result {
			return payments.Result{Outcome: payments.OutcomeProcessing, ProviderReference: "re_" + in.Key}
		}
		do(t, d.SendRefund(t.Context(), r.ID))
		if e := d.tell(t, failed); e.Status != models.InboundStale {
			t.Errorf("after the second try was sent: %s, want ignored_stale", e.Status)
		}
		now, err := db.Refund(t.Context(), scope, r.ID)
		do(t, err)
		if now.Status != models.RefundPending || d.payment(t, p.ID).AmountRefundPending != 500 {
			t.Errorf("refund is %s, pending %d", now.Status, d.payment(t, p.ID).AmountRefundPending)
		}
		failed.ProviderReference = *now.ProviderReference
		if e := d.tell(t, failed); e.Status != models.InboundApplied {
			t.Errorf("news of the second try: %s", e.Status)
		}
	})
}

// A capture that counted as not made was made after all.
func TestNewsOfACaptureThatCountedAsFailed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.authorized(t)
		b.change = payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassNever, Code: "unexpected_state"}
		scope, by := models.MerchantScope(d.shop.ID), models.Actor{Kind: "api_key", ID: "key_1", Name: "shop"}
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.Capture(tx, scope, p.ID, payments.Action{Amount: 500, Actor: by})
			return err
		}))
		capture := d.attempts(t, p.ID)[1]
		do(t, d.Send(t.Context(), capture.ID))
		d.wantStatus(t, p.ID, models.PaymentAuthorized)
		n := payments.Notice{Subject: payments.SubjectCapture, AttemptID: capture.ID, Result: b.change}
		if e := d.tell(t, n); e.Status != models.InboundStale {
			t.Errorf("the refusal once more: %s", e.Status)
		}
		n.Result = payments.Result{Outcome: payments.OutcomeSucceeded}
		if e := d.tell(t, n); e.Status != models.InboundApplied {
			t.Errorf("the capture: %s", e.Status)
		}
		if got := d.payment(t, p.ID); got.Status != models.PaymentPaid || got.AmountCaptured != 500 {
			t.Errorf("payment is %s, captured %d, want paid, 500", got.Status, got.AmountCaptured)
		}
	})
}

// A capture of ours that the provider takes back calls for a human.
func TestNewsOfACaptureThatIsTakenBack(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.authorized(t)
		b.change = payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1999}
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.Capture(tx, models.MerchantScope(d.shop.ID), p.ID, payments.Action{Actor: models.Actor{Kind: "api_key"}})
			return err
		}))
		capture := d.attempts(t, p.ID)[1]
		do(t, d.Send(t.Context(), capture.ID))
		d.wantStatus(t, p.ID, models.PaymentPaid)
		e := d.tell(t, payments.Notice{
			Subject: payments.SubjectCapture, AttemptID: capture.ID, Result: payments.Result{Outcome: payments.OutcomeDeclined, Code: "capture_failed"},
		})
		if got := d.payment(t, p.ID); e.Status != models.InboundApplied || got.Issue != models.IssueCaptureFailed {
			t.Errorf("%s, issue %q", e.Status, got.Issue)
		}
	})
}

// A cancel was promised: what keeps the provider from answering does not end it.
func TestCancelIsRepeatedUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		b.answer = func(c payments.Charge) payments.Result {
			return payments.Result{
				Outcome: payments.OutcomeRequiresAction, ProviderReference: "ch_" + c.Key,
				NextAction: &payments.NextAction{Type: "redirect", URL: "https://bank.example/3ds"},
			}
		}
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		b.cancel = payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 502}
		if err := d.CancelAttempt(t.Context(), a.ID); err == nil {
			t.Error("a cancel without an answer counts as done")
		}
		d.wantStatus(t, p.ID, models.PaymentRequiresAction)
		b.cancel = payments.Result{Outcome: payments.OutcomeRequiresAction}
		do(t, d.CancelAttempt(t.Context(), a.ID)) // not possible there
		b.cancel = payments.Result{Outcome: payments.OutcomeNotFound}
		do(t, d.CancelAttempt(t.Context(), a.ID))
		d.wantStatus(t, p.ID, models.PaymentCanceled)
		do(t, d.CancelAttempt(t.Context(), a.ID)) // once more
	})
}

// An event that only the database kept from being applied is not given up.
func TestInboundOutlivesTheDatabase(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newTellingDesk(t, db)
		p := d.paid(t)
		n := payments.Notice{
			Subject: payments.SubjectDispute, ChargeReference: "ch_" + d.attempts(t, p.ID)[0].IdempotencyKey, ProviderReference: "dp_1",
			OccurredAt: db.Now().Truncate(time.Second),
			Dispute:    &payments.Dispute{Status: payments.DisputeWon, Amount: 1999, Currency: "EUR"},
		}
		e := d.tell(t, n)
		if e.Status != models.InboundApplied {
			t.Fatalf("dispute: %s %s", e.Status, e.Detail)
		}
		t.Run("older news change nothing", func(t *testing.T) {
			older := n
			older.OccurredAt = n.OccurredAt.Add(-time.Hour)
			older.Dispute = &payments.Dispute{Status: payments.DisputeLost, Amount: 1999, Currency: "EUR"}
			if e := d.tell(t, older); e.Status != models.InboundStale {
				t.Errorf("older news: %s", e.Status)
			}
			if got := d.payment(t, p.ID).AmountDisputed; got != 0 {
				t.Errorf("%d is disputed", got)
			}
		})
		t.Run("what was won may be lost after all, and the merchant hears of it", func(t *testing.T) {
			later := n
			later.OccurredAt = n.OccurredAt.Add(time.Hour)
			later.Dispute = &payments.Dispute{Status: payments.DisputeLost, Amount: 1999, Currency: "EUR"}
			if e := d.tell(t, later); e.Status != models.InboundApplied {
				t.Errorf("later news: %s", e.Status)
			}
			closed, _, err := db.Events(t.Context(), models.AllMerchants(), models.EventDisputeClosed, models.Span{}, models.Page{})
			do(t, err)
			if got := d.payment(t, p.ID).AmountDisputed; got != 1999 || len(closed) != 2 {
				t.Errorf("%d is disputed, %d events", got, len(closed))
			}
		})
		t.Run("a body that cannot be read waits for somebody", func(t *testing.T) {
			b.unclear = context.Canceled
			if e := d.tell(t, n); e.Status != models.InboundError {
				t.Errorf("unread: %s", e.Status)
			}
			b.unclear = nil
		})
		t.Run("a context that has ended leaves it as it is", func(t *testing.T) {
			n.ID, n.Type = "evt_waits", "test"
			body, err := json.Marshal(n)
			do(t, err)
			_, err = d.Receive(t.Context(), d.gateway.ID, payments.Webhook{Body: body})
			do(t, err)
			events, _, err := db.InboundEvents(t.Context(), models.AllMerchants(), models.InboundFilter{}, models.Page{Limit: 1})
			do(t, err)
			ended, end := context.WithCancel(t.Context())
			end()
			if err := d.ApplyInbound(ended, events[0].ID); err == nil {
				t.Error("no error, so that no job comes again")
			}
			if e, err := db.InboundEvent(t.Context(), models.AllMerchants(), events[0].ID); err != nil || e.Status != models.InboundReceived {
				t.Errorf("event is %s, %v", e.Status, err)
			}
		})
	})
}
