package paymentstest

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func (run runner) success(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Success)
	first := provider.Charge(t.Context(), s.Account, c)
	s.wantTaken(t, first)
	if first.Amount != c.Amount && !s.Waits || first.ProviderReference == "" || first.Raw == "" {
		t.Errorf("amount %d, reference %q, raw %q", first.Amount, first.ProviderReference, first.Raw)
	}
	again := provider.Charge(t.Context(), s.Account, c)
	s.wantTaken(t, again)
	if s.Waits && first.NextAction != nil {
		s.Complete(t, first.NextAction.URL)
	}
	found := provider.Lookup(t.Context(), s.Account, c)
	s.wantFound(t, found, payments.OutcomeSucceeded)
	// Who waits may learn the provider's own reference only by the payment.
	if again.ProviderReference != first.ProviderReference ||
		found.ProviderReference != first.ProviderReference && !s.Waits && found.Outcome == payments.OutcomeSucceeded {
		t.Errorf("references %q, %q and %q are not one", first.ProviderReference, again.ProviderReference, found.ProviderReference)
	}
	c.ProviderReference = first.ProviderReference
	s.wantFound(t, provider.Lookup(t.Context(), s.Account, c), payments.OutcomeSucceeded)
	s.wantCharged(t, c, 1)
}

func (run runner) authorize(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Success)
	c.Capture = false
	r := provider.Charge(t.Context(), s.Account, c)
	wantOutcome(t, r, payments.OutcomeAuthorized)
	if r.Amount != c.Amount {
		t.Errorf("amount = %d, want %d", r.Amount, c.Amount)
	}
	s.wantFound(t, provider.Lookup(t.Context(), s.Account, c), payments.OutcomeAuthorized)
	s.wantCharged(t, c, 1)
}

func (run runner) refusals(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	classes := []payments.Class{payments.ClassNever, payments.ClassFixData, payments.ClassLater, payments.ClassGeneric}
	for _, class := range classes {
		if s.Waits && s.Tokens.Refused[class] == "" {
			continue // such a charge is refused in front of its customer
		}
		t.Run(string(class), func(t *testing.T) {
			provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Refused[class])
			r := provider.Charge(t.Context(), s.Account, c)
			wantOutcome(t, r, payments.OutcomeDeclined)
			if r.Class != class || r.Code == "" || r.Message == "" {
				t.Errorf("class %q, code %q, message %q", r.Class, r.Code, r.Message)
			}
			c.ProviderReference = r.ProviderReference
			found := provider.Lookup(t.Context(), s.Account, c)
			if s.Forgets {
				wantOutcome(t, found, payments.OutcomeNotFound)
				s.wantCharged(t, c, 0)
				return
			}
			s.wantFound(t, found, payments.OutcomeDeclined)
			if found.Outcome == payments.OutcomeUnknown {
				return
			}
			if found.Class != r.Class || found.Code != r.Code || found.NetworkCode != r.NetworkCode || found.Advice != r.Advice {
				t.Errorf("look-up = %+v, charge = %+v", found, r)
			}
			s.wantCharged(t, c, 0)
		})
	}
}

func (run runner) action(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Action)
	c.ReturnURL = "https://shop.example/thanks"
	r := provider.Charge(t.Context(), s.Account, c)
	wantOutcome(t, r, payments.OutcomeRequiresAction)
	if r.NextAction == nil {
		t.Fatal("there is nothing for the customer to do")
	}
	switch u, err := url.Parse(r.NextAction.URL); r.NextAction.Type {
	case "redirect":
		if err != nil || u.Host == "" {
			t.Fatalf("action = %+v, %v", r.NextAction, err)
		}
	case "qr_code":
		if r.NextAction.URL == "" {
			t.Fatal("the code is empty")
		}
	default:
		t.Fatalf("action = %+v", r.NextAction)
	}
	c.ProviderReference = r.ProviderReference
	s.wantFound(t, provider.Lookup(t.Context(), s.Account, c), payments.OutcomeRequiresAction)
	s.wantCharged(t, c, 0)
	s.Complete(t, r.NextAction.URL)
	s.wantFound(t, provider.Lookup(t.Context(), s.Account, c), payments.OutcomeSucceeded)
	s.wantCharged(t, c, 1)
}

func (run runner) processing(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	if s.Tokens.Processing == "" {
		return
	}
	provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Processing)
	wantOutcome(t, provider.Charge(t.Context(), s.Account, c), payments.OutcomeProcessing)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		r := provider.Lookup(t.Context(), s.Account, c)
		if s.Blind && r.Outcome == payments.OutcomeUnknown {
			return // a webhook tells
		}
		if r.Outcome != payments.OutcomeProcessing {
			wantOutcome(t, r, payments.OutcomeSucceeded)
			break
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the charge never ended")
		}
	}
	s.wantCharged(t, c, 1)
}

func (run runner) concurrent(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	provider, c := s.provider(t, calm), s.newCharge(s.Tokens.Success)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r := provider.Charge(t.Context(), s.Account, c)
			switch r.Outcome {
			case payments.OutcomeSucceeded, payments.OutcomeUnknown, payments.OutcomeProcessing:
			case payments.OutcomeRequiresAction:
				s.wantTaken(t, r)
			default:
				t.Errorf("outcome = %s (code %q): the charge is under way", r.Outcome, r.Code)
			}
		})
	}
	wg.Wait()
	if r := provider.Lookup(t.Context(), s.Account, c); r.Outcome != payments.OutcomeUnknown || !s.Blind {
		s.wantTaken(t, r)
	}
	s.wantOnce(t, c)
}

func (run runner) credentials(t *testing.T) {
	t.Parallel()
	s := run.suite(t)
	tester := as[payments.Tester](t, s.provider(t, calm))
	if err := tester.Test(t.Context(), s.Account); err != nil {
		t.Errorf("good credentials: %v", err)
	}
	err := tester.Test(t.Context(), s.Wrong)
	if err == nil {
		t.Fatal("wrong credentials pass")
	}
	s.wantNoSecret(t, err.Error())
	s.network.breakAll(answer(503, "text/html", "<h1>Down</h1>"))
	if err := tester.Test(t.Context(), s.Account); err == nil {
		t.Error("a server out of order passes")
	}
	s.network.breakAll(answer(200, "text/html", "<h1>Welcome</h1>"))
	if err := tester.Test(t.Context(), s.Account); err == nil {
		t.Error("another server passes")
	}
}
