package paymentstest

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// as returns the provider as one of its optional interfaces; run has seen that it is one.
func as[T any](t *testing.T, p payments.Provider) T {
	t.Helper()
	v, ok := p.(T)
	if !ok {
		t.Fatalf("%T is not what it was", p)
	}
	return v
}

// taken has a new charge paid, by its customer if need be.
func (s *suite) taken(t *testing.T, token string) payments.Charge {
	t.Helper()
	provider, c := s.provider(t, calm), s.newCharge(token)
	r := provider.Charge(t.Context(), s.Account, c)
	if r.Outcome == payments.OutcomeRequiresAction && r.NextAction != nil {
		c.ProviderReference = r.ProviderReference
		s.Complete(t, r.NextAction.URL)
		if s.Blind {
			return c
		}
		r = provider.Lookup(t.Context(), s.Account, c)
	}
	if r.Outcome != payments.OutcomeSucceeded {
		t.Fatalf("outcome = %s: %+v", r.Outcome, r)
	}
	c.ProviderReference = r.ProviderReference
	return c
}

// authorized has a new charge authorized.
func (s *suite) authorized(t *testing.T) payments.Charge {
	t.Helper()
	c := s.newCharge(s.Tokens.Success)
	c.Capture = false
	r := s.provider(t, calm).Charge(t.Context(), s.Account, c)
	if r.Outcome != payments.OutcomeAuthorized {
		t.Fatalf("outcome = %s: %+v", r.Outcome, r)
	}
	c.ProviderReference = r.ProviderReference
	return c
}

func modification(c payments.Charge, amount int64) payments.Modification {
	id := newID()
	return payments.Modification{
		Original: c, AttemptID: "att_" + id, Key: "key_" + id, Amount: amount, StartedAt: time.Now(),
	}
}

func refundOf(c payments.Charge, amount int64) payments.Refund {
	id := newID()
	return payments.Refund{
		Original: c, Captured: c.Amount, RefundID: "ref_" + id, Key: "key_" + id, Amount: amount,
		Reason: "requested_by_customer", StartedAt: time.Now(),
	}
}

// wantDone wants a modification or refund that is done, or will be.
func (s *suite) wantDone(t *testing.T, r payments.Result) {
	t.Helper()
	if s.ModifiesLater && r.Outcome == payments.OutcomeProcessing {
		return
	}
	wantOutcome(t, r, payments.OutcomeSucceeded)
}

// wantUnsure wants nothing to be claimed of what was lost on its way: who looked
// at once what became of it may know that it is done.
func (s *suite) wantUnsure(t *testing.T, r payments.Result) {
	t.Helper()
	if r.Outcome != payments.OutcomeUnknown {
		s.wantDone(t, r)
	}
}

// wantRefused wants a modification or refund that is refused, or will be.
func (s *suite) wantRefused(t *testing.T, r payments.Result) {
	t.Helper()
	if s.ModifiesLater && r.Outcome == payments.OutcomeProcessing {
		return
	}
	wantOutcome(t, r, payments.OutcomeDeclined)
	if r.Outcome == payments.OutcomeDeclined && (r.Code == "" || r.Message == "" || r.Class == "") {
		t.Errorf("code %q, class %q, message %q", r.Code, r.Class, r.Message)
	}
}

// wantAmount waits for an amount of the fake's ledger; it may change no further.
func (s *suite) wantAmount(t *testing.T, what string, of func(string) int64, c payments.Charge, want int64) {
	t.Helper()
	if s.ModifiesLater {
		eventually(t, what, func() bool { return of(c.AttemptID) == want })
	}
	if got := of(c.AttemptID); got != want {
		t.Errorf("%s = %d, want %d", what, got, want)
	}
}

// eventually waits for what the fake does by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		<-tick.C
	}
}
