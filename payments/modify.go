package payments

import (
	"context"
	"time"
)

// Capturer is a Provider that can authorize an amount first and take or release
// it later. Without it a payment cannot be captured by hand.
//
// Both methods may be called again with the same Key, also after their outcome
// was unknown, and must then find out what became of the earlier call rather
// than move money twice. OutcomeProcessing means that the provider tells later,
// by webhook.
type Capturer interface {
	// Capture takes the authorized amount or a part of it; OutcomeSucceeded
	// comes with the Amount taken.
	Capture(ctx context.Context, account Account, m Modification) Result
	// Void releases what was authorized; OutcomeSucceeded when it is released.
	Void(ctx context.Context, account Account, m Modification) Result
}

// Canceler is a Provider that can end a charge before any money moved: one that
// waits for its customer, or whose outcome is unknown.
type Canceler interface {
	// Cancel makes sure that the charge cannot take money any more and answers
	// OutcomeNotFound, or says what it has become instead.
	Cancel(ctx context.Context, account Account, charge Charge) Result
}

// Refunder is a Provider that can give money back.
type Refunder interface {
	// Refund gives back an amount. It may be called again with the same Key and
	// must then never refund a second time. OutcomeProcessing is a refund that
	// is pending at the provider; OutcomeDeclined one that it refused.
	Refund(ctx context.Context, account Account, r Refund) Result
	// LookupRefund asks what became of an earlier Refund with the same Key.
	LookupRefund(ctx context.Context, account Account, r Refund) Result
}

// Modification is a capture or a void of an authorized charge.
type Modification struct {
	Original          Charge    // the charge that was authorized, with its ProviderReference
	AttemptID         string    // att_… of the capture or void; the reference that the provider stores
	Key               string    // idempotency key, fixed when the attempt was created
	Amount            int64     // minor units to capture; the authorized amount for a void
	ProviderReference string    // what an earlier answer named; empty when none came
	StartedAt         time.Time // when the first request of this attempt was sent
}

// Refund is the request to give back a part of what a charge took.
type Refund struct {
	Original          Charge // the charge that took the money, with its ProviderReference
	Captured          int64  // minor units that it took in all
	RefundID          string // ref_…; the reference that the provider stores
	Key               string // idempotency key: the same until the outcome is known, another for a new try
	Amount            int64  // minor units
	Reason            string
	ProviderReference string    // what an earlier answer named; empty when none came
	StartedAt         time.Time // when the first request under this key was sent
}
