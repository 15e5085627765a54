//go:build !race

package payments_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// plan is what happens to the next call of the model's bank.
type plan string

// The plans of calls.
const (
	planSucceed    plan = "succeed"
	planDecline    plan = "decline"
	planAct        plan = "act"        // the customer must act
	planProcess    plan = "process"    // done later, told by webhook
	planLoseAfter  plan = "lose_after" // done; the answer is lost
	planLoseBefore plan = "lose_before"
	planRefuse     plan = "refuse" // not reached
	planCrash      plan = "crash"  // done; the process dies before it stores the answer
	planCrashEarly plan = "crash_early"
)

var plans = []plan{
	planSucceed, planSucceed, planDecline, planAct, planProcess, planLoseAfter, planLoseBefore, planRefuse, planCrash, planCrashEarly,
}

// crash is the panic of a process that dies in a call.
type crash struct{}

// deal is what the bank knows of a key.
type deal struct {
	payment, attempt string
	amount, captured int64
	refunded         int64
	state            string // acting, processing, authorized, taken, declined, closed
}

// modelBank is a provider with a truth of its own: what it answers is up to the
// plan, what it did is in its book.
type modelBank struct {
	mu      sync.Mutex
	next    plan
	deals   map[string]*deal // by attempt
	refunds map[string]int64 // by refund key: what it gave back
	notices []payments.Notice
	number  int
}

func newModelBank() *modelBank {
	return &modelBank{next: planSucceed, deals: map[string]*deal{}, refunds: map[string]int64{}}
}

func reference(attempt string) string { return "ch_" + attempt }

func (b *modelBank) tell(n payments.Notice) {
	b.number++
	n.ID, n.Type = fmt.Sprintf("evt_%d", b.number), string(n.Subject)
	b.notices = append(b.notices, n)
}

func (d *deal) result() payments.Result {
	r := payments.Result{ProviderReference: reference(d.attempt), HTTPStatus: 200}
	switch d.state {
	case "acting":
		r.Outcome, r.NextAction = payments.OutcomeRequiresAction, &payments.NextAction{Type: "redirect", URL: "https://bank.example/3ds"}
	case "processing":
		r.Outcome = payments.OutcomeProcessing
	case "authorized":
		r.Outcome, r.Amount = payments.OutcomeAuthorized, d.amount
	case "taken":
		r.Outcome, r.Amount = payments.OutcomeSucceeded, d.captured
	case "declined":
		r.Outcome, r.Class, r.Code = payments.OutcomeDeclined, payments.ClassLater, "insufficient_funds"
	case "voided":
		r.Outcome, r.Class, r.Code = payments.OutcomeDeclined, payments.ClassGeneric, "voided"
	default:
		r.Outcome, r.Code = payments.OutcomeNotFound, "closed"
	}
	return r
}

// Charge follows the plan, but never charges a key twice nor one that was closed.
func (b *modelBank) Charge(_ context.Context, _ payments.Account, c payments.Charge) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.next
	b.next = planSucceed
	if p == planCrashEarly {
		panic(crash{})
	}
	if p == planRefuse {
		return payments.Result{Outcome: payments.OutcomeNotSent, Code: "unreachable", HTTPStatus: 503 - 100}
	}
	if p == planLoseBefore {
		return payments.Result{Outcome: payments.OutcomeUnknown, Code: "no_answer", HTTPStatus: 409}
	}
	d := b.deals[c.AttemptID]
	if d == nil {
		d = &deal{payment: c.PaymentID, attempt: c.AttemptID, amount: c.Amount}
		b.deals[c.AttemptID] = d
		d.state = map[plan]string{planDecline: "declined", planAct: "acting", planProcess: "processing"}[p]
		if d.state == "" {
			d.take(c.Capture)
		}
		if d.state != "acting" && d.state != "processing" {
			b.tell(payments.Notice{Subject: payments.SubjectCharge, AttemptID: c.AttemptID, ChargeReference: reference(c.AttemptID), Result: d.result()})
		}
	}
	switch p {
	case planCrash:
		panic(crash{})
	case planLoseAfter:
		return payments.Result{Outcome: payments.OutcomeUnknown, Code: "no_answer", HTTPStatus: 409}
	default:
		r := d.result()
		if r.Outcome == payments.OutcomeNotFound {
			r.Outcome = payments.OutcomeNotSent
		}
		return r
	}
}

func (d *deal) take(capture bool) {
	d.state = "authorized"
	if capture {
		d.state, d.captured = "taken", d.amount
	}
}

// Lookup tells the truth, and closes what it does not know.
func (b *modelBank) Lookup(_ context.Context, _ payments.Account, c payments.Charge) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.next
	b.next = planSucceed
	switch p {
	case planCrash, planCrashEarly:
		panic(crash{})
	case planLoseAfter, planLoseBefore, planRefuse:
		return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 409}
	}
	d := b.deals[c.AttemptID]
	if d == nil {
		d = &deal{payment: c.PaymentID, attempt: c.AttemptID, amount: c.Amount, state: "closed"}
		b.deals[c.AttemptID] = d
	}
	return d.result()
}

// Cancel ends what waits for its customer.
func (b *modelBank) Cancel(_ context.Context, _ payments.Account, c payments.Charge) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.deals[c.AttemptID]
	if d == nil {
		d = &deal{payment: c.PaymentID, attempt: c.AttemptID, amount: c.Amount}
		b.deals[c.AttemptID] = d
	}
	if d.state == "acting" || d.state == "" {
		d.state = "closed"
	}
	return d.result()
}

