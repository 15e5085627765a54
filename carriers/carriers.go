// Package carriers follows parcels: the port that every carrier implements,
// the rules that turn scans into a status, and the service that polls.
package carriers

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Carrier is a carrier's or aggregator's tracking API.
type Carrier interface {
	// Track asks for parcels, at most Limits().Batch at once, and returns one
	// Answer for each number, in the same order. It never invents events: what
	// it does not understand becomes StatusInfo, with the raw text kept.
	Track(ctx context.Context, account Account, parcels []Parcel) []Answer
	// Limits says how the carrier wants to be asked.
	Limits() Limits
}

// Tester is a Carrier that can check an account's credentials. The Probe says
// what the carrier told beside that they are good.
type Tester interface {
	Test(ctx context.Context, account Account) (Probe, error)
}

// Probe is what a test of good credentials found out.
type Probe struct {
	Scopes    []string // what the credentials are for; empty when the carrier does not say
	QuotaLeft *int     // calls or parcels left; nil when the carrier does not say
}

// Account is one account at a carrier with its credentials opened.
type Account struct {
	ID      string            // cra_…
	BaseURL string            // empty: the carrier's own host
	Fields  map[string]string // by the names of the account kind's form, secrets in clear

	// CallbackURL is where the carrier may send its webhooks for the account;
	// empty when this node cannot be reached from outside.
	CallbackURL string
}

// LogValue keeps credentials out of logs.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.ID) }

// Limits is how often and how many at once a carrier may be asked.
type Limits struct {
	Batch     int     // parcels in one call, at least 1
	PerSecond float64 // calls
	PerDay    int     // calls; 0: no known quota
	// Least is how far apart two questions about one parcel are; 0: as is useful.
	Least time.Duration
}

// Parcel is what a carrier needs to know to find a parcel.
type Parcel struct {
	Number  string
	Carrier string // our code of who carries it, for aggregators; the kind of the account when nobody said
	// Service is what an earlier answer said to send along: the carrier's
	// division, or an aggregator's own id of the parcel.
	Service             string
	RecipientCountry    string // ISO 3166-1 alpha-2
	RecipientPostalCode string
	RecipientPhoneLast4 string
	Since               time.Time // when following began; tells apart numbers that were used twice
}

// Answer is what the carrier said about one parcel: Tracking or Err, never both.
type Answer struct {
	Tracking *Tracking
	Err      *Error

	told  time.Time     // when a webhook said it, or when the carrier was asked
	least time.Duration // until it may be asked about this parcel again
}

// Tracking is a carrier's knowledge of one parcel.
type Tracking struct {
	Service string // to be sent with the next question
	Header  Header // the carrier's own summary
	Events  []Event
	Partial bool // Events are not all scans: those that are missing are not taken back
	ETA     *time.Time
	URL     string // the carrier's public page of the parcel
	Raw     []byte // the answer as it came
}

// Header is the status that a carrier shows above its scans.
type Header struct {
	Status Status
	Reason Reason
	At     *time.Time // nil when the carrier gave no time
}

// Event is one scan. Its time is kept as it came and as far as it is known:
// an instant is never invented.
type Event struct {
	CarrierID   string     // the carrier's own id of the scan, if it has one
	Sequence    int        // order in the carrier's list, oldest is lowest
	RawTime     string     // as sent
	LocalTime   string     // wall clock at the place, "2006-01-02T15:04:05"
	Offset      *int       // minutes east of UTC; nil when unknown
	OccurredAt  *time.Time // UTC; nil when the offset is unknown
	Precision   Precision
	Status      Status
	Reason      Reason
	Code        string
	Description string
	Location    string
}

// Precision says how exact an event's time is.
type Precision string

// The precisions of times.
const (
	PrecisionSecond Precision = "second"
	PrecisionMinute Precision = "minute"
	PrecisionDate   Precision = "date"
)

// Status is where a parcel stands.
type Status string

// The statuses of parcels and scans; StatusInfo is for scans only.
const (
	StatusUnknown            Status = "unknown"
	StatusInfoReceived       Status = "info_received"
	StatusPickedUp           Status = "picked_up"
	StatusInTransit          Status = "in_transit"
	StatusOutForDelivery     Status = "out_for_delivery"
	StatusAvailableForPickup Status = "available_for_pickup"
	StatusDeliveryFailed     Status = "delivery_failed"
	StatusException          Status = "exception"
	StatusDelivered          Status = "delivered"
	StatusReturning          Status = "returning"
	StatusReturned           Status = "returned"
	StatusCanceled           Status = "canceled"
	StatusExpired            Status = "expired"
	StatusInfo               Status = "info" // moves nothing
)

// Reason says why a parcel is late or stuck; it stands beside the status.
type Reason string

// The reasons.
const (
	ReasonDelay                Reason = "delay"
	ReasonWeather              Reason = "weather"
	ReasonCustoms              Reason = "customs"
	ReasonCustomsDocuments     Reason = "customs_documents"
	ReasonCustomsDuties        Reason = "customs_duties"
	ReasonAddressProblem       Reason = "address_problem"
	ReasonRecipientUnavailable Reason = "recipient_unavailable"
	ReasonRecipientRefused     Reason = "recipient_refused"
	ReasonSignatureRequired    Reason = "signature_required"
	ReasonPaymentDue           Reason = "payment_due"
	ReasonRedirected           Reason = "redirected"
	ReasonHeld                 Reason = "held"
	ReasonSecurityCheck        Reason = "security_check"
	ReasonAccessRestricted     Reason = "access_restricted"
	ReasonDamaged              Reason = "damaged"
	ReasonLost                 Reason = "lost"
	ReasonSeized               Reason = "seized"
	ReasonDestroyed            Reason = "destroyed"
	ReasonUndeliverable        Reason = "undeliverable"
	ReasonMisrouted            Reason = "misrouted"
	ReasonUnclaimed            Reason = "unclaimed"
	ReasonActionRequired       Reason = "action_required" // somebody must act, the carrier does not say how
)

// ActionRequired reports whether the parcel waits for its sender or recipient
// to do something about the reason.
func (r Reason) ActionRequired() bool {
	switch r {
	case ReasonCustomsDocuments, ReasonCustomsDuties, ReasonPaymentDue, ReasonAddressProblem,
		ReasonSignatureRequired, ReasonActionRequired:
		return true
	default:
		return false
	}
}

// ErrorKind decides what happens after a failed question.
type ErrorKind string

// The kinds of errors.
const (
	ErrNotFound    ErrorKind = "not_found"    // not known yet: keep asking for 48 h
	ErrAuth        ErrorKind = "auth"         // credentials refused: stop the account, alert
	ErrForbidden   ErrorKind = "forbidden"    // not this account's parcel
	ErrRateLimited ErrorKind = "rate_limited" // wait After
	ErrBadRequest  ErrorKind = "bad_request"  // the number or question is wrong: asking again is pointless
	ErrUnavailable ErrorKind = "unavailable"  // outage or network: ask again, breaker
	ErrMalformed   ErrorKind = "malformed"    // an answer that cannot be read: Raw is kept, alert
	ErrNoTurn      ErrorKind = "no_turn"      // nobody answered: the account's limits let no further call out in time, or this side hung up
)

// Error is a question that a carrier did not answer with tracking data.
type Error struct {
	Kind       ErrorKind
	After      time.Duration // with ErrRateLimited; 0 when the carrier named none
	HTTPStatus int
	Message    string // plain words for staff; no credentials
	Raw        []byte
}

func (e *Error) Error() string {
	return fmt.Sprintf("carrier: %s: %s", e.Kind, e.Message)
}
