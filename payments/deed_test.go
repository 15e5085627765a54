package payments_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

// agent is a person at the pages, whom claims can name.
func agent(t *testing.T, db *models.DB, email string) models.Actor {
	t.Helper()
	var u *models.User
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		u, err = tx.CreateUser(models.User{Email: email, Role: models.RoleSupport, PasswordHash: "unusable"})
		return err
	})
	return models.Actor{Kind: "user", ID: u.ID, Name: u.Email}
}

// authorized brings a payment to where it can be captured.
func (d *desk) authorized(t *testing.T) *models.Payment {
	t.Helper()
	d.bank.answer = func(c payments.Charge) payments.Result {
		return payments.Result{Outcome: payments.OutcomeAuthorized, ProviderReference: "ch_" + c.Key}
	}
	p, a := d.accept(t)
	do(t, d.Send(t.Context(), a.ID))
	d.wantStatus(t, p.ID, models.PaymentAuthorized)
	return d.payment(t, p.ID)
}

func (d *desk) write(fn func(tx *models.Tx) error) error { return d.db.Write(context.Background(), fn) }

func code(err error) string {
	if refused, ok := errors.AsType[*models.Error](err); ok {
		return refused.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// A capture that waits to be tried again has the amount reserved: charging the
// customer instead would take the money twice, and canceling would keep it.
func TestWaitingCaptureIsRepeatedAsOne(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		p := d.authorized(t)
		scope, by := models.MerchantScope(d.shop.ID), agent(t, db, "aina@example.com")
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.Capture(tx, scope, p.ID, payments.Action{Amount: 500, Reason: "goods left", Actor: by})
			return err
		}))
		capture := d.attempts(t, p.ID)[1]
		do(t, d.write(func(tx *models.Tx) error {
			for _, to := range []models.AttemptStatus{models.AttemptSending, models.AttemptNotSent} {
				if _, err := tx.MoveAttempt(capture.ID, to, models.AttemptChange{}); err != nil {
					return err
				}
			}
			return tx.NoteNextRetry(p.ID, tx.Now().Add(time.Hour))
		}))
		err := d.write(func(tx *models.Tx) error {
			_, err := d.Cancel(tx, scope, p.ID, payments.Action{Reason: "gave up", Actor: by})
			return err
		})
		if code(err) != "payment_not_cancelable" {
			t.Errorf("canceling what is reserved: %v", err)
		}
		other := modelstest.Gateway(t, db, d.shop.ID)
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.Retry(tx, scope, p.ID, payments.RetryRequest{Gateway: other.ID, Reason: "it works again", Actor: by})
			return err
		}))
		again := d.attempts(t, p.ID)[2]
		if again.Kind != models.KindCapture || again.Amount != 500 || *again.GatewayAccountID != d.gateway.ID {
			t.Errorf("the retry is a %s of %d through %s", again.Kind, again.Amount, *again.GatewayAccountID)
		}
	})
}

