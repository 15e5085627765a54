package alipay

import (
	"context"

	"github.com/tillpost/tillpost/payments"
)

// close ends a trade that is not paid. Unlike a cancel it never gives money
// back: a trade that was paid meanwhile stays so.
func (p *Provider) close(ctx context.Context, s *session, charge payments.Charge, canceled bool) payments.Result {
	x := p.call(ctx, s, callClose, tradeRef{charge.AttemptID}, "")
	switch {
	case x.succeeded():
		return x.closed(charge, canceled)
	case x.noTrade() && p.expired(charge):
		r := x.about()
		r.Outcome, r.Code, r.Message = payments.OutcomeNotFound, subNotExist, "The customer did not pay in time."
		return r
	case !x.verified:
		return x.unknown()
	}
	x = p.query(ctx, s, charge) // it was paid or closed meanwhile, or cannot be closed
	switch x.state() {
	case statePaid:
		return x.paid(charge)
	case stateClosed:
		return x.closed(charge, canceled)
	default:
		return x.unknown()
	}
}

// reverse cancels an order of which Alipay knows no trade, so that a payment
// still under way is refused when it arrives. One that arrives in between is
// given back. That a cancel of an unknown order succeeds, and refuses what comes
// after it, is [unverified]: Alipay's guide to payment codes prescribes it as the
// last step after a time-out, but does not say so in words.
func (p *Provider) reverse(ctx context.Context, s *session, charge payments.Charge) payments.Result {
	x := p.call(ctx, s, callCancel, tradeRef{charge.AttemptID}, "")
	if !x.succeeded() {
		return x.unknown()
	}
	if x.answer.OutTradeNo != charge.AttemptID {
		return x.mismatch()
	}
	r := x.about()
	r.Outcome, r.ProviderReference = payments.OutcomeNotFound, x.answer.TradeNo
	switch {
	case x.answer.RetryFlag == "Y":
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "cancel_again", "Alipay could not cancel the order yet."
	case x.answer.Action == "refund":
		r.Code, r.Message = "reversed", "The payment arrived late and was given back."
	default:
		r.Code, r.Message = "canceled", "The order was canceled before it was paid."
	}
	return r
}
