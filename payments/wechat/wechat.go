// Package wechat charges through WeChat Pay's API v3 by native orders: a code
// that the customer scans.
//
// There is no token and no charge without the customer. An order by itself
// moves no money: only who has its code can pay it. So an order whose code
// never came back cannot have been paid, and one that is closed never will be.
// The order's number is derived from the attempt, which makes WeChat Pay refuse
// to know the attempt twice.
package wechat

import (
	"context"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// DefaultBaseURL is WeChat Pay's host for all merchants of mainland China. It
// has no public sandbox.
const DefaultBaseURL = "https://api.mch.weixin.qq.com"

// Provider is WeChat Pay behind the payment port. Accounts have the fields
// mchid, appid, serial_no, private_key, apiv3_key, platform_public_key and
// platform_public_key_id.
type Provider struct {
	client *http.Client
	now    func() time.Time
}

// New returns the provider; the client brings the time-outs.
func New(client *http.Client) *Provider {
	own := *client
	if own.Transport == nil {
		own.Transport = safehttp.New(safehttp.Options{Timeout: client.Timeout}).Transport
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{client: &own, now: time.Now}
}

// Charge makes the order, or finds the one made before for the same attempt,
// and answers with the code for the customer.
func (p *Provider) Charge(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	o, problem := p.order(account, charge)
	if problem != nil {
		return problem.result()
	}
	if !p.now().Before(o.expires.Add(-shortestOrder)) {
		return sent(p.find(ctx, o)) // WeChat Pay would not take it any more, but an earlier request may have come in time
	}
	x := p.create(ctx, o)
	switch {
	case x.code() != "":
		return o.waiting(x)
	case x.says(standingCodes):
		return sent(p.standing(ctx, o, x))
	}
	r := x.refused()
	if charge.ProviderReference != "" && !x.says(closedCodes) && (r.Outcome == payments.OutcomeNotSent || r.Outcome == payments.OutcomeDeclined) {
		r.Outcome, r.Class = payments.OutcomeUnknown, "" // this request was refused, but the customer has the code of an earlier one
	}
	return r
}

// standing says what has become of an order that WeChat Pay does not make once more.
func (p *Provider) standing(ctx context.Context, o order, refused *exchange) payments.Result {
	x := p.query(ctx, o)
	t, ok := x.trade()
	switch {
	case ok:
		r := o.result(x, t)
		if r.Outcome == payments.OutcomeRequiresAction && o.charge.ProviderReference == "" {
			r.Outcome, r.Code = payments.OutcomeUnknown, refused.fault.Code
			r.Message = "WeChat Pay knows this attempt with other details."
		}
		return r
	case x.says(absentCodes) && refused.says(invalidCodes):
		return refused.refused() // there is no order: the request itself is wrong
	default:
		return x.unknown()
	}
}

// sent turns what a look-up finds into what a charge may say.
func sent(r payments.Result) payments.Result {
	if r.Outcome == payments.OutcomeNotFound {
		r.Outcome = payments.OutcomeNotSent
	}
	return r
}
