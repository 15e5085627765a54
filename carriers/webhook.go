package carriers

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// ErrSignature is wrapped by the error of a webhook that is not the carrier's
// own, or too old to be believed.
var ErrSignature = errors.New("the signature does not match")

// Notifier is a Carrier that tells of news by webhook.
type Notifier interface {
	// Verify checks that a webhook comes from the carrier and was meant for the
	// account. Its error wraps ErrSignature; an account without the secret that
	// checking needs believes no webhook. It is given the body exactly as it was
	// sent.
	Verify(account Account, w Webhook) error
	// Read returns what a verified body tells. It gives the same notices each time.
	Read(account Account, body []byte) ([]Notice, error)
	// Acknowledge is the answer to a webhook that was stored.
	Acknowledge() Acknowledgment
}

// Webhook is a carrier's request as it came in.
type Webhook struct {
	Header     http.Header
	Query      url.Values
	Body       []byte
	ReceivedAt time.Time
}

// Acknowledgment is what a carrier wants to hear before it counts a webhook as
// received. The zero value is an empty 200.
type Acknowledgment struct {
	Status      int
	ContentType string
	Body        string
}

// Notice is what a webhook tells of one parcel.
type Notice struct {
	ID       string // the carrier's id of the message: the same each time that it is sent; empty if it has none
	Type     string // as the carrier names it
	Number   string
	Service  string    // an aggregator's own id of the parcel, if Tracking.Service is one
	Tracking *Tracking // nil when the message is of no consequence
}
