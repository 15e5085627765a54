package sandbox

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

func (s *Server) createStripeRefund(q *request) reply {
	f, rep, ok := parseForm(q, "payment_intent", "charge", "amount", "reason", "metadata", "expand")
	if !ok {
		return rep
	}
	var amount int64
	if text := f.Get("amount"); text != "" {
		var err error
		if amount, err = strconv.ParseInt(text, 10, 64); err != nil || amount < 1 {
			return badParam("amount", "parameter_invalid_integer", "Invalid integer: "+text)
		}
	}
	switch f.Get("reason") {
	case "", "duplicate", "fraudulent", "requested_by_customer":
	default:
		return badParam("reason", "", "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer")
	}
	id := f.Get("payment_intent")
	if ch := f.Get("charge"); ch != "" {
		id = intentOfCharge(ch)
	}
	if id == "" {
		return missingParam("payment_intent")
	}
	return s.once(q, "", func() reply {
		r, err := s.bank.refund(q.account, id, amount, f.Get("reason"), func(r *refund) {
			r.Metadata = f.nested("metadata")
			r.Reference = r.Metadata["refund_id"]
		})
		if err != nil {
			c, _ := s.bank.charge(q.account, id) // none is an error of its own below
			return stripeRefundError(q, f, c, err)
		}
		return jsonReply(http.StatusOK, stripeRefundView(r))
	})
}

// stripeRefundError tells why a refund was not made.
func stripeRefundError(q *request, f form, c charge, err error) reply {
	captured, refunded := c.money()
	e := apiError{Type: "invalid_request_error"}
	switch {
	case !errors.Is(err, errState) && !errors.Is(err, errAmount):
		return stripeError(q, f, charge{}, err)
	case c.Dispute.took():
		e.Code, e.Message = "charge_disputed", "The charge has been charged back."
	case captured > 0 && captured == refunded:
		e.Code, e.Message = "charge_already_refunded", "Charge "+chargeID(c)+" has already been refunded."
	case captured == 0:
		e.Message = "This PaymentIntent does not have a successful charge to refund."
	default:
		e.Param = "amount"
		e.Message = "Refund amount is greater than unrefunded amount on charge (" + strconv.FormatInt(captured-refunded, 10) + ")"
	}
	rep := problem(http.StatusBadRequest, e)
	rep.idle = false // it comes of execution
	return rep
}

// listStripeRefunds lists the refunds of a payment intent, newest first.
func (s *Server) listStripeRefunds(q *request) reply {
	id := q.FormValue("payment_intent")
	if ch := q.FormValue("charge"); ch != "" {
		id = intentOfCharge(ch)
	}
	all, err := s.bank.refundsOf(q.account, id)
	if err != nil {
		return stripeError(q, form{}, charge{}, err)
	}
	views := make([]stripeObject, 0, len(all))
	for _, r := range all {
		views = append(views, stripeRefundView(r))
	}
	return stripePage(q, "/v1/refunds", views)
}

func (s *Server) showStripeRefund(q *request) reply {
	r, err := s.bank.refundByID(q.account, q.PathValue("id"))
	if err != nil {
		return stripeError(q, form{}, charge{}, err)
	}
	return jsonReply(http.StatusOK, stripeRefundView(r))
}

func stripeRefundView(r refund) stripeObject {
	view := stripeObject{
		"id": r.ID, "object": "refund", "amount": r.Amount, "currency": strings.ToLower(r.Currency), "status": r.Status,
		"payment_intent": r.Charge, "reason": nullable(r.Reason), "created": r.CreatedAt.Unix(), "metadata": r.Metadata,
	}
	if r.Status == "failed" {
		view["failure_reason"] = "lost_or_stolen_card"
	}
	return view
}
