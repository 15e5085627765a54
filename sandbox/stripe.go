package sandbox

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

const apiStripe = "stripe"

func stripeFormat() format {
	return format{
		name: apiStripe, chargeID: prefixed("pi_"), refundID: prefixed("re_"), disputeID: prefixed("dp_"),
		account: accountOf, caller: bySecretKey("sk_test_", "rk_test_", "sk_sandbox_"), fault: plainFault,
		news: stripeNews, more: moreStripeNews, sign: signStripe,
	}
}

func (s *Server) stripeRoutes(mux *http.ServeMux) {
	handle := func(pattern string, serve endpoint) { mux.HandleFunc(pattern, s.api(stripeFormat(), serve)) }
	handle("GET /stripe/v1/account", stripeAccount)
	handle("POST /stripe/v1/payment_intents", s.createIntent)
	handle("GET /stripe/v1/payment_intents/search", s.searchIntents)
	handle("GET /stripe/v1/payment_intents/{id}", s.showIntent)
	handle("POST /stripe/v1/payment_intents/{id}/confirm", s.confirmIntent)
	handle("POST /stripe/v1/payment_intents/{id}/capture", s.captureIntent)
	handle("POST /stripe/v1/payment_intents/{id}/cancel", s.cancelIntent)
	handle("POST /stripe/v1/refunds", s.createStripeRefund)
	handle("GET /stripe/v1/refunds", s.listStripeRefunds)
	handle("GET /stripe/v1/refunds/{id}", s.showStripeRefund)
	handle("GET /stripe/v1/disputes/{id}", s.showStripeDispute)
	handle("GET /stripe/v1/events", s.listStripeEvents)
	mux.HandleFunc("/stripe/", func(w http.ResponseWriter, r *http.Request) {
		writeReply(w, problem(http.StatusNotFound, apiError{
			Type: "invalid_request_error", Message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ").",
		}))
	})
}

func stripeAccount(q *request) reply {
	return jsonReply(http.StatusOK, map[string]any{
		"id": "acct_" + q.account, "object": "account", "charges_enabled": true, "payouts_enabled": true,
	})
}

