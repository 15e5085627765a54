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

// Setup is a provider, and the fake server that it is to talk to.
type Setup struct {
	// New makes the provider.
	New func(*http.Client) payments.Provider
	// Account is served by the fake, at its BaseURL.
	Account payments.Account
	// Wrong is the account with credentials that the fake refuses.
	Wrong payments.Account
	// Secrets are the values of the account that nobody may get to see.
	Secrets []string
	// Charged counts the charges that the fake really made for an attempt.
	Charged func(attemptID string) int
	// Charging tells the request that moves the money from the others.
	Charging func(*http.Request) bool
	// Complete confirms a payment as its customer, at the address of the action.
	Complete func(t *testing.T, address string)
	// Tokens are payment methods of the fake.
	Tokens Tokens
}

// Tokens are payment methods by what becomes of them.
type Tokens struct {
	Success    string
	Refused    map[payments.Class]string // one of each class
	Action     string                    // the customer must act
	Processing string                    // succeeds a short while later; empty: the provider has no such thing
}

// Run tests a provider. Setup is called for every test; its fake may be shared.
func Run(t *testing.T, setup func(t *testing.T) Setup) {
	t.Helper()
	run := runner{setup}
	t.Run("a charge succeeds once, however often it is sent", run.success)
	t.Run("an amount is authorized", run.authorize)
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
	t.Run("credentials are tested", run.credentials)
	t.Run("everything at once", run.chaos)
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
	n := newNetwork(t, s.Account.BaseURL, s.Charging)
	s.Account.BaseURL, s.Wrong.BaseURL = n.url, n.url
	return &suite{Setup: s, network: n}
}

// provider returns the provider over connections of its own.
func (s *suite) provider(t *testing.T, timeout time.Duration) payments.Provider {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return s.New(&http.Client{Transport: transport, Timeout: timeout})
}

// newCharge is a new attempt of a new payment.
func newCharge(token string) payments.Charge {
	id := strings.ToLower(rand.Text())
	return payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_" + id, AttemptID: "att_" + id, Key: "key_" + id, OrderNumber: "A-7",
		Amount: 1250, Currency: "EUR", MethodType: "card", Token: token, Capture: true,
		Description: "Order A-7", StartedAt: time.Now(),
	}
}

func (s *suite) wantCharged(t *testing.T, c payments.Charge, want int) {
	t.Helper()
	if got := s.Charged(c.AttemptID); got != want {
		t.Errorf("the fake made %d charges, want %d", got, want)
	}
}

func wantOutcome(t *testing.T, r payments.Result, want payments.Outcome) {
	t.Helper()
	if r.Outcome != want {
		t.Errorf("outcome = %s, want %s (status %d, code %q, message %q, raw %q)",
			r.Outcome, want, r.HTTPStatus, r.Code, r.Message, r.Raw)
	}
}