// Capture takes what is authorized, once.
func (b *modelBank) Capture(_ context.Context, _ payments.Account, m payments.Modification) payments.Result {
	return b.change(m, payments.SubjectCapture, func(d *deal) {
		d.state, d.captured = "taken", m.Amount
	})
}

// Void releases what is authorized, once.
func (b *modelBank) Void(_ context.Context, _ payments.Account, m payments.Modification) payments.Result {
	return b.change(m, payments.SubjectVoid, func(d *deal) { d.state = "voided" })
}

func (b *modelBank) change(m payments.Modification, subject payments.Subject, do func(d *deal)) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.next
	b.next = planSucceed
	switch p {
	case planCrashEarly:
		panic(crash{})
	case planRefuse:
		return payments.Result{Outcome: payments.OutcomeNotSent, HTTPStatus: 403, Code: "unreachable"}
	case planLoseBefore:
		return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 409}
	}
	d := b.deals[m.Original.AttemptID]
	want := map[payments.Subject]string{payments.SubjectCapture: "taken", payments.SubjectVoid: "voided"}[subject]
	r := payments.Result{HTTPStatus: 200, Outcome: payments.OutcomeSucceeded, Amount: m.Amount}
	switch {
	case d.state == want: // the same call again
	case d.state != "authorized" || p == planDecline:
		r = payments.Result{HTTPStatus: 402, Outcome: payments.OutcomeDeclined, Class: payments.ClassGeneric, Code: "refused"}
	default:
		do(d)
		b.tell(payments.Notice{Subject: subject, AttemptID: m.AttemptID, ChargeReference: reference(d.attempt), Result: r})
	}
	switch p {
	case planCrash:
		panic(crash{})
	case planLoseAfter:
		return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 409}
	default:
		return r
	}
}

// Refund gives back once for each key.
func (b *modelBank) Refund(_ context.Context, _ payments.Account, in payments.Refund) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.next
	b.next = planSucceed
	switch p {
	case planCrashEarly:
		panic(crash{})
	case planRefuse:
		return payments.Result{Outcome: payments.OutcomeNotSent, HTTPStatus: 403}
	case planLoseBefore:
		return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 409}
	case planDecline:
		if _, done := b.refunds[in.Key]; !done {
			return payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, Code: "insufficient_balance", HTTPStatus: 402}
		}
	}
	d := b.deals[in.Original.AttemptID]
	if _, done := b.refunds[in.Key]; !done {
		if d.refunded+in.Amount > d.captured {
			return payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassNever, Code: "too_much", HTTPStatus: 402}
		}
		d.refunded += in.Amount
		b.refunds[in.Key] = in.Amount
		b.tell(payments.Notice{
			Subject: payments.SubjectRefund, RefundID: in.RefundID, ProviderReference: "re_" + in.Key, ChargeReference: reference(d.attempt),
			Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: in.Amount},
		})
	}
	switch p {
	case planCrash:
		panic(crash{})
	case planLoseAfter:
		return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: 409}
	case planProcess:
		return payments.Result{Outcome: payments.OutcomeProcessing, HTTPStatus: 200, ProviderReference: "re_" + in.Key}
	default:
		return payments.Result{Outcome: payments.OutcomeSucceeded, HTTPStatus: 200, ProviderReference: "re_" + in.Key, Amount: in.Amount}
	}
}

// LookupRefund tells the truth.
func (b *modelBank) LookupRefund(_ context.Context, _ payments.Account, in payments.Refund) payments.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = planSucceed
	if _, done := b.refunds[in.Key]; !done {
		return payments.Result{Outcome: payments.OutcomeNotFound, HTTPStatus: 404}
	}
	return payments.Result{Outcome: payments.OutcomeSucceeded, HTTPStatus: 200, ProviderReference: "re_" + in.Key, Amount: in.Amount}
}

// Verify believes everything.
func (b *modelBank) Verify(context.Context, payments.Account, payments.Webhook) error { return nil }

// Read returns the notice that the body is.
func (b *modelBank) Read(_ payments.Account, body []byte) ([]payments.Notice, error) {
	var n payments.Notice
	if err := json.Unmarshal(body, &n); err != nil {
		return nil, fmt.Errorf("read notice: %w", err)
	}
	return []payments.Notice{n}, nil
}

// Acknowledge is empty.
func (b *modelBank) Acknowledge() payments.Acknowledgment { return payments.Acknowledgment{} }

// finish is the customer's answer, or the end of processing.
func (b *modelBank) finish(attempt string, well bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.deals[attempt]
	if d == nil || d.state != "acting" && d.state != "processing" {
		return
	}
	d.state = "declined"
	if well {
		d.state, d.captured = "taken", d.amount
	}
	b.tell(payments.Notice{
		Subject: payments.SubjectCharge, AttemptID: attempt, ChargeReference: reference(attempt), OccurredAt: time.Now(), Result: d.result(),
	})
}

// book sums up what the bank did for a payment.
func (b *modelBank) book(payment string) (charges int, captured, refunded int64, reserved bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.deals {
		if d.payment != payment {
			continue
		}
		switch d.state {
		case "taken":
			charges++
		case "authorized":
			charges, reserved = charges+1, true
		}
		captured += d.captured
		refunded += d.refunded
	}
	return charges, captured, refunded, reserved
}
