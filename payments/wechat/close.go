package wechat

import (
	"context"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/payments"
)

// Cancel closes the order, so that it cannot be paid any more. One that does not
// exist yet is made first, so that it cannot be made later.
func (p *Provider) Cancel(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	o, wrong := p.order(account, charge)
	if wrong != nil {
		return wrong.unknown()
	}
	x := p.close(ctx, o)
	if x.says(absentCodes) {
		return p.absent(ctx, o, x)
	}
	return p.closed(ctx, o, x, over(x.about(), "canceled", "The order was closed before it was paid."))
}

// end closes an order and answers with what it is by then: ended as given, or
// what its customer has made of it.
func (p *Provider) end(ctx context.Context, o order, ended payments.Result) payments.Result {
	return p.closed(ctx, o, p.close(ctx, o), ended)
}

func (p *Provider) close(ctx context.Context, o order) *exchange {
	target := orders + "out-trade-no/" + url.PathEscape(o.number) + "/close"
	return p.call(ctx, o.merchant, http.MethodPost, target, map[string]string{"mchid": o.mchid})
}

// closed says what the answer to closing means.
func (p *Provider) closed(ctx context.Context, o order, x *exchange, ended payments.Result) payments.Result {
	switch {
	case x.trusted() && x.status == http.StatusNoContent, x.says(closedCodes):
		return ended
	case x.says(payingCodes):
		r := x.about()
		r.Outcome, r.Code, r.ProviderReference = payments.OutcomeProcessing, x.fault.Code, o.charge.ProviderReference
		r.Message = refusals[x.fault.Code].message
		return r
	case !x.trusted() || x.fault.Code == "" || refusals[x.fault.Code].limited:
		return x.unknown()
	}
	now := p.query(ctx, o)
	t, ok := now.trade()
	if !ok {
		return now.unknown()
	}
	r := o.result(now, t)
	if r.Outcome == payments.OutcomeRequiresAction {
		return x.unknown() // it can still be paid
	}
	return r
}
