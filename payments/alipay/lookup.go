package alipay

import (
	"context"

	"github.com/tillpost/tillpost/payments"
)

// Lookup asks what became of a charge. A payment code of which Alipay knows no
// trade is canceled, so that a request still under way comes too late. The
// customer of a page or QR code keeps the time to pay: as long as it is not
// over, that Alipay knows no trade says nothing.
func (p *Provider) Lookup(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	s, wrong := openFor(account, charge)
	if wrong != nil {
		return wrong.unknown()
	}
	return p.settle(ctx, s, charge, false)
}

// Cancel ends a charge that is not paid. A page that the customer has not
// opened cannot be ended before its time: Alipay does not know of it, but would
// take the money.
func (p *Provider) Cancel(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	s, wrong := openFor(account, charge)
	if wrong != nil {
		return wrong.unknown()
	}
	return p.settle(ctx, s, charge, true)
}

// settle says where a charge stands, and ends it when it is canceled, or when
// its time is over.
func (p *Provider) settle(ctx context.Context, s *session, charge payments.Charge, canceled bool) payments.Result {
	x := p.query(ctx, s, charge)
	switch x.state() {
	case statePaid:
		return x.paid(charge)
	case stateClosed:
		return x.closed(charge, canceled)
	case stateWaiting:
		if !x.concerns(charge) {
			return x.mismatch()
		}
		if canceled || p.expired(charge) {
			return p.close(ctx, s, charge, canceled)
		}
		return p.waiting(s, x, charge)
	case stateMissing:
		return p.missing(ctx, s, x, charge, canceled)
	default:
		return x.unknown()
	}
}

// waiting is the result of a trade that its buyer can still pay.
func (p *Provider) waiting(s *session, x *exchange, charge payments.Charge) payments.Result {
	if wayOf(charge) == byCode {
		return x.underWay(charge)
	}
	r := x.about()
	r.Outcome, r.ProviderReference, r.NextAction = payments.OutcomeRequiresAction, x.answer.TradeNo, p.action(s, charge)
	return r
}

// action is what the customer was asked to do, as far as that is known without asking Alipay.
func (p *Provider) action(s *session, charge payments.Charge) *payments.NextAction {
	switch {
	case wayOf(charge) == byPage:
		return p.page(s, charge).NextAction
	case isCode(charge.ProviderReference):
		return p.scan(charge, charge.ProviderReference)
	default:
		return nil
	}
}

// missing is the result of a charge of which Alipay knows no trade.
func (p *Provider) missing(ctx context.Context, s *session, x *exchange, charge payments.Charge, canceled bool) payments.Result {
	switch way := wayOf(charge); {
	case way == byPage && p.expired(charge):
		return p.close(ctx, s, charge, canceled)
	case way == byCode, canceled && way == byQR, p.expired(charge):
		return p.reverse(ctx, s, charge)
	case way == byQR && !isCode(charge.ProviderReference):
		return p.precreate(ctx, s, charge) // the code got lost on its way to us; the order has another now
	default:
		r := x.about()
		r.Outcome, r.ProviderReference, r.NextAction = payments.OutcomeRequiresAction, charge.ProviderReference, p.action(s, charge)
		if canceled {
			r.Message = "The customer was sent to Alipay and can pay there until the time is over."
		}
		return r
	}
}
