package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// form is a request in Stripe's encoding: names nest in brackets.
type form struct{ url.Values }

// parseForm reads the body and refuses parameters that are not known.
func parseForm(q *request, known ...string) (form, reply, bool) {
	values, err := url.ParseQuery(string(q.body))
	if err != nil {
		return form{}, badRequest("", "The body is not form-encoded."), false
	}
	for name := range values {
		base, _, _ := strings.Cut(name, "[")
		if !slices.Contains(known, base) {
			return form{}, badParam(name, "parameter_unknown", "Received unknown parameter: "+name), false
		}
	}
	return form{values}, reply{}, true
}

func (f form) isTrue(name string) bool { return f.Get(name) == "true" }

// nested returns name[key]=value pairs.
func (f form) nested(name string) map[string]string {
	pairs := map[string]string{}
	for full, values := range f.Values {
		if key, ok := strings.CutPrefix(full, name+"["); ok && len(values) > 0 {
			pairs[strings.TrimSuffix(key, "]")] = values[0]
		}
	}
	return pairs
}

// expands reports whether expand[] names the field.
func (f form) expands(field string) bool {
	for name, values := range f.Values {
		if strings.HasPrefix(name, "expand[") && slices.ContainsFunc(values, func(v string) bool {
			return v == field || strings.HasSuffix(v, "."+field)
		}) {
			return true
		}
	}
	return false
}

func missingParam(name string) reply {
	return badParam(name, "parameter_missing", "Missing required param: "+name+".")
}

func badParam(name, code, message string) reply {
	return problem(http.StatusBadRequest, apiError{Type: "invalid_request_error", Code: code, Param: name, Message: message})
}

func stripeStatus(c charge) string {
	switch c.Status {
	case statusCreated:
		if c.Token == "" {
			return "requires_payment_method"
		}
		return "requires_confirmation"
	case statusFailed:
		return "requires_payment_method"
	case statusAuthorized:
		return "requires_capture"
	case statusVoided:
		return "canceled"
	default:
		return string(c.Status)
	}
}

// intentView shows a charge as a payment intent.
func intentView(c charge, f form, host string) map[string]any {
	captured, _ := c.money()
	view := map[string]any{
		"id": c.ID, "object": "payment_intent", "amount": c.Amount, "amount_received": captured, "amount_capturable": 0,
		"currency": strings.ToLower(c.Currency), "status": stripeStatus(c), "created": c.CreatedAt.Unix(),
		"capture_method": map[bool]string{true: "automatic", false: "manual"}[c.Capture], "confirmation_method": "automatic",
		"client_secret": c.ID + "_secret_sandbox", "description": nullable(c.Description), "metadata": c.Metadata,
		"payment_method": nullable(c.Token), "payment_method_types": []string{"card"}, "livemode": false,
		"latest_charge": nil, "last_payment_error": nil, "next_action": nil, "canceled_at": nil, "cancellation_reason": nil,
	}
	if c.Status == statusAuthorized {
		view["amount_capturable"] = c.Amount
	}
	if c.Status == statusFailed {
		view["payment_method"] = nil
		view["last_payment_error"] = refusal(c)
	}
	if c.Status == statusRequiresAction {
		view["next_action"] = map[string]any{
			"type": "redirect_to_url",
			"redirect_to_url": map[string]any{
				"url": host + "/v1/charges/" + c.ID + "/action", "return_url": nullable(c.ReturnURL),
			},
		}
	}
	if len(c.Taken) > 0 || c.Status == statusFailed {
		view["latest_charge"] = chargeID(c)
		if f.expands("latest_charge") {
			view["latest_charge"] = stripeCharge(c)
		}
	}
	return view
}

// stripeCharge shows the latest try of a payment intent.
func stripeCharge(c charge) map[string]any {
	captured, refunded := c.money()
	view := map[string]any{
		"id": chargeID(c), "object": "charge", "payment_intent": c.ID, "amount": c.Amount, "amount_captured": captured,
		"amount_refunded": refunded, "currency": strings.ToLower(c.Currency), "captured": captured > 0,
		"paid": true, "status": "succeeded", "metadata": c.Metadata, "failure_code": nil, "failure_message": nil,
		"outcome": map[string]any{"network_status": "approved_by_network", "type": "authorized", "seller_message": "Payment complete."},
	}
	if c.Status == statusFailed {
		e := refusal(c)
		view["paid"], view["status"], view["failure_code"], view["failure_message"] = false, "failed", e.Code, e.Message
		view["outcome"] = map[string]any{
			"network_status": "declined_by_network", "type": "issuer_declined", "reason": e.DeclineCode,
			"advice_code": nullable(e.AdviceCode), "network_decline_code": nullable(e.NetworkCode), "seller_message": e.Message,
		}
	}
	return view
}

// refusal is the error object of a declined charge.
func refusal(c charge) apiError {
	o := *c.Refusal
	e := apiError{
		Type: "card_error", Code: "card_declined", DeclineCode: o.Code, AdviceCode: o.Advice(),
		NetworkCode: o.NetworkCode, Message: o.Message, ChargeID: chargeID(c),
	}
	switch o.Code {
	case "expired_card", "incorrect_cvc", "incorrect_number", "processing_error", "authentication_required":
		e.Code = o.Code
	case "authentication_failed":
		e.Code, e.DeclineCode, e.Type = "payment_intent_authentication_failure", "", "invalid_request_error"
	}
	return e
}

// A charge's id is its payment intent's, which has no small letters, with the number of the try.
func chargeID(c charge) string {
	return "ch_" + strings.TrimPrefix(c.ID, "pi_") + "t" + strconv.Itoa(c.Tries)
}

func intentOfCharge(id string) string {
	intent, _, _ := strings.Cut(strings.TrimPrefix(id, "ch_"), "t")
	return "pi_" + intent
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
