package sandbox

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// The sources of an order's payment, in its charge's metadata.
const (
	paypalPage   = "page"   // its customer approves it at PayPal
	paypalWallet = "paypal" // a wallet in the vault
	paypalCard   = "card"   // a card in the vault
)

// The ids of an order's authorization and capture are its own after a digit
// that ids of orders do not begin with.
const (
	paypalHoldPrefix    = "8"
	paypalCapturePrefix = "9"
)

// paypalStatus is the status of an order.
func paypalStatus(c charge) string {
	switch c.Status {
	case statusCreated, statusCanceled:
		return "CREATED"
	case statusRequiresAction:
		return "PAYER_ACTION_REQUIRED"
	case statusApproved:
		return "APPROVED"
	case statusFailed:
		switch {
		case paypalDeclined(c):
			return "COMPLETED"
		case c.Refusal.Code == "authentication_failed":
			return "VOIDED"
		default:
			return "CREATED"
		}
	case statusProcessing, statusAuthorized, statusSucceeded, statusVoided:
	}
	return "COMPLETED"
}

// paypalDeclined says that an order shows its refusal as a declined payment:
// a card's, or one that was pending first.
func paypalDeclined(c charge) bool {
	return c.Status == statusFailed && (c.Metadata["source"] == paypalCard || !c.SettleAt.IsZero())
}

// paypalOrder shows an order; host is where the customer finds the page of an action.
func paypalOrder(c charge, refunds []refund, host string) map[string]any {
	intent := "CAPTURE"
	if !c.Capture {
		intent = "AUTHORIZE"
	}
	unit := map[string]any{
		"reference_id": c.Metadata["reference_id"], "custom_id": c.Metadata["custom_id"], "invoice_id": c.Metadata["invoice_id"],
		"description": c.Description, "amount": paypalAmount(c.Amount, c.Currency),
	}
	if paid := paypalPayments(c, refunds); len(paid) > 0 {
		unit["payments"] = paid
	}
	self := host + "/paypal/v2/checkout/orders/" + c.ID
	links := []paypalLink{{self, "self", http.MethodGet}}
	if c.Status == statusRequiresAction {
		links = append(links, paypalAction(c, host))
	}
	return map[string]any{
		"id": c.ID, "status": paypalStatus(c), "intent": intent, "create_time": paypalTime(c.CreatedAt),
		"purchase_units": []any{unit}, "links": links,
	}
}

func paypalAction(c charge, host string) paypalLink {
	return paypalLink{host + "/v1/charges/" + c.ID + "/action", "payer-action", http.MethodGet}
}

// paypalPayments are an order's authorization, capture and refunds.
func paypalPayments(c charge, refunds []refund) map[string]any {
	paid := map[string]any{}
	switch c.Status {
	case statusProcessing, statusAuthorized, statusSucceeded, statusVoided, statusFailed:
	default:
		return paid
	}
	if c.Status == statusFailed && !paypalDeclined(c) {
		return paid
	}
	if !c.Capture {
		paid["authorizations"] = []any{paypalHold(c)}
	}
	if c.Capture || c.Status == statusSucceeded {
		paid["captures"] = []any{paypalCapture(c)}
	}
	for _, r := range refunds {
		list, _ := paid["refunds"].([]any) // none at first
		paid["refunds"] = append(list, paypalRefund(r, ""))
	}
	return paid
}

// paypalHold shows an order's authorization.
func paypalHold(c charge) map[string]any {
	status := "CREATED"
	switch c.Status {
	case statusProcessing:
		status = "PENDING"
	case statusSucceeded:
		status = "CAPTURED"
	case statusVoided:
		status = "VOIDED"
	case statusFailed:
		status = "DENIED"
	default:
	}
	view := paypalMovement(c, paypalHoldPrefix+c.ID, status, c.Amount)
	if c.Status == statusFailed {
		view["processor_response"] = paypalProcessor(c)
	}
	return view
}

// paypalCapture shows an order's capture.
func paypalCapture(c charge) map[string]any {
	captured, refunded := c.money()
	status := "COMPLETED"
	switch {
	case c.Status == statusProcessing:
		status = "PENDING"
	case c.Status == statusFailed:
		status = "DECLINED"
	case refunded == captured:
		status = "REFUNDED"
	case refunded > 0:
		status = "PARTIALLY_REFUNDED"
	}
	view := paypalMovement(c, paypalCapturePrefix+c.ID, status, cmp.Or(captured, c.Amount))
	view["final_capture"] = true
	switch c.Status {
	case statusProcessing:
		view["status_details"] = map[string]string{"reason": "PENDING_REVIEW"}
	case statusFailed:
		view["processor_response"] = paypalProcessor(c)
	default:
	}
	if !c.Capture {
		view["invoice_id"] = cmp.Or(c.Metadata["capture_invoice_id"], c.Metadata["invoice_id"])
		view["supplementary_data"] = paypalRelated(c, paypalHoldPrefix+c.ID)
	}
	return view
}

func paypalMovement(c charge, id, status string, amount int64) map[string]any {
	return map[string]any{
		"id": id, "status": status, "amount": paypalAmount(amount, c.Currency), "custom_id": c.Metadata["custom_id"],
		"invoice_id": c.Metadata["invoice_id"], "create_time": paypalTime(c.CreatedAt), "supplementary_data": paypalRelated(c, ""),
	}
}

func paypalRelated(c charge, hold string) map[string]any {
	ids := map[string]string{"order_id": c.ID}
	if hold != "" {
		ids["authorization_id"] = hold
	}
	return map[string]any{"related_ids": ids}
}

func paypalProcessor(c charge) map[string]string {
	byClass := map[string]string{"never": "5700", "fix_data": "5110", "later": "9100"}
	code := cmp.Or(processorCodes[c.Refusal.Code], byClass[c.Refusal.Class], "5100")
	return map[string]string{"response_code": code}
}

// paypalRefund shows a refund, whose reference is its invoice id and its custom id.
func paypalRefund(r refund, host string) map[string]any {
	status := map[string]string{"succeeded": "COMPLETED", "pending": "PENDING", "failed": "FAILED"}[r.Status]
	invoice, custom, _ := strings.Cut(r.Reference, " ")
	view := map[string]any{
		"id": r.ID, "status": status, "amount": paypalAmount(r.Amount, r.Currency), "note_to_payer": r.Reason,
		"create_time": paypalTime(r.CreatedAt),
		"links":       []paypalLink{{host + "/paypal/v2/payments/captures/" + paypalCapturePrefix + r.Charge, "up", http.MethodGet}},
	}
	if invoice != "" {
		view["invoice_id"] = invoice
	}
	if custom != "" {
		view["custom_id"] = custom
	}
	return view
}

func paypalTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
