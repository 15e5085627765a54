package paymentstest

import (
	"net/http"
	"sync"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

func (run runner) refund(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	refunder := as[payments.Refunder](t, s.provider(t, calm))
	t.Run("the whole of it, once, however often it is sent", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		refund := refundOf(c, c.Amount)
		first := refunder.Refund(t.Context(), s.Account, refund)
		s.wantDone(t, first)
		if first.ProviderReference == "" {
			t.Error("the refund has no reference")
		}
		for range 2 {
			again := refunder.Refund(t.Context(), s.Account, refund)
			s.wantDone(t, again)
			if again.ProviderReference != first.ProviderReference {
				t.Errorf("references %q and %q are not one", first.ProviderReference, again.ProviderReference)
			}
			refund.ProviderReference = first.ProviderReference
		}
		s.wantAmount(t, "refunded", s.Refunded, c, c.Amount)
	})
	t.Run("in two parts, and no more", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		for i, amount := range []int64{400, 850} {
			r := refunder.Refund(t.Context(), s.Account, refundOf(c, amount))
			s.wantDone(t, r)
			if r.Outcome == payments.OutcomeSucceeded && r.Amount != amount {
				t.Errorf("amount = %d, want %d", r.Amount, amount)
			}
			s.wantAmount(t, "refunded", s.Refunded, c, []int64{400, 1250}[i])
		}
		s.wantRefused(t, refunder.Refund(t.Context(), s.Account, refundOf(c, 1)))
		s.wantAmount(t, "refunded", s.Refunded, c, c.Amount)
	})
	t.Run("more than what is left", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		s.wantDone(t, refunder.Refund(t.Context(), s.Account, refundOf(c, 1000)))
		s.wantAmount(t, "refunded", s.Refunded, c, 1000)
		refund := refundOf(c, 251)
		for range 2 {
			s.wantRefused(t, refunder.Refund(t.Context(), s.Account, refund))
		}
		s.wantAmount(t, "refunded", s.Refunded, c, 1000)
	})
	t.Run("at the same time", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		refund := refundOf(c, 300)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				switch r := refunder.Refund(t.Context(), s.Account, refund); r.Outcome {
				case payments.OutcomeSucceeded, payments.OutcomeUnknown, payments.OutcomeProcessing:
				default:
					t.Errorf("outcome = %s (code %q): the refund is under way", r.Outcome, r.Code)
				}
			})
		}
		wg.Wait()
		s.wantDone(t, refunder.Refund(t.Context(), s.Account, refund))
		s.wantAmount(t, "refunded", s.Refunded, c, 300)
	})
	t.Run("refused before it is executed", func(t *testing.T) {
		c := s.taken(t, s.Tokens.Success)
		r := refunder.Refund(t.Context(), s.Wrong, refundOf(c, 100))
		wantOutcome(t, r, payments.OutcomeNotSent)
		if !r.Misconfigured {
			t.Error("not marked as misconfigured")
		}
		elsewhere := s.Account
		elsewhere.BaseURL = "http://127.0.0.1:1"
		wantOutcome(t, refunder.Refund(t.Context(), elsewhere, refundOf(c, 100)), payments.OutcomeNotSent)
		wantOutcome(t, refunder.LookupRefund(t.Context(), elsewhere, refundOf(c, 100)), payments.OutcomeUnknown)
		s.wantAmount(t, "refunded", s.Refunded, c, 0)
	})
}

// A refund whose answer, or which itself, is lost is sent again with its key.
func (run runner) lostRefund(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	faults := map[string]fault{"lost request": reset, "503 without doing it": answer(http.StatusServiceUnavailable, "text/html", "<h1>Down</h1>")}
	for name, spoil := range lost {
		faults[name] = after(spoil)
	}
	for name, broken := range faults {
		t.Run(name, func(t *testing.T) {
			c := s.taken(t, s.Tokens.Success)
			refund := refundOf(c, 300)
			s.network.breakModifications(broken)
			r := as[payments.Refunder](t, s.provider(t, patience)).Refund(t.Context(), s.Account, refund)
			s.network.heal()
			s.wantUnsure(t, r)
			s.wantNoSecret(t, r.Raw+r.Message+r.Code)
			refund.ProviderReference = r.ProviderReference
			s.wantDone(t, as[payments.Refunder](t, s.provider(t, calm)).Refund(t.Context(), s.Account, refund))
			s.wantAmount(t, "refunded", s.Refunded, c, 300)
		})
	}
}

func (run runner) laterRefund(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	refunder := as[payments.Refunder](t, s.provider(t, calm))
	until := func(t *testing.T, refund payments.Refund, want payments.Outcome) {
		t.Helper()
		if s.Blind {
			return // a webhook tells
		}
		eventually(t, "the refund is "+string(want), func() bool {
			return refunder.LookupRefund(t.Context(), s.Account, refund).Outcome == want
		})
	}
	if s.Tokens.RefundPending != "" {
		t.Run("it is pending, then it succeeds", func(t *testing.T) {
			c := s.taken(t, s.Tokens.RefundPending)
			refund := refundOf(c, 300)
			r := refunder.Refund(t.Context(), s.Account, refund)
			wantOutcome(t, r, payments.OutcomeProcessing)
			refund.ProviderReference = r.ProviderReference
			until(t, refund, payments.OutcomeSucceeded)
			s.wantAmount(t, "refunded", s.Refunded, c, 300)
		})
	}
	if s.Tokens.RefundFails != "" {
		t.Run("it succeeds, then it fails", func(t *testing.T) {
			c := s.taken(t, s.Tokens.RefundFails)
			refund := refundOf(c, 300)
			r := refunder.Refund(t.Context(), s.Account, refund)
			s.wantDone(t, r)
			refund.ProviderReference = r.ProviderReference
			until(t, refund, payments.OutcomeDeclined)
			eventually(t, "the money is back", func() bool { return s.Refunded(c.AttemptID) == 0 })
		})
	}
}

// Whatever the network does, a refund sent until its outcome is known is made once.
func (run runner) refundChaos(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	charges := make([]payments.Charge, 0, chaosRefunds)
	for range chaosRefunds {
		charges = append(charges, s.taken(t, s.Tokens.Success))
	}
	s.network.breakAll(anyFault())
	var wg sync.WaitGroup
	next := make(chan payments.Charge)
	for range chaosAtOnce {
		refunder := as[payments.Refunder](t, s.provider(t, chaosPatience))
		wg.Go(func() {
			for c := range next {
				refund := refundOf(c, 300)
				r := refunder.Refund(t.Context(), s.Account, refund)
				for r.Outcome == payments.OutcomeUnknown || r.Outcome == payments.OutcomeNotSent {
					r = refunder.Refund(t.Context(), s.Account, refund)
				}
				s.wantDone(t, r)
			}
		})
	}
	for _, c := range charges {
		next <- c
	}
	close(next)
	wg.Wait()
	s.network.heal()
	for _, c := range charges {
		s.wantAmount(t, "refunded", s.Refunded, c, 300)
	}
}
