package paymentstest

import (
	"net/http"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

func (run runner) capture(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	capturer := as[payments.Capturer](t, s.provider(t, calm))
	for _, amount := range []int64{1250, 400} {
		t.Run(map[bool]string{true: "the whole of it", false: "a part"}[amount == 1250], func(t *testing.T) {
			c := s.authorized(t)
			m := modification(c, amount)
			for range 2 { // the same key captures once
				r := capturer.Capture(t.Context(), s.Account, m)
				s.wantDone(t, r)
				if r.Outcome == payments.OutcomeSucceeded && r.Amount != amount {
					t.Errorf("amount = %d, want %d", r.Amount, amount)
				}
				s.wantAmount(t, "captured", s.Captured, c, amount)
			}
			s.wantCharged(t, c, 1)
		})
	}
	t.Run("too much", func(t *testing.T) {
		c := s.authorized(t)
		s.wantRefused(t, capturer.Capture(t.Context(), s.Account, modification(c, c.Amount+1)))
		s.wantAmount(t, "captured", s.Captured, c, 0)
	})
	t.Run("refused before it is executed", func(t *testing.T) {
		c := s.authorized(t)
		r := capturer.Capture(t.Context(), s.Wrong, modification(c, c.Amount))
		wantOutcome(t, r, payments.OutcomeNotSent)
		if !r.Misconfigured {
			t.Error("not marked as misconfigured")
		}
		elsewhere := s.Account
		elsewhere.BaseURL = "http://127.0.0.1:1"
		wantOutcome(t, capturer.Capture(t.Context(), elsewhere, modification(c, c.Amount)), payments.OutcomeNotSent)
		wantOutcome(t, capturer.Void(t.Context(), elsewhere, modification(c, c.Amount)), payments.OutcomeNotSent)
		s.wantAmount(t, "captured", s.Captured, c, 0)
	})
}

func (run runner) void(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	capturer := as[payments.Capturer](t, s.provider(t, calm))
	t.Run("once, however often it is sent", func(t *testing.T) {
		c := s.authorized(t)
		m := modification(c, c.Amount)
		for range 2 {
			s.wantDone(t, capturer.Void(t.Context(), s.Account, m))
			eventually(t, "the amount is released", func() bool { return s.Released(c.AttemptID) })
		}
		s.wantRefused(t, capturer.Capture(t.Context(), s.Account, modification(c, c.Amount)))
		s.wantAmount(t, "captured", s.Captured, c, 0)
	})
	t.Run("not after it was captured", func(t *testing.T) {
		c := s.authorized(t)
		s.wantDone(t, capturer.Capture(t.Context(), s.Account, modification(c, c.Amount)))
		s.wantAmount(t, "captured", s.Captured, c, c.Amount)
		s.wantRefused(t, capturer.Void(t.Context(), s.Account, modification(c, c.Amount)))
		if s.Released(c.AttemptID) {
			t.Error("released although it was captured")
		}
		s.wantAmount(t, "captured", s.Captured, c, c.Amount)
	})
}

// A capture or a void whose answer, or which itself, is lost is sent again.
func (run runner) lostModification(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	faults := map[string]fault{"lost request": reset, "503 without doing it": answer(http.StatusServiceUnavailable, "text/html", "<h1>Down</h1>")}
	for name, spoil := range lost {
		faults[name] = after(spoil)
	}
	for name, broken := range faults {
		t.Run(name, func(t *testing.T) {
			c := s.authorized(t)
			m := modification(c, 400)
			s.network.breakModifications(broken)
			r := as[payments.Capturer](t, s.provider(t, patience)).Capture(t.Context(), s.Account, m)
			s.network.heal()
			s.wantUnsure(t, r)
			m.ProviderReference = r.ProviderReference
			s.wantDone(t, as[payments.Capturer](t, s.provider(t, calm)).Capture(t.Context(), s.Account, m))
			s.wantAmount(t, "captured", s.Captured, c, 400)

			c = s.authorized(t)
			m = modification(c, c.Amount)
			s.network.breakModifications(broken)
			r = as[payments.Capturer](t, s.provider(t, patience)).Void(t.Context(), s.Account, m)
			s.network.heal()
			s.wantUnsure(t, r)
			m.ProviderReference = r.ProviderReference
			s.wantDone(t, as[payments.Capturer](t, s.provider(t, calm)).Void(t.Context(), s.Account, m))
			eventually(t, "the amount is released", func() bool { return s.Released(c.AttemptID) })
		})
	}
}
