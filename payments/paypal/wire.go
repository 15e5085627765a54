package paypal

import (
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Statuses of orders.
const (
	orderApproved    = "APPROVED"
	orderPayerAction = "PAYER_ACTION_REQUIRED"
	orderVoided      = "VOIDED"
)

const (
	intentCapture   = "CAPTURE"
	intentAuthorize = "AUTHORIZE"
)

// order is an order as PayPal tells it; of one purchase unit always.
type order struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Intent     string `json:"intent"`
	CreateTime moment `json:"create_time"`
	Units      []unit `json:"purchase_units"`
	Links      []link `json:"links"`
}

type unit struct {
	CustomID string `json:"custom_id"`
	Amount   money  `json:"amount"`
	Payments struct {
		Authorizations []movement `json:"authorizations"`
		Captures       []movement `json:"captures"`
		Refunds        []movement `json:"refunds"`
	} `json:"payments"`
}

// movement is an authorization, a capture or a refund: they share their form.
type movement struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	StatusDetails struct {
		Reason string `json:"reason"`
	} `json:"status_details"`
	Amount    money     `json:"amount"`
	CustomID  string    `json:"custom_id"`
	InvoiceID string    `json:"invoice_id"`
	Processor processor `json:"processor_response"`
	More      struct {
		Related related `json:"related_ids"`
	} `json:"supplementary_data"`
}

// processor is what a card's bank said.
type processor struct {
	Code   string `json:"response_code"`
	Advice string `json:"payment_advice_code"`
}

type related struct {
	Order         string `json:"order_id"`
	Authorization string `json:"authorization_id"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// moment is a time on the wire. One that cannot be read is no time: it decides nothing.
type moment struct{ time.Time }

// UnmarshalJSON reads a time by RFC 3339.
func (m *moment) UnmarshalJSON(text []byte) error {
	at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(text))
	if err == nil {
		m.Time = at.UTC()
	}
	return nil
}

// unit is the order's only purchase unit.
func (o *order) unit() unit {
	if len(o.Units) == 0 {
		return unit{}
	}
	return o.Units[0]
}

// fault is an error as PayPal tells it; those of the token endpoint have their own form.
type fault struct {
	Name    string `json:"name"`
	Message string `json:"message"`
	Details []struct {
		Issue       string `json:"issue"`
		Description string `json:"description"`
	} `json:"details"`
	Links []link `json:"links"`
}

// orderRequest creates an order; it must be the same each time.
type orderRequest struct {
	Intent string         `json:"intent"`
	Units  []unitRequest  `json:"purchase_units"`
	Source map[string]any `json:"payment_source,omitempty"`
}

type unitRequest struct {
	ReferenceID string `json:"reference_id"`
	CustomID    string `json:"custom_id"`
	InvoiceID   string `json:"invoice_id"`
	Description string `json:"description,omitempty"`
	Amount      money  `json:"amount"`
}

// maxDescription is how many characters PayPal takes of a description.
const maxDescription = 127

func request(charge payments.Charge) (orderRequest, error) {
	amount, err := format(charge.Amount, charge.Currency)
	if err != nil {
		return orderRequest{}, err
	}
	description := []rune(charge.Description)
	r := orderRequest{Intent: intent(charge.Capture), Units: []unitRequest{{
		ReferenceID: charge.PaymentID, CustomID: charge.AttemptID, InvoiceID: charge.AttemptID,
		Description: string(description[:min(len(description), maxDescription)]), Amount: amount,
	}}}
	if charge.Token == "" {
		r.Source = map[string]any{"paypal": map[string]any{"experience_context": experience(charge)}}
	}
	return r, nil
}

func intent(capture bool) string {
	if capture {
		return intentCapture
	}
	return intentAuthorize
}

func experience(charge payments.Charge) map[string]string {
	return map[string]string{"return_url": charge.ReturnURL, "cancel_url": charge.ReturnURL, "user_action": "PAY_NOW"}
}

// source is a payment method of the vault, as PayPal's description of the API
// takes it when an order is captured; its guides show it only where an order is
// created [unverified]. A return address says that the customer is there;
// otherwise the merchant initiates the payment.
func source(charge payments.Charge) map[string]any {
	credential := map[string]string{"payment_initiator": "MERCHANT", "usage": "SUBSEQUENT"}
	method := map[string]any{"vault_id": charge.Token, "stored_credential": credential}
	if charge.ReturnURL != "" {
		credential["payment_initiator"] = "CUSTOMER"
		method["experience_context"] = map[string]string{"return_url": charge.ReturnURL, "cancel_url": charge.ReturnURL}
	}
	if charge.MethodType != "card" {
		return map[string]any{"paypal": method}
	}
	credential["payment_type"] = map[bool]string{true: "ONE_TIME", false: "UNSCHEDULED"}[charge.ReturnURL != ""]
	return map[string]any{"card": method}
}

// address finds where the customer has to go.
func address(links []link) string {
	var found string
	for _, rel := range []string{"approve", "redirect", "payer-action"} { // the last one wins
		for _, l := range links {
			if l.Rel == rel && isAddress(l.Href) {
				found = l.Href
			}
		}
	}
	return found
}