func TestClaimedPaymentIsForItsClaimantAlone(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		scope := models.AllMerchants()
		first, second := agent(t, db, "first@example.com"), agent(t, db, "second@example.com")
		d.bank.answer = declines(payments.ClassFixData)
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		claim := func(by models.Actor) error {
			return d.write(func(tx *models.Tx) error { _, err := d.Claim(tx, scope, p.ID, by); return err })
		}
		do(t, claim(first))
		in := payments.Action{Reason: "because", Actor: second}
		deeds := map[string]func(tx *models.Tx) error{
			"retry": func(tx *models.Tx) error {
				_, err := d.Retry(tx, scope, p.ID, payments.RetryRequest{Reason: "because", Actor: second})
				return err
			},
			"force": func(tx *models.Tx) error {
				_, err := d.Retry(tx, scope, p.ID, payments.RetryRequest{Reason: "because", Actor: second, Force: true})
				return err
			},
			"sync":    func(tx *models.Tx) error { _, err := d.Sync(tx, scope, p.ID, in); return err },
			"capture": func(tx *models.Tx) error { _, err := d.Capture(tx, scope, p.ID, in); return err },
			"void":    func(tx *models.Tx) error { _, err := d.Void(tx, scope, p.ID, in); return err },
			"cancel":  func(tx *models.Tx) error { _, err := d.Cancel(tx, scope, p.ID, in); return err },
			"paid":    func(tx *models.Tx) error { _, err := d.ConfirmPaid(tx, scope, p.ID, in); return err },
			"unpaid":  func(tx *models.Tx) error { _, err := d.ConfirmNotPaid(tx, scope, p.ID, in); return err },
			"wait":    func(tx *models.Tx) error { _, err := d.KeepWaiting(tx, scope, p.ID, in); return err },
			"settle":  func(tx *models.Tx) error { _, err := d.SettleIssue(tx, scope, p.ID, in); return err },
			"release": func(tx *models.Tx) error { _, err := d.Release(tx, scope, p.ID, second); return err },
			"refund": func(tx *models.Tx) error {
				_, err := d.Refund(tx, scope, payments.RefundRequest{PaymentID: p.ID, Amount: 1, Reason: "because", Actor: second})
				return err
			},
			"claim": func(tx *models.Tx) error { _, err := d.Claim(tx, scope, p.ID, second); return err },
		}
		for name, deed := range deeds {
			if err := d.write(deed); code(err) != "claimed_by_other" {
				t.Errorf("%s by somebody else: %v", name, err)
			}
		}
		do(t, d.write(func(tx *models.Tx) error { _, err := d.Note(tx, scope, p.ID, in); return err }))
		d.pass(29 * time.Minute)
		do(t, claim(first)) // goes on from now
		d.pass(2 * time.Minute)
		if err := claim(second); code(err) != "claimed_by_other" {
			t.Errorf("taking over what is worked on: %v", err)
		}
		d.pass(29 * time.Minute)
		do(t, claim(second))
		if got := d.payment(t, p.ID).Claimant(db.Now()); got != second.ID {
			t.Errorf("taken over by %q", got)
		}
		do(t, d.write(deeds["retry"]))
		do(t, d.write(deeds["release"]))
		if got := d.payment(t, p.ID).ClaimedBy; got != nil {
			t.Errorf("released, and still claimed by %s", *got)
		}
		acts, _, err := db.AuditEntries(t.Context(), scope, models.AuditFilter{ObjectID: p.ID}, models.Page{})
		do(t, err)
		var names []string
		for _, act := range acts {
			names = append(names, act.Action)
		}
		if len(names) != 5 || names[0] != "payment.release" || names[4] != "payment.claim" {
			t.Errorf("audit log = %v", names)
		}
	})
}

func TestRetryThroughAnotherAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = declines(payments.ClassFixData)
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		second := modelstest.Gateway(t, db, d.shop.ID)
		account := func(kind string, enabled bool) string {
			g := models.GatewayAccount{Account: models.Account{
				ID: models.NewID(models.PrefixGatewayAccount), MerchantID: d.shop.ID, Kind: kind, Name: kind, Enabled: enabled,
			}}
			do(t, d.write(func(tx *models.Tx) error { return tx.CreateGatewayAccount(g) }))
			return g.ID
		}
		stripe, wechat, off := account("stripe", true), account("wechat", true), account("sandbox", false)
		found, err := d.RetryAccounts(t.Context(), d.payment(t, p.ID))
		do(t, err)
		if len(found) != 2 || found[0].ID != d.gateway.ID || found[1].ID != second.ID {
			t.Errorf("offered accounts = %+v", found)
		}
		for id, want := range map[string]string{off: "gateway_disabled", stripe: "token_of_other_provider", wechat: "method_not_taken"} {
			err := d.write(func(tx *models.Tx) error {
				_, err := d.Retry(tx, models.AllMerchants(), p.ID, payments.RetryRequest{
					Gateway: id, Reason: "elsewhere", Actor: agent2,
				})
				return err
			})
			if code(err) != want {
				t.Errorf("through %s: %v, want %s", id, err, want)
			}
		}
	})
}

var agent2 = models.Actor{Kind: "user", ID: "usr_2", Name: "Ben"}

