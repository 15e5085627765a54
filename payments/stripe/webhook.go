package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// wireEvent is a webhook's body.
type wireEvent struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// Acknowledge answers with an empty 200.
func (p *Provider) Acknowledge() payments.Acknowledgment { return payments.Acknowledgment{} }

// Read returns the one thing that an event tells. Several events tell of the
// same thing, and they come in any order.
func (p *Provider) Read(account payments.Account, body []byte) ([]payments.Notice, error) {
	var e wireEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if e.ID == "" || e.Type == "" {
		return nil, errors.New("read event: it has no id or no type")
	}
	x := newExchange(account)
	x.body = e.Data.Object
	n := payments.Notice{ID: e.ID, Type: e.Type, Subject: payments.SubjectNone}
	if e.Created != 0 {
		n.OccurredAt = time.Unix(e.Created, 0).UTC()
	}
	var err error
	switch {
	case strings.HasPrefix(e.Type, "payment_intent."):
		err = p.readIntent(&n, x)
	case strings.HasPrefix(e.Type, "charge.dispute."):
		err = readDispute(&n, x)
	case strings.HasPrefix(e.Type, "refund."), e.Type == "charge.refund.updated":
		err = readRefund(&n, x)
	case strings.HasPrefix(e.Type, "charge."):
		err = readCharge(&n, x)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", e.Type, err)
	}
	// What comes of no call has no status; its text is kept with the event.
	n.Result.Raw = x.mask(body)
	return []payments.Notice{n}, nil
}

// decode reads the event's object, which must be of the expected kind.
func (x *exchange) decode(object string, into any) error {
	var kind struct {
		ID     string `json:"id"`
		Object string `json:"object"`
	}
	if err := json.Unmarshal(x.body, &kind); err != nil {
		return fmt.Errorf("object: %w", err)
	}
	if kind.Object != object || kind.ID == "" {
		return fmt.Errorf("the object is a %q, not a %s", kind.Object, object)
	}
	if err := json.Unmarshal(x.body, into); err != nil {
		return fmt.Errorf("object: %w", err)
	}
	return nil
}

// readIntent reads what became of a payment intent, or of its capture or void.
func (p *Provider) readIntent(n *payments.Notice, x *exchange) error {
	var intent stripe.PaymentIntent
	if err := x.decode("payment_intent", &intent); err != nil {
		return err
	}
	manual := intent.CaptureMethod == stripe.PaymentIntentCaptureMethodManual
	n.ChargeReference = intent.ID
	n.Subject, n.AttemptID = payments.SubjectCharge, intent.Metadata["attempt_id"]
	n.Result = p.result(&intent, x)
	switch {
	case intent.Status == stripe.PaymentIntentStatusSucceeded && manual:
		n.Subject, n.AttemptID = payments.SubjectCapture, intent.Metadata[captureID]
	case intent.Status == stripe.PaymentIntentStatusCanceled && manual && intent.LatestCharge != nil && intent.LastPaymentError == nil:
		n.Subject, n.AttemptID = payments.SubjectVoid, "" // a cancel takes no metadata
		n.Result = payments.Result{ProviderReference: intent.ID}
		moved(&n.Result, payments.OutcomeSucceeded, intent.Amount, intent.Currency)
	case n.Result.Outcome == payments.OutcomeUnknown:
		*n = none(*n) // created, or otherwise not executed
	}
	if a := n.Result.NextAction; a != nil {
		if u, err := url.Parse(a.URL); err != nil || u.Host == "" {
			n.Result.NextAction = nil
		}
	}
	return nil
}

// readCharge reads a charge, which is one try of a payment intent.
func readCharge(n *payments.Notice, x *exchange) error {
	switch n.Type {
	case "charge.succeeded", "charge.failed", "charge.captured", "charge.expired":
	default:
		return nil // the refund's own events tell more than charge.refunded
	}
	var ch stripe.Charge
	if err := x.decode("charge", &ch); err != nil {
		return err
	}
	if ch.PaymentIntent == nil {
		return nil // made without an intent, so not by us
	}
	n.Subject, n.AttemptID, n.ChargeReference = payments.SubjectCharge, ch.Metadata["attempt_id"], ch.PaymentIntent.ID
	r := payments.Result{ProviderReference: ch.PaymentIntent.ID}
	switch n.Type {
	case "charge.succeeded":
		if ch.Captured {
			moved(&r, payments.OutcomeSucceeded, ch.AmountCaptured, ch.Currency)
		} else {
			moved(&r, payments.OutcomeAuthorized, ch.Amount, ch.Currency)
		}
	case "charge.captured":
		n.Subject, n.AttemptID = payments.SubjectCapture, ""
		moved(&r, payments.OutcomeSucceeded, ch.AmountCaptured, ch.Currency)
	case "charge.expired":
		n.Subject, n.AttemptID = payments.SubjectVoid, ""
		moved(&r, payments.OutcomeSucceeded, ch.Amount, ch.Currency)
	case "charge.failed":
		e := wireError{Code: ch.FailureCode, Message: ch.FailureMessage}
		if o := ch.Outcome; o != nil {
			e.DeclineCode, e.AdviceCode = o.Reason, string(o.AdviceCode)
			e.NetworkCode, e.NetworkAdvice = o.NetworkDeclineCode, o.NetworkAdviceCode
		}
		refuse(&r, x, e)
	}
	n.Result = r
	return nil
}

func readRefund(n *payments.Notice, x *exchange) error {
	var refund stripe.Refund
	if err := x.decode("refund", &refund); err != nil {
		return err
	}
	n.Subject, n.RefundID, n.ProviderReference = payments.SubjectRefund, refund.Metadata[refundID], refund.ID
	if refund.PaymentIntent != nil {
		n.ChargeReference = refund.PaymentIntent.ID
	}
	n.Result.ProviderReference = refund.ID
	refundStands(&n.Result, &refund)
	if n.Result.Outcome == payments.OutcomeUnknown {
		*n = none(*n)
	}
	return nil
}

// none is a notice of no consequence.
func none(n payments.Notice) payments.Notice {
	return payments.Notice{ID: n.ID, Type: n.Type, OccurredAt: n.OccurredAt, Subject: payments.SubjectNone}
}
