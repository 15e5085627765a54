package paymentstest

import (
	"net/http"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

func (run runner) cancel(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider := s.provider(t, calm)
	canceler := as[payments.Canceler](t, provider)
	t.Run("while it waits for its customer", func(t *testing.T) {
		c := s.newCharge(s.Tokens.Action)
		c.ReturnURL = "https://shop.example/thanks"
		r := provider.Charge(t.Context(), s.Account, c)
		wantOutcome(t, r, payments.OutcomeRequiresAction)
		if r.NextAction == nil {
			t.Fatal("there is nothing for the customer to do")
		}
		c.ProviderReference = r.ProviderReference
		if s.Lingers {
			wantOutcome(t, canceler.Cancel(t.Context(), s.Account, c), payments.OutcomeRequiresAction)
			s.wantCharged(t, c, 0)
			return
		}
		for range 2 {
			s.wantCanceled(t, canceler.Cancel(t.Context(), s.Account, c), payments.OutcomeNotFound)
		}
		s.Complete(t, r.NextAction.URL) // too late
		s.wantCharged(t, c, 0)
		if r := provider.Lookup(t.Context(), s.Account, c); r.Outcome != payments.OutcomeNotFound && !s.Blind {
			t.Errorf("look-up = %+v", r)
		}
	})
	t.Run("when it is paid already", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		s.wantCanceled(t, canceler.Cancel(t.Context(), s.Account, c), payments.OutcomeSucceeded)
		s.wantCharged(t, c, 1)
		wantOutcome(t, provider.Lookup(t.Context(), s.Account, c), payments.OutcomeSucceeded)
	})
	if has[payments.Capturer](provider) {
		t.Run("when it is authorized it stays so", func(t *testing.T) {
			c := s.authorized(t)
			later := s.wantCanceled(t, canceler.Cancel(t.Context(), s.Account, c), payments.OutcomeAuthorized)
			if !later && s.Released(c.AttemptID) {
				t.Error("a cancel is no void")
			}
		})
	}
	t.Run("when nobody knows what became of it", func(t *testing.T) {
		c := s.newCharge(s.Tokens.Success)
		s.network.breakCharges(after(reset))
		r := provider.Charge(t.Context(), s.Account, c)
		s.network.heal()
		wantOutcome(t, r, payments.OutcomeUnknown)
		c.ProviderReference = r.ProviderReference
		r = canceler.Cancel(t.Context(), s.Account, c)
		if s.Waits {
			wantOutcome(t, r, payments.OutcomeNotFound)
			return
		}
		s.wantCanceled(t, r, payments.OutcomeSucceeded)
		s.wantCharged(t, c, 1)
	})
	t.Run("before it arrives", func(t *testing.T) {
		impatient, c := s.provider(t, patience), s.newCharge(s.Tokens.Success)
		release, arrived := make(chan struct{}), make(chan struct{})
		s.network.breakCharges(func(_ http.ResponseWriter, _ *http.Request, forward func() reply) {
			<-release
			forward()
			close(arrived)
		})
		r := impatient.Charge(t.Context(), s.Account, c)
		s.network.heal()
		wantOutcome(t, r, payments.OutcomeUnknown)
		c.ProviderReference = r.ProviderReference
		r = canceler.Cancel(t.Context(), s.Account, c)
		close(release)
		<-arrived
		if later := s.wantCanceled(t, r, payments.OutcomeNotFound); !later {
			s.wantCharged(t, c, 0)
		}
	})
	t.Run("a cancel that fails proves nothing", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		for name, spoil := range lost {
			s.network.breakAll(spoil)
			r := as[payments.Canceler](t, s.provider(t, patience)).Cancel(t.Context(), s.Account, c)
			s.network.heal()
			if r.Outcome != payments.OutcomeUnknown {
				t.Errorf("%s: outcome = %s, want unknown", name, r.Outcome)
			}
		}
		wantOutcome(t, canceler.Cancel(t.Context(), s.Wrong, c), payments.OutcomeUnknown)
	})
}

// wantCanceled wants what a cancel says of a charge. One that is told of later
// has promised nothing yet, and may release what was authorized.
func (s *suite) wantCanceled(t *testing.T, r payments.Result, want payments.Outcome) (later bool) {
	t.Helper()
	if s.ModifiesLater && r.Outcome == payments.OutcomeProcessing {
		return true
	}
	wantOutcome(t, r, want)
	return false
}