// What is refused by the pages' verdict is what a retry would refuse.
func TestRetryVerdict(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		d.bank.answer = declines(payments.ClassFixData)
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		verdict := func() string {
			t.Helper()
			refusal, err := d.RetryVerdict(t.Context(), d.payment(t, p.ID), d.order, d.attempts(t, p.ID), payments.DeedRetry, agent2)
			do(t, err)
			var inside *models.Error
			do(t, d.write(func(tx *models.Tx) (err error) {
				inside, err = d.Verdict(tx, d.payment(t, p.ID))
				return err
			}))
			if (refusal == nil) != (inside == nil) || refusal != nil && refusal.Code != inside.Code {
				t.Errorf("the page says %v, a retry %v", refusal, inside)
			}
			if refusal == nil {
				return ""
			}
			return refusal.Code
		}
		if got := verdict(); got != "" {
			t.Errorf("a first retry is refused: %s", got)
		}
		rules := payments.DefaultRules()
		rules.MaxRefusals = 1
		do(t, d.write(func(tx *models.Tx) error { return d.SetRules(tx, d.shop.ID, rules, agent2) }))
		if got := verdict(); got != "retry_limit" {
			t.Errorf("beyond the merchant's rules: %q", got)
		}
	})
}

func TestForceKeepsWhatElseForbids(t *testing.T) {
	t.Parallel()
	now := time.Now()
	later := now.Add(time.Hour)
	never := models.Failure{Code: "lost_card", Class: "never"}
	for _, tt := range []struct {
		name    string
		payment models.Payment
		want    string
	}{
		{"the bank forbids", models.Payment{Status: models.PaymentFailed, Failure: never}, ""},
		{"and wants a wait", models.Payment{Status: models.PaymentFailed, Failure: never, RetryAfter: &later}, "retry_too_early"},
		{"an issue is open", models.Payment{Status: models.PaymentFailed, Failure: never, Issue: models.IssueChargedTwice}, "issue_open"},
		{"the outcome is unknown", models.Payment{Status: models.PaymentUnknown, Failure: never}, "outcome_unknown"},
		{"it is paid", models.Payment{Status: models.PaymentPaid}, "payment_not_failed"},
	} {
		got := payments.DeedRetryAnyway.Refusal(&tt.payment, nil, agent2, now)
		if (got == nil) != (tt.want == "") || got != nil && got.Code != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, got, tt.want)
		}
	}
}

// Two refunds do not get around the limit of support agents, nor does sending
// one again that has failed.
func TestRefundLimitHoldsForAnotherTry(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		scope := models.AllMerchants()
		p, a := d.accept(t)
		do(t, d.Send(t.Context(), a.ID))
		rules := payments.DefaultRules()
		rules.SupportRefundLimit = 1000
		do(t, d.write(func(tx *models.Tx) error { return d.SetRules(tx, d.shop.ID, rules, agent2) }))
		var r *models.Refund
		refund := func(amount int64, limited bool) error {
			return d.write(func(tx *models.Tx) (err error) {
				r, err = d.Refund(tx, scope, payments.RefundRequest{PaymentID: p.ID, Amount: amount, Reason: "broken", Actor: agent2, Limited: limited})
				return err
			})
		}
		if err := refund(1001, true); code(err) != "refund_above_limit" {
			t.Errorf("above the limit: %v", err)
		}
		do(t, refund(1500, false))
		do(t, d.write(func(tx *models.Tx) error {
			_, _, err := tx.MoveRefund(r.ID, models.RefundFailed, models.RefundChange{Code: "closed"})
			return err
		}))
		retry := func(limited bool) error {
			return d.write(func(tx *models.Tx) error {
				_, err := d.RetryRefund(tx, scope, r.ID, payments.Action{Reason: "once more", Actor: agent2, Limited: limited})
				return err
			})
		}
		if err := retry(true); code(err) != "refund_above_limit" {
			t.Errorf("another try above the limit: %v", err)
		}
		do(t, retry(false))
		if err := retry(false); code(err) != "refund_not_failed" {
			t.Errorf("a second try at once: %v", err)
		}
	})
}
