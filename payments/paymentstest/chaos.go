package paymentstest

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	chaosCharges  = 80
	chaosRefunds  = 40
	chaosAtOnce   = 8
	blindTries    = 10 // look-ups of a provider that may never know
	chaosRate     = 0.4
	chaosPatience = 250 * time.Millisecond
)

// Whatever the network does, every charge comes to an end that its server agrees with.
func (run runner) chaos(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	s.network.breakAll(anyFault())
	var wg sync.WaitGroup
	next := make(chan payments.Charge)
	var mu sync.Mutex
	ended := make(map[payments.Charge]payments.Result)
	for range chaosAtOnce {
		provider := s.provider(t, chaosPatience)
		wg.Go(func() {
			for c := range next {
				r := s.settle(t, provider, c)
				mu.Lock()
				ended[c] = r
				mu.Unlock()
			}
		})
	}
	for range chaosCharges {
		next <- s.newCharge(s.Tokens.Success)
	}
	close(next)
	wg.Wait()
	for c, r := range ended { // after all the others, so that what was late has arrived
		switch r.Outcome {
		case payments.OutcomeSucceeded:
			s.wantCharged(t, c, 1)
		case payments.OutcomeRequiresAction:
			s.wantTaken(t, r)
			s.wantCharged(t, c, 0)
		case payments.OutcomeUnknown:
			if n := s.Charged(c.AttemptID); !s.Blind || n > 1 {
				t.Errorf("outcome = %s with %d charges: %+v", r.Outcome, n, r)
			}
		case payments.OutcomeNotFound, payments.OutcomeNotSent:
			s.wantCharged(t, c, 0)
		default:
			t.Errorf("outcome = %s: %+v", r.Outcome, r)
		}
	}
}

// settle sends a charge and looks it up until its outcome is known.
func (s *suite) settle(t *testing.T, provider payments.Provider, c payments.Charge) payments.Result {
	t.Helper()
	r := provider.Charge(t.Context(), s.Account, c)
	for try := 0; r.Outcome == payments.OutcomeUnknown && t.Context().Err() == nil; try++ {
		if s.Blind && try == blindTries {
			return r
		}
		if r.ProviderReference != "" {
			c.ProviderReference = r.ProviderReference
		}
		r = provider.Lookup(t.Context(), s.Account, c)
	}
	return r
}

// anyFault breaks a part of the requests in any way.
func anyFault() fault {
	var faults []fault
	for _, spoil := range lost {
		faults = append(faults, spoil, after(spoil))
	}
	faults = append(faults, late, answer(http.StatusTooManyRequests, "text/html", "<h1>Slow down</h1>"))
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	return func(w http.ResponseWriter, r *http.Request, forward func() reply) {
		mu.Lock()
		broken, i := random.Float64() < chaosRate, random.IntN(len(faults))
		mu.Unlock()
		if !broken {
			forward().write(w)
			return
		}
		faults[i](w, r, forward)
	}
}

// late has the request arrive when its client has given up.
func late(_ http.ResponseWriter, r *http.Request, forward func() reply) {
	<-r.Context().Done()
	forward()
	panic(http.ErrAbortHandler)
}
