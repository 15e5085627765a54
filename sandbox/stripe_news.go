package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// stripeEvent is a type of event and the object that it is about.
type stripeEvent struct {
	kind   string
	object any
}

// stripeNews is the first webhook about something that happened.
func stripeNews(_ *Server, n news) []byte {
	events := stripeEvents(n)
	if len(events) == 0 {
		return nil
	}
	return events[0].body(n, 0)
}

// moreStripeNews are the others: Stripe tells of the same thing by several events.
func moreStripeNews(_ *Server, n news) [][]byte {
	var bodies [][]byte
	for i, event := range stripeEvents(n) {
		if i > 0 {
			bodies = append(bodies, event.body(n, i))
		}
	}
	return bodies
}

func (e stripeEvent) body(n news, number int) []byte {
	id := "evt_" + n.ID
	if number > 0 {
		id += strconv.Itoa(number)
	}
	body, err := json.Marshal(stripeObject{
		"id": id, "object": "event", "type": e.kind, "created": n.At.Unix(), "api_version": "2026-03-25.dahlia",
		"livemode": false, "pending_webhooks": 1, "request": stripeObject{"id": nil, "idempotency_key": nil},
		"data": stripeObject{"object": e.object},
	})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	return body
}

func stripeEvents(n news) []stripeEvent {
	intent, ch := intentView(n.Charge, form{}, ""), stripeCharge(n.Charge)
	switch n.What {
	case happenedCharge, happenedLater:
		return stripeChargeEvents(n.Charge)
	case happenedCapture:
		return []stripeEvent{{"payment_intent.succeeded", intent}, {"charge.captured", ch}}
	case happenedVoid, happenedCanceled:
		return []stripeEvent{{"payment_intent.canceled", intent}}
	case happenedRefund:
		view := stripeRefundView(*n.Refund)
		switch {
		case !n.Again:
			return []stripeEvent{{"refund.created", view}, {"charge.refunded", ch}}
		case n.Refund.Status == "failed":
			return []stripeEvent{{"refund.failed", view}, {"refund.updated", view}}
		default:
			return []stripeEvent{{"refund.updated", view}}
		}
	case happenedDispute:
		view := stripeDispute(n.Charge, *n.Dispute)
		switch {
		case !n.Again && n.Dispute.took():
			return []stripeEvent{{"charge.dispute.created", view}, {"charge.dispute.funds_withdrawn", view}}
		case !n.Again:
			return []stripeEvent{{"charge.dispute.created", view}}
		case n.Dispute.Status == "won":
			return []stripeEvent{{"charge.dispute.closed", view}, {"charge.dispute.funds_reinstated", view}}
		case n.Dispute.Status == "lost", n.Dispute.Status == "inquiry_closed":
			return []stripeEvent{{"charge.dispute.closed", view}}
		default:
			return []stripeEvent{{"charge.dispute.updated", view}}
		}
	}
	return nil
}

func stripeChargeEvents(c charge) []stripeEvent {
	intent, ch := intentView(c, form{}, ""), stripeCharge(c)
	switch c.Status {
	case statusSucceeded:
		return []stripeEvent{{"payment_intent.succeeded", intent}, {"charge.succeeded", ch}}
	case statusAuthorized:
		return []stripeEvent{{"payment_intent.amount_capturable_updated", intent}, {"charge.succeeded", ch}}
	case statusFailed:
		return []stripeEvent{{"payment_intent.payment_failed", intent}, {"charge.failed", ch}}
	case statusRequiresAction:
		return []stripeEvent{{"payment_intent.requires_action", intent}}
	case statusProcessing:
		return []stripeEvent{{"payment_intent.processing", intent}}
	default:
		return nil
	}
}

func signStripe(s *Server, header http.Header, secret string, body []byte) {
	header.Set("Stripe-Signature", Sign(secret, s.opts.Now(), body))
}

// stripeDispute shows a dispute; an inquiry has moved no money.
func stripeDispute(c charge, d dispute) stripeObject {
	status := map[string]string{"inquiry": "warning_needs_response", "inquiry_closed": "warning_closed"}[d.Status]
	if status == "" {
		status = d.Status
	}
	moves := []stripeObject{}
	move := func(amount int64) {
		moves = append(moves, stripeObject{
			"id": "txn_" + strings.TrimPrefix(d.ID, "dp_") + strconv.Itoa(len(moves)), "object": "balance_transaction",
			"amount": amount, "currency": strings.ToLower(d.Currency), "type": "adjustment",
		})
	}
	if d.took() || d.Status == "won" {
		move(-d.Amount)
	}
	if d.Status == "won" {
		move(d.Amount)
	}
	return stripeObject{
		"id": d.ID, "object": "dispute", "amount": d.Amount, "currency": strings.ToLower(d.Currency), "charge": chargeID(c),
		"payment_intent": c.ID, "reason": d.Reason, "status": status, "created": d.CreatedAt.Unix(), "livemode": false,
		"is_charge_refundable": !d.took(), "balance_transactions": moves, "metadata": stripeObject{},
		"evidence_details": stripeObject{"due_by": d.RespondBy.Unix(), "has_evidence": false, "past_due": false, "submission_count": 0},
	}
}

func (s *Server) showStripeDispute(q *request) reply {
	c, err := s.bank.disputed(q.account, q.PathValue("id"))
	if err != nil {
		return stripeError(q, form{}, charge{}, err)
	}
	return jsonReply(http.StatusOK, stripeDispute(c, *c.Dispute))
}
