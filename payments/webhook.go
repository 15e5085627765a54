package payments

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/models"
)

// ErrSignature is wrapped by the error of a webhook that is not the provider's
// own, or too old to be believed.
var ErrSignature = errors.New("the signature does not match")

// Notifier is a Provider that tells of changes by webhook.
type Notifier interface {
	// Verify checks that a webhook comes from the provider and was meant for the
	// account. Its error wraps ErrSignature unless checking was impossible for
	// the moment. It is given the body exactly as it was sent.
	Verify(ctx context.Context, account Account, w Webhook) error
	// Read returns what a verified webhook tells, in the order of the body. It
	// needs no network and gives the same notices each time.
	Read(account Account, body []byte) ([]Notice, error)
	// Acknowledge is the answer to a webhook that was stored.
	Acknowledge() Acknowledgment
}

// Lister is a Notifier that can name the webhooks of the past, for those that
// got lost while nobody could receive them.
type Lister interface {
	// Webhooks returns bodies for Read of what happened since, oldest first, and
	// where to go on; next is empty at the end. The first cursor is empty.
	Webhooks(ctx context.Context, account Account, since time.Time, cursor string) (bodies [][]byte, next string, err error)
}

// Webhook is a provider's request as it came in.
type Webhook struct {
	Header     http.Header
	Body       []byte
	ReceivedAt time.Time
}

// Acknowledgment is what a provider wants to hear before it counts a webhook as
// received. The zero value is an empty 200.
type Acknowledgment struct {
	Status      int
	ContentType string
	Body        string
}

// Subject is what a notice is about.
type Subject string

// The subjects of notices.
const (
	SubjectCharge  Subject = "charge"
	SubjectCapture Subject = "capture"
	SubjectVoid    Subject = "void"
	SubjectRefund  Subject = "refund"
	SubjectDispute Subject = "dispute"
	SubjectNone    Subject = "none" // of no consequence for payments; kept, not applied
)

// Notice is one thing that a webhook tells.
type Notice struct {
	ID         string    // the provider's id of the event: the same each time that it is sent
	Type       string    // as the provider names it
	OccurredAt time.Time // zero when the provider does not say
	Subject    Subject

	// Whom it is about, by our own ids as the provider hands them back and by
	// its own; at least one is set unless the subject is SubjectNone.
	AttemptID         string // att_… of the charge, capture or void
	RefundID          string // ref_…
	ChargeReference   string // the provider's own reference of the charge
	ProviderReference string // of the capture, void, refund or dispute

	Result  Result   // what it means for the charge, capture, void or refund
	Dispute *Dispute // with SubjectDispute
}

// DisputeStatus is where a dispute stands.
type DisputeStatus = models.DisputeStatus

// The statuses of disputes.
const (
	DisputeInquiry       = models.DisputeInquiry
	DisputeInquiryClosed = models.DisputeInquiryClosed
	DisputeNeedsResponse = models.DisputeNeedsResponse
	DisputeUnderReview   = models.DisputeUnderReview
	DisputeWon           = models.DisputeWon
	DisputeLost          = models.DisputeLost
	DisputeExpired       = models.DisputeExpired
	DisputeAccepted      = models.DisputeAccepted
)

// Dispute is a customer's objection to a charge at their bank.
type Dispute struct {
	Status     DisputeStatus
	Amount     int64  // minor units
	Currency   string // ISO 4217, upper case
	Reason     string // the provider's code
	RespondBy  time.Time
	MoneyMoved bool // the amount was taken back already
}
