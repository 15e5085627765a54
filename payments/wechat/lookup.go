package wechat

import (
	"context"

	"github.com/tillpost/tillpost/payments"
)

// Lookup asks what became of the order. One that is unpaid when its time is up
// is closed; one that WeChat Pay does not know is made and closed, so that a
// request still under way comes too late.
func (p *Provider) Lookup(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	o, wrong := p.order(account, charge)
	if wrong != nil {
		return wrong.unknown()
	}
	return p.find(ctx, o)
}

func (p *Provider) find(ctx context.Context, o order) payments.Result {
	x := p.query(ctx, o)
	if x.says(absentCodes) {
		return p.absent(ctx, o, x)
	}
	t, ok := x.trade()
	if !ok {
		return x.unknown()
	}
	r := o.result(x, t)
	switch {
	case r.Outcome == payments.OutcomeDeclined:
		return p.end(ctx, o, r)
	case r.Outcome != payments.OutcomeRequiresAction:
		return r
	case p.now().After(o.expires):
		return p.end(ctx, o, over(r, "expired", "The customer did not pay in time; the order is closed."))
	case o.charge.ProviderReference == "":
		return p.recover(ctx, o)
	default:
		return r
	}
}

// recover gets the code of an order once more, when the answer that brought it
// was lost: the same request gives the same order.
func (p *Provider) recover(ctx context.Context, o order) payments.Result {
	x := p.create(ctx, o)
	switch {
	case x.code() != "":
		return o.waiting(x)
	case !x.trusted() || x.fault.Code == "" || refusals[x.fault.Code].limited:
		return x.unknown()
	default: // nobody will ever have its code
		return p.end(ctx, o, over(x.about(), "code_lost", "The code of the order was lost; the order is closed."))
	}
}

// absent says what it means that WeChat Pay does not know the order.
func (p *Provider) absent(ctx context.Context, o order, x *exchange) payments.Result {
	none := over(x.about(), "order_not_found", "WeChat Pay has no order for this attempt.")
	switch {
	case o.charge.ProviderReference != "":
		r := x.unknown()
		r.Message = "WeChat Pay does not know the order, although it gave a code for it."
		return r
	case p.now().After(o.expires.Add(drift)):
		return none // whatever arrives now asks for an order that has expired
	}
	made := p.create(ctx, o)
	switch r := made.refused(); {
	case made.code() != "", made.says(standingCodes):
		return p.end(ctx, o, none)
	case made.trusted() && (r.Outcome == payments.OutcomeNotSent || r.Outcome == payments.OutcomeDeclined) && !r.RateLimited:
		return none // refused now, so that it was not taken before
	default:
		return made.unknown()
	}
}

// over is the result of an order that cannot be paid any more.
func over(r payments.Result, code, message string) payments.Result {
	r.Outcome, r.Code, r.Message = payments.OutcomeNotFound, code, message
	return r
}
