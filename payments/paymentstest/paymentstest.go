// Package paymentstest holds the conformance suite that every payment provider
// passes, against a fake server that speaks the provider's wire format.
package paymentstest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Run tests a provider. Setup is called for every test; its fake and its inbox
// for webhooks may be shared, and then outlive the call.
func Run(t *testing.T, setup func(t *testing.T) Setup) {
	t.Helper()
	run := runner{setup}
	t.Run("a charge succeeds once, however often it is sent", run.success)
	t.Run("refusals have a class", run.refusals)
	t.Run("a customer confirms", run.action)
	t.Run("a charge takes a while", run.processing)
	t.Run("the same charge at the same time", run.concurrent)
	t.Run("an answer is lost", run.lostAnswer)
	t.Run("a request is lost", run.lostRequest)
	t.Run("a request is held up", run.lateRequest)
	t.Run("a charge that was never sent", run.neverSent)
	t.Run("the server cannot be reached", run.unreachable)
	t.Run("a request is refused before it is executed", run.refusedRequest)
	t.Run("net/http sends a request twice", run.resent)
	t.Run("a look-up that fails proves nothing", run.failedLookup)
	t.Run("secrets stay secret", run.secrets)
	t.Run("everything at once", run.chaos)
	run.optional(t)
}

// runner holds the tests.
type runner struct {
	setup func(t *testing.T) Setup
}

// suite is a Setup behind a network that can be broken.
type suite struct {
	Setup

	network *network
}

// patience is how long a client waits that is to lose an answer, and calm one
// that is to get it.
const (
	patience = time.Second
	calm     = 20 * time.Second
)

func (run runner) suite(t *testing.T) *suite {
	t.Helper()
	s := run.setup(t)
	n := newNetwork(t, s)
	s.Account.BaseURL, s.Wrong.BaseURL, s.Stranger.BaseURL = n.url, n.url, n.url
	return &suite{Setup: s, network: n}
}

// provider returns the provider over connections of its own.
func (s *suite) provider(t *testing.T, timeout time.Duration) payments.Provider {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return s.New(&http.Client{Transport: transport, Timeout: timeout})
}

// newID is what our own ids have after their prefixes.
func newID() string { return strings.ToLower(rand.Text()) }

// newCharge is a new attempt of a new payment.
func (s *suite) newCharge(token string) payments.Charge {
	id := newID()
	c := payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_" + id, AttemptID: "att_" + id, Key: "key_" + id, OrderNumber: "A-7",
		Amount: 1250, Currency: "EUR", MethodType: "card", Token: token, Capture: true,
		Description: "Order A-7", StartedAt: time.Now(),
	}
	if s.Adjust != nil {
		s.Adjust(&c)
	}
	return c
}

func (s *suite) wantCharged(t *testing.T, c payments.Charge, want int) {
	t.Helper()
	if got := s.Charged(c.AttemptID); got != want {
		t.Errorf("the fake made %d charges, want %d", got, want)
	}
}

// wantTaken wants a charge that took the money, or waits for its customer to pay.
func (s *suite) wantTaken(t *testing.T, r payments.Result) {
	t.Helper()
	if s.Waits {
		wantOutcome(t, r, payments.OutcomeRequiresAction)
		return
	}
	wantOutcome(t, r, payments.OutcomeSucceeded)
}

// wantFound wants what a look-up says of a charge; a blind one may not know.
func (s *suite) wantFound(t *testing.T, r payments.Result, want payments.Outcome) {
	t.Helper()
	if s.Blind && r.Outcome == payments.OutcomeUnknown {
		return
	}
	wantOutcome(t, r, want)
}

// wantOnce wants the one charge, or none as long as its customer has not paid.
func (s *suite) wantOnce(t *testing.T, c payments.Charge) {
	t.Helper()
	if s.Waits {
		s.wantCharged(t, c, 0)
		return
	}
	s.wantCharged(t, c, 1)
}

func wantOutcome(t *testing.T, r payments.Result, want payments.Outcome) {
	t.Helper()
	if r.Outcome != want {
		t.Errorf("outcome = %s, want %s (status %d, code %q, message %q, raw %q)",
			r.Outcome, want, r.HTTPStatus, r.Code, r.Message, r.Raw)
	}
}
