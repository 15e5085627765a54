package paypal

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// event is a webhook's body.
type event struct {
	ID         string          `json:"id"`
	Type       string          `json:"event_type"`
	CreateTime moment          `json:"create_time"`
	Resource   json.RawMessage `json:"resource"`
}

// The prefixes of our own ids, as the provider port documents them.
const (
	attemptPrefix = "att_"
	refundPrefix  = "ref_"
)

var errEvent = errors.New("the webhook is not an event of PayPal's")

// Read returns what a webhook tells.
func (p *Provider) Read(account payments.Account, body []byte) ([]payments.Notice, error) {
	var e event
	if json.Unmarshal(body, &e) != nil || e.ID == "" || e.Type == "" {
		return nil, errEvent
	}
	n := payments.Notice{ID: e.ID, Type: e.Type, OccurredAt: e.CreateTime.Time, Subject: payments.SubjectNone}
	x := &exchange{account: account, body: body}
	n.Result = payments.Result{Raw: x.mask(body)}
	var err error
	switch kind := e.Type; {
	case kind == "CHECKOUT.ORDER.APPROVED", kind == "CHECKOUT.ORDER.COMPLETED", kind == "CHECKOUT.ORDER.VOIDED":
		err = readOrder(&n, e)
	case kind == "PAYMENT.CAPTURE.REFUNDED", kind == "PAYMENT.CAPTURE.REVERSED", strings.HasPrefix(kind, "PAYMENT.REFUND."):
		err = readRefund(&n, e)
	case strings.HasPrefix(kind, "PAYMENT.CAPTURE."):
		err = readCapture(&n, e)
	case strings.HasPrefix(kind, "PAYMENT.AUTHORIZATION."):
		err = readAuthorization(&n, e)
	case strings.HasPrefix(kind, "CUSTOMER.DISPUTE."):
		err = readDispute(&n, e)
	}
	if err != nil {
		return nil, err
	}
	return []payments.Notice{n}, nil
}

// readOrder tells of an order. An approved one waits for its capture, which the
// next look-up makes: until then it counts as processing.
func readOrder(n *payments.Notice, e event) error {
	var o order
	if json.Unmarshal(e.Resource, &o) != nil || o.ID == "" {
		return errEvent
	}
	n.Subject, n.ChargeReference, n.Result.ProviderReference = payments.SubjectCharge, o.ID, o.ID
	u := o.unit()
	n.AttemptID = ours(attemptPrefix, u.CustomID)
	switch paid := u.Payments; {
	case len(paid.Authorizations) > 0:
		last := paid.Authorizations[len(paid.Authorizations)-1]
		amount, err := last.Amount.minor()
		if err != nil {
			return errEvent
		}
		n.Result = authorized(n.Result, last, paid.Captures, payments.Charge{Amount: amount, Currency: last.Amount.Currency})
	case len(paid.Captures) > 0:
		moved(&n.Result, paid.Captures[len(paid.Captures)-1])
	case o.Status == orderVoided:
		refuse(&n.Result, "ORDER_VOIDED", "")
	default:
		n.Result.Outcome, n.Result.Message = payments.OutcomeProcessing, "The customer has approved the payment: it is about to be taken."
	}
	return nil
}

// readCapture tells of a charge, or of the capture of an authorized one: that
// has its own attempt as invoice id.
func readCapture(n *payments.Notice, e event) error {
	var m movement
	if json.Unmarshal(e.Resource, &m) != nil || m.ID == "" {
		return errEvent
	}
	attempt, invoice := ours(attemptPrefix, m.CustomID), ours(attemptPrefix, m.InvoiceID)
	n.ChargeReference = m.More.Related.Order
	if m.More.Related.Authorization != "" || attempt != "" && invoice != "" && attempt != invoice {
		n.Subject, n.AttemptID, n.ProviderReference, n.Result.ProviderReference = payments.SubjectCapture, invoice, m.ID, m.ID
	} else {
		n.Subject, n.AttemptID, n.Result.ProviderReference = payments.SubjectCharge, attempt, n.ChargeReference
	}
	moved(&n.Result, m)
	return whole(n)
}

// readAuthorization tells of an authorized charge, or that it was released.
func readAuthorization(n *payments.Notice, e event) error {
	var m movement
	if json.Unmarshal(e.Resource, &m) != nil || m.ID == "" {
		return errEvent
	}
	amount, err := m.Amount.minor()
	if err != nil {
		return errEvent
	}
	n.ChargeReference = m.More.Related.Order
	if m.Status == "VOIDED" {
		n.Subject, n.ProviderReference = payments.SubjectVoid, m.ID
		n.Result.Outcome, n.Result.Amount, n.Result.ProviderReference = payments.OutcomeSucceeded, amount, m.ID
		return whole(n)
	}
	n.Subject, n.AttemptID, n.Result.ProviderReference = payments.SubjectCharge, ours(attemptPrefix, m.CustomID), n.ChargeReference
	n.Result = authorized(n.Result, m, nil, payments.Charge{Amount: amount, Currency: m.Amount.Currency})
	return whole(n)
}

// readRefund tells of a refund, also of one that was made at PayPal itself: that
// names the charge's attempt at best.
func readRefund(n *payments.Notice, e event) error {
	var m movement
	if json.Unmarshal(e.Resource, &m) != nil || m.ID == "" {
		return errEvent
	}
	n.Subject, n.ProviderReference, n.Result.ProviderReference = payments.SubjectRefund, m.ID, m.ID
	n.RefundID, n.ChargeReference = ours(refundPrefix, m.CustomID), m.More.Related.Order
	if n.RefundID == "" {
		n.AttemptID = ours(attemptPrefix, m.CustomID)
	}
	moved(&n.Result, m)
	return nil
}

// whole refuses a notice that does not say whom it is about.
func whole(n *payments.Notice) error {
	if n.AttemptID == "" && n.ChargeReference == "" && n.ProviderReference == "" {
		return errEvent
	}
	return nil
}

// ours returns an id if it is one of our own.
func ours(prefix, id string) string {
	if strings.HasPrefix(id, prefix) {
		return id
	}
	return ""
}
