package alipay

import (
	"context"
	"net/url"

	"github.com/tillpost/tillpost/payments"
)

// state is where a trade stands, as a query tells.
type state int

const (
	stateUnknown state = iota // Alipay did not say
	stateMissing              // no such trade, yet
	stateWaiting              // for its buyer
	statePaid
	stateClosed // not paid in time, or given back in full
)

// query asks for a charge's trade.
func (p *Provider) query(ctx context.Context, s *session, charge payments.Charge) *exchange {
	return p.call(ctx, s, callQuery, tradeRef{charge.AttemptID}, "")
}

func (x *exchange) state() state {
	if x.noTrade() {
		return stateMissing
	}
	if !x.succeeded() {
		return stateUnknown
	}
	switch x.answer.TradeStatus {
	case "WAIT_BUYER_PAY":
		return stateWaiting
	case "TRADE_SUCCESS", "TRADE_FINISHED":
		return statePaid
	case "TRADE_CLOSED":
		return stateClosed
	default:
		return stateUnknown
	}
}

// concerns reports whether an answer is about the charge's own trade.
func (x *exchange) concerns(charge payments.Charge) bool {
	a := x.answer
	return a.OutTradeNo == charge.AttemptID &&
		(charge.ProviderReference == "" || isCode(charge.ProviderReference) || a.TradeNo == charge.ProviderReference)
}

// isCode tells the address of a QR code from a trade's number.
func isCode(reference string) bool {
	u, err := url.Parse(reference)
	return err == nil && u.Scheme != ""
}

// paid is the result of a paid trade, if it is the charge's own and of its amount.
func (x *exchange) paid(charge payments.Charge) payments.Result {
	got, err := fen(string(x.answer.TotalAmount))
	if err != nil || got != charge.Amount || !x.concerns(charge) || x.answer.TransCurrency != "" && x.answer.TransCurrency != currency {
		return x.mismatch()
	}
	r := x.about()
	r.Outcome, r.Amount, r.ProviderReference = payments.OutcomeSucceeded, got, x.answer.TradeNo
	return r
}

// underWay is the result of a payment that the customer has not confirmed yet.
func (x *exchange) underWay(charge payments.Charge) payments.Result {
	if !x.concerns(charge) {
		return x.mismatch()
	}
	r := x.about()
	r.Outcome, r.ProviderReference, r.RetryAfter = payments.OutcomeProcessing, x.answer.TradeNo, askAgain
	r.Code, r.Message = x.answer.Code, "The customer has not confirmed the payment yet."
	return r
}

// mismatch is the result of an answer about something else than was asked for.
func (x *exchange) mismatch() payments.Result {
	r := x.about()
	r.Outcome, r.Code = payments.OutcomeUnknown, "answer_mismatch"
	r.Message = "Alipay's answer is about another trade, or another amount: somebody should look into it."
	return r
}

// closed is the result of a trade that cannot be paid any more, and for which
// no money stands.
func (x *exchange) closed(charge payments.Charge, canceled bool) payments.Result {
	if !x.concerns(charge) {
		return x.mismatch()
	}
	r := x.about()
	r.Outcome, r.ProviderReference, r.Code = payments.OutcomeNotFound, x.answer.TradeNo, "TRADE_CLOSED"
	switch {
	case x.answer.SendPayDate != "":
		r.Message = "The trade was paid and given back in full."
	case wayOf(charge) == byCode && !canceled:
		// The code was used up: sending it again would be in vain.
		r.Outcome, r.Class = payments.OutcomeDeclined, fixData
		r.Message = "The customer did not confirm the payment in time."
	default:
		r.Message = "The trade was closed before it was paid."
	}
	return r
}
