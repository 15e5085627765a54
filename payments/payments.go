// Package payments charges payment providers: the port that every provider
// implements, and the service that accepts, charges, retries and reconciles
// payments so that none is lost or charged twice.
package payments

import (
	"context"
	"log/slog"
	"time"
)

// Provider is a payment provider as the service sees it.
//
// Both methods report everything, transport failures included, in the Result:
// whoever cannot prove that no money moved answers OutcomeUnknown.
type Provider interface {
	// Charge asks the provider for the money. It may be called again with the
	// same Key and must then never charge a second time.
	Charge(ctx context.Context, account Account, charge Charge) Result
	// Lookup asks what became of an earlier Charge with the same Key. Where the
	// provider can, it also makes sure that a request still under way cannot
	// charge any more before it answers OutcomeNotFound.
	Lookup(ctx context.Context, account Account, charge Charge) Result
}

// Tester is a Provider that can check an account's credentials without moving money.
type Tester interface {
	Test(ctx context.Context, account Account) error
}

// Account is one account at a provider with its credentials opened.
type Account struct {
	ID      string            // gwa_…
	BaseURL string            // empty: the provider's own host
	Fields  map[string]string // by the names of the account kind's form, secrets in clear
}

// LogValue keeps credentials out of logs.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.ID) }

// Charge is the request for one attempt to take a payment.
type Charge struct {
	MerchantID        string
	PaymentID         string // pay_…
	AttemptID         string // att_…; the reference that the provider stores
	Key               string // idempotency key, fixed when the attempt was created
	OrderNumber       string
	Amount            int64  // minor units
	Currency          string // ISO 4217, upper case
	MethodType        string // card, wallet, alipay, wechat, paypal …
	Token             string // the provider's own token of the payment method
	Customer          string // the provider's own reference of the customer whom the token belongs to; often empty
	Capture           bool   // false: authorize only
	Description       string
	ReturnURL         string
	NotifyURL         string    // where the provider may tell of changes; empty: the shop has no public address
	ProviderReference string    // what an earlier answer named; empty when none came
	StartedAt         time.Time // when the first request of this attempt was sent
	Now               time.Time // by the same clock as StartedAt
}

// Outcome says what is known about a charge after a call.
type Outcome string

// The outcomes of Charge and Lookup.
const (
	OutcomeSucceeded      Outcome = "succeeded"       // the money was taken
	OutcomeAuthorized     Outcome = "authorized"      // reserved, to be captured
	OutcomeRequiresAction Outcome = "requires_action" // the customer must do something: see NextAction
	OutcomeProcessing     Outcome = "processing"      // the provider is still at it; ask again
	OutcomeDeclined       Outcome = "declined"        // refused for good: see Class
	OutcomeNotSent        Outcome = "not_sent"        // provably no charge: never reached, or refused before execution
	OutcomeNotFound       Outcome = "not_found"       // Lookup only: the provider knows no such charge
	OutcomeUnknown        Outcome = "unknown"         // may have been charged: look it up, never send anew
)

// Class says what a refusal means for a next try.
type Class string

// The classes of refusals.
const (
	ClassNever   Class = "never"    // trying again is forbidden or pointless
	ClassFixData Class = "fix_data" // the customer must correct or confirm something
	ClassLater   Class = "later"    // may pass unchanged at another time
	ClassGeneric Class = "generic"  // the issuer gave no reason; few tries
)

// NextAction is what the customer must do before the payment can go on.
type NextAction struct {
	Type      string    `json:"type"` // redirect or qr_code
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Result is what a provider's answer means.
type Result struct {
	Outcome           Outcome
	ProviderReference string
	Amount            int64 // minor units taken or reserved; 0 when the provider did not say

	Code        string // the provider's code of the refusal or failure
	Class       Class  // set with OutcomeDeclined
	Network     string // card network, as visa; empty: not told
	NetworkCode string // the card network's own code
	Advice      string // the network's or provider's advice on retrying
	Message     string // plain words, safe to show to staff; no card data

	Misconfigured bool          // OutcomeNotSent because the account's credentials or settings are wrong
	RateLimited   bool          // OutcomeNotSent because the provider asked to slow down
	RetryAfter    time.Duration // the provider's wish before the next call; 0 when it had none
	Stuck         bool          // OutcomeUnknown of a refund until somebody acts at the provider
	NextAction    *NextAction   // set with OutcomeRequiresAction

	HTTPStatus int
	RequestID  string
	Raw        string // the answer, masked and shortened, for the payment's page
}
