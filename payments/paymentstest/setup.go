package paymentstest

import (
	"net/http"
	"testing"

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

	// Lacks names the optional interfaces of package payments that the provider
	// does not have: Tester, Capturer, Canceler, Refunder, Notifier, Lister.
	Lacks []string
	// Adjust changes the charges of the tests to what the provider takes:
	// another currency, another type of method, a customer, a NotifyURL. nil
	// leaves them as they are.
	Adjust func(*payments.Charge)
	// Waits says that every charge waits for its customer first.
	Waits bool
	// Takes says that a customer only approves a charge, which the look-up after
	// that takes.
	Takes bool
	// Blind says that the provider has no inquiry: a look-up may remain unknown.
	Blind bool
	// Forgets says that a charge refused at once leaves no trace: a look-up finds none.
	Forgets bool
	// Lingers says that a page which its customer has not opened can be paid until
	// it expires: a cancel cannot end the charge before.
	Lingers bool
	// SumsRefunds says that a webhook about a refund tells the sum of all refunds of
	// its charge, from which the amount of the one cannot be known.
	SumsRefunds bool
	// ModifiesLater says that captures, voids, cancels and refunds may be answered
	// with OutcomeProcessing and end a short while later.
	ModifiesLater bool
	// Modifying tells the requests that capture, void, cancel or refund from the
	// others; every POST when nil.
	Modifying func(*http.Request) bool

	// Captured is what the fake took for the charge of an attempt, and Refunded
	// what it gave back of it, in minor units. Needed by a Capturer and a Refunder.
	Captured, Refunded func(attemptID string) int64
	// Released reports whether the fake released what it had authorized for an
	// attempt. Needed by a Capturer.
	Released func(attemptID string) bool

	// Webhooks are all those that the account was sent so far, an Inbox's for
	// instance. Needed by a Notifier, as the next three are.
	Webhooks func() []payments.Webhook
	// Tells are the subjects that the fake sends webhooks about.
	Tells []payments.Subject
	// Stranger is an account that the webhooks were not meant for: with another
	// secret, or another key of the provider's.
	Stranger payments.Account
	// Strange are bodies of events that are none of payments' business.
	Strange [][]byte
	// Timestamped says that a webhook proves when it was sent, so that an old one is refused.
	Timestamped bool
}

// Tokens are payment methods by what becomes of them. Those that may be empty
// are things that the provider, or its fake, does not have.
type Tokens struct {
	Success       string
	Refused       map[payments.Class]string // one of each class; with Setup.Waits there may be none
	Action        string                    // the customer must act
	Processing    string                    // succeeds a short while later; may be empty
	RefundPending string                    // succeeds; its refunds are pending first; may be empty
	RefundFails   string                    // succeeds; its refunds fail after they succeeded; may be empty
	Disputed      string                    // succeeds; its customer disputes it a short while later; may be empty
}