func (s *Server) createIntent(q *request) reply {
	f, rep, ok := parseForm(q, "amount", "currency", "payment_method", "payment_method_types", "capture_method", "metadata",
		"description", "confirm", "off_session", "return_url", "customer", "statement_descriptor_suffix", "expand")
	if !ok {
		return rep
	}
	amount, err := strconv.ParseInt(f.Get("amount"), 10, 64)
	switch {
	case f.Get("amount") == "":
		return missingParam("amount")
	case err != nil:
		return badParam("amount", "parameter_invalid_integer", "Invalid integer: "+f.Get("amount"))
	case amount < 1:
		return badParam("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case amount > maxAmount:
		return badParam("amount", "amount_too_large", "Amount is too large.")
	case f.Get("currency") == "":
		return missingParam("currency")
	case !isCurrency(f.Get("currency")):
		return badParam("currency", "", "Invalid currency: "+f.Get("currency"))
	case f.Get("capture_method") != "" && f.Get("capture_method") != "automatic" && f.Get("capture_method") != "manual":
		return badParam("capture_method", "", "Invalid capture_method: must be one of automatic or manual")
	case !isWebURL(f.Get("return_url")):
		return badParam("return_url", "url_invalid", "Not a valid URL")
	}
	token := f.Get("payment_method")
	var fault Fault
	if f.isTrue("confirm") {
		fault = outcomeOf(token).Fault
	}
	return s.once(q, fault, func() reply {
		metadata := f.nested("metadata")
		c, err := s.bank.open(charge{
			API: apiStripe, Account: q.account, Key: q.key,
			Reference: metadata["attempt_id"], PaymentReference: metadata["payment_id"], Metadata: metadata,
			Amount: amount, Currency: strings.ToUpper(f.Get("currency")), Token: token,
			Capture: f.Get("capture_method") != "manual", Description: f.Get("description"), ReturnURL: f.Get("return_url"),
		})
		if err == nil && f.isTrue("confirm") {
			c, err = s.bank.execute(q.account, c.ID, confirmation{absent: f.isTrue("off_session")})
		}
		return intentReply(q, f, c, err)
	})
}

func (s *Server) confirmIntent(q *request) reply {
	f, rep, ok := parseForm(q, "payment_method", "off_session", "return_url", "expand", "error_on_requires_action")
	if !ok {
		return rep
	}
	if !isWebURL(f.Get("return_url")) {
		return badParam("return_url", "url_invalid", "Not a valid URL")
	}
	c, err := s.bank.charge(q.account, q.PathValue("id"))
	if err != nil {
		return stripeError(q, f, c, err)
	}
	token := cmp.Or(f.Get("payment_method"), c.Token)
	if token == "" {
		return badParam("payment_method", "payment_intent_unexpected_state",
			"You cannot confirm this PaymentIntent because it's missing a payment method.")
	}
	return s.once(q, outcomeOf(token).Fault, func() reply {
		c, err := s.bank.execute(q.account, c.ID, confirmation{
			token: token, returnURL: f.Get("return_url"), absent: f.isTrue("off_session"),
		})
		return intentReply(q, f, c, err)
	})
}

func (s *Server) showIntent(q *request) reply {
	f := form{q.URL.Query()}
	c, err := s.bank.charge(q.account, q.PathValue("id"))
	if err != nil || c.API != apiStripe {
		return stripeError(q, f, charge{}, errNotFound)
	}
	return jsonReply(http.StatusOK, intentView(c, f, origin(q.Request)))
}

// searchIntents knows one query: metadata['attempt_id']:'…'.
func (s *Server) searchIntents(q *request) reply {
	f := form{q.URL.Query()}
	reference, ok := strings.CutPrefix(f.Get("query"), "metadata['attempt_id']:'")
	reference, closed := strings.CutSuffix(reference, "'")
	if !ok || !closed {
		return badParam("query", "", "The sandbox searches by metadata['attempt_id'] only.")
	}
	data := []any{}
	for _, c := range s.bank.intents(q.account, reference) {
		data = append(data, intentView(c, f, origin(q.Request)))
	}
	return jsonReply(http.StatusOK, map[string]any{
		"object": "search_result", "url": "/v1/payment_intents/search", "has_more": false, "next_page": nil, "data": data,
	})
}

func (s *Server) captureIntent(q *request) reply {
	f, rep, ok := parseForm(q, "amount_to_capture", "final_capture", "metadata", "expand")
	if !ok {
		return rep
	}
	var amount int64
	if text := f.Get("amount_to_capture"); text != "" {
		var err error
		if amount, err = strconv.ParseInt(text, 10, 64); err != nil || amount < 1 {
			return badParam("amount_to_capture", "parameter_invalid_integer", "Invalid integer: "+text)
		}
	}
	return s.once(q, "", func() reply {
		c, err := s.bank.capture(q.account, q.PathValue("id"), amount, func(c *charge) {
			if c.Metadata == nil {
				c.Metadata = map[string]string{}
			}
			maps.Copy(c.Metadata, f.nested("metadata"))
		})
		return intentReply(q, f, c, err)
	})
}

func (s *Server) cancelIntent(q *request) reply {
	f, rep, ok := parseForm(q, "cancellation_reason", "expand")
	if !ok {
		return rep
	}
	return s.once(q, "", func() reply {
		c, err := s.bank.cancel(q.account, q.PathValue("id"))
		return intentReply(q, f, c, err)
	})
}

// intentReply answers with a payment intent after a change; a refusal is 402.
func intentReply(q *request, f form, c charge, err error) reply {
	if err != nil {
		return stripeError(q, f, c, err)
	}
	if c.Status != statusFailed {
		return jsonReply(http.StatusOK, intentView(c, f, origin(q.Request)))
	}
	e := refusal(c)
	e.PaymentIntent = intentView(c, f, origin(q.Request))
	return problem(http.StatusPaymentRequired, e)
}

func stripeError(q *request, f form, c charge, err error) reply {
	e := apiError{Type: "invalid_request_error", Message: err.Error()}
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, errNotFound):
		status, e.Code, e.Message = http.StatusNotFound, "resource_missing", "No such payment_intent: '"+q.PathValue("id")+"'"
	case errors.Is(err, errUnknownRefund):
		status, e.Code, e.Message = http.StatusNotFound, "resource_missing", "No such refund: '"+q.PathValue("id")+"'"
	case errors.Is(err, errUnknownDispute):
		status, e.Code, e.Message = http.StatusNotFound, "resource_missing", "No such dispute: '"+q.PathValue("id")+"'"
	case errors.Is(err, errUnknownToken):
		e.Code, e.Param, e.Message = "resource_missing", "payment_method", "No such PaymentMethod."
	case errors.Is(err, errAmount):
		e.Code, e.Message = "amount_too_large", "The amount is greater than what is left."
	case errors.Is(err, errState):
		e.Code, e.Message = "payment_intent_unexpected_state", "This PaymentIntent's state does not allow this: "+stripeStatus(c)+"."
	}
	if c.ID != "" {
		e.PaymentIntent = intentView(c, f, origin(q.Request))
	}
	rep := problem(status, e)
	rep.idle = !errors.Is(err, errState) && !errors.Is(err, errAmount) // these come of execution
	return rep
}
