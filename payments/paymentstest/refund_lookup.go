package paymentstest

import (
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func (run runner) lookupRefund(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	refunder := as[payments.Refunder](t, s.provider(t, calm))
	wantFound := func(t *testing.T, refund payments.Refund) {
		t.Helper()
		if r := refunder.LookupRefund(t.Context(), s.Account, refund); r.Outcome != payments.OutcomeUnknown || !s.Blind {
			s.wantDone(t, r)
		}
	}
	t.Run("it was made", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		s.wantDone(t, refunder.Refund(t.Context(), s.Account, refundOf(c, 500))) // another one
		refund := refundOf(c, 300)
		r := refunder.Refund(t.Context(), s.Account, refund)
		s.wantDone(t, r)
		wantFound(t, refund)
		refund.ProviderReference = r.ProviderReference
		wantFound(t, refund)
		s.wantAmount(t, "refunded", s.Refunded, c, 800)
	})
	t.Run("its answer was lost", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		refund := refundOf(c, 300)
		s.network.breakModifications(after(reset))
		wantOutcome(t, refunder.Refund(t.Context(), s.Account, refund), payments.OutcomeUnknown)
		s.network.heal()
		wantFound(t, refund)
		s.wantAmount(t, "refunded", s.Refunded, c, 300)
	})
	t.Run("it was never sent", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		refund := refundOf(c, 300)
		refund.StartedAt = time.Now().Add(-time.Hour) // by now it would have arrived
		if r := refunder.LookupRefund(t.Context(), s.Account, refund); r.Outcome != payments.OutcomeUnknown || !s.Blind {
			wantOutcome(t, r, payments.OutcomeNotFound)
		}
		s.wantAmount(t, "refunded", s.Refunded, c, 0)
	})
	// Only who has made sure that it cannot arrive any more may say that there is none.
	t.Run("it is held up", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		refund := refundOf(c, 300)
		release, arrived := make(chan struct{}), make(chan struct{})
		s.network.breakModifications(func(_ http.ResponseWriter, _ *http.Request, forward func() reply) {
			<-release
			forward()
			close(arrived)
		})
		r := as[payments.Refunder](t, s.provider(t, patience)).Refund(t.Context(), s.Account, refund)
		s.network.heal()
		wantOutcome(t, r, payments.OutcomeUnknown)
		r = refunder.LookupRefund(t.Context(), s.Account, refund)
		close(release)
		<-arrived
		switch r.Outcome {
		case payments.OutcomeNotFound:
			s.wantAmount(t, "refunded", s.Refunded, c, 0)
		case payments.OutcomeUnknown:
			s.wantDone(t, refunder.Refund(t.Context(), s.Account, refund))
			s.wantAmount(t, "refunded", s.Refunded, c, 300)
		default:
			t.Errorf("outcome = %s, want not_found or unknown", r.Outcome)
		}
	})
	t.Run("a look-up that fails proves nothing", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		refund := refundOf(c, 300)
		r := refunder.Refund(t.Context(), s.Account, refund)
		s.wantDone(t, r)
		for name, spoil := range lost {
			for _, reference := range []string{"", r.ProviderReference} {
				refund.ProviderReference = reference
				s.network.breakAll(spoil)
				found := as[payments.Refunder](t, s.provider(t, patience)).LookupRefund(t.Context(), s.Account, refund)
				s.network.heal()
				if found.Outcome != payments.OutcomeUnknown {
					t.Errorf("%s: outcome = %s, want unknown", name, found.Outcome)
				}
			}
		}
		wantOutcome(t, refunder.LookupRefund(t.Context(), s.Wrong, refund), payments.OutcomeUnknown)
	})
}
