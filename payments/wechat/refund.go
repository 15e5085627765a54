package wechat

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	refunds = "/v3/refund/domestic/refunds"
	// refundSettle is the age from which a refund that WeChat Pay does not know
	// cannot arrive any more: by then the signature of its request is too old.
	refundSettle = 2 * drift
)

// repayment is a refund, ready to be asked for.
type repayment struct {
	*merchant

	refund payments.Refund
	order  string // out_trade_no
	number string // out_refund_no
}

func newRepayment(account payments.Account, r payments.Refund) (repayment, *problem) {
	m, wrong := newMerchant(account)
	if wrong != nil {
		return repayment{}, wrong
	}
	orderNo, ok := number(r.Original.AttemptID)
	refundNo, fits := refundNo(r)
	switch {
	case r.Original.Currency != currency:
		return repayment{}, &problem{"currency_not_supported", "WeChat Pay refunds CNY only, not " + r.Original.Currency + "."}
	case !ok || !fits:
		return repayment{}, &problem{"reference_invalid", "The refund's or the attempt's id cannot be made a number of WeChat Pay."}
	}
	return repayment{merchant: m, refund: r, order: orderNo, number: refundNo}, nil
}

// Refund gives back an amount. Its number at WeChat Pay comes from the refund's
// id and not from the key, because a failed refund must be sent again under the
// number that it had.
func (p *Provider) Refund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	y, wrong := newRepayment(account, r)
	if wrong != nil {
		return wrong.result()
	}
	x := p.call(ctx, y.merchant, http.MethodPost, refunds, refundRequest{
		OutTradeNo: y.order, OutRefundNo: y.number, Reason: clip(r.Reason, maxReason), NotifyURL: r.Original.NotifyURL,
		Amount: wireRefundAmount{Refund: r.Amount, Total: r.Original.Amount, Currency: currency},
	})
	if told, ok := x.refund(); ok {
		return y.result(x, told)
	}
	result := x.refused()
	switch {
	case result.Outcome == payments.OutcomeUnknown:
	case x.trusted() && !result.Misconfigured && !result.RateLimited:
		return p.refusedRefund(ctx, y, result)
	case r.ProviderReference != "" && result.Outcome == payments.OutcomeNotSent:
		result.Outcome = payments.OutcomeUnknown // this request was refused, but not the one that gave the reference
	}
	return result
}

// refusedRefund tells a refund that was refused from one that is refused because
// it is there already.
func (p *Provider) refusedRefund(ctx context.Context, y repayment, refused payments.Result) payments.Result {
	x := p.queryRefund(ctx, y)
	if told, ok := x.refund(); ok {
		return y.result(x, told)
	}
	if !x.says(absentCodes) || y.refund.ProviderReference != "" {
		return x.unknown()
	}
	refused.Outcome, refused.Class = payments.OutcomeDeclined, cmp.Or(refused.Class, payments.ClassNever)
	return refused
}

// LookupRefund asks what became of a refund.
func (p *Provider) LookupRefund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	y, wrong := newRepayment(account, r)
	if wrong != nil {
		return wrong.unknown()
	}
	x := p.queryRefund(ctx, y)
	if told, ok := x.refund(); ok {
		return y.result(x, told)
	}
	result := x.unknown()
	if !x.says(absentCodes) {
		return result
	}
	result.Message = "WeChat Pay does not know the refund yet."
	if r.ProviderReference == "" && p.arrived(r.StartedAt) {
		result.Outcome, result.Message = payments.OutcomeNotFound, "WeChat Pay has no such refund."
	}
	return result
}

// arrived says whether a request first sent then is not on its way any more.
func (p *Provider) arrived(started time.Time) bool {
	return started.IsZero() || p.now().Sub(started) >= refundSettle
}

func (p *Provider) queryRefund(ctx context.Context, y repayment) *exchange {
	return p.call(ctx, y.merchant, http.MethodGet, refunds+"/"+url.PathEscape(y.number), nil)
}

func (x *exchange) refund() (wireRefund, bool) {
	var told wireRefund
	ok := x.decode(&told) && told.OutRefundNo != ""
	return told, ok
}

// result says where a refund stands, if it is the one that was asked for.
func (y repayment) result(x *exchange, told wireRefund) payments.Result {
	r := x.about()
	told.judge(&r)
	switch {
	case told.OutRefundNo != y.number || told.OutTradeNo != "" && told.OutTradeNo != y.order:
		r = x.about()
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "other_refund", "WeChat Pay answered with another refund."
	case told.Amount.Refund != 0 && told.Amount.Refund != y.refund.Amount:
		r.Outcome, r.Class, r.Amount = payments.OutcomeUnknown, "", 0
		r.Code, r.Message = "amount_mismatch", "WeChat Pay has the refund with another amount; a human must look at it."
	}
	return r
}

// judge says what a refund's status means.
func (w wireRefund) judge(r *payments.Result) {
	r.ProviderReference = w.RefundID
	switch status := cmp.Or(w.Status, w.NoticeStatus); status {
	case "SUCCESS":
		r.Outcome, r.Amount = payments.OutcomeSucceeded, w.Amount.Refund
	case "PROCESSING":
		r.Outcome = payments.OutcomeProcessing
	case "CLOSED":
		r.Outcome, r.Class, r.Code = payments.OutcomeDeclined, payments.ClassLater, status
		r.Message = "WeChat Pay closed the refund without giving the money back."
	case "ABNORMAL":
		r.Outcome, r.Code, r.Stuck = payments.OutcomeUnknown, status, true
		r.Message = "WeChat Pay could not give the money back the way it came, for instance because the card is no more. " +
			"Somebody must say in WeChat Pay's merchant platform where it is to go."
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "WeChat Pay tells a state of the refund that is not known here."
	}
	if c := w.Amount.Currency; c != "" && c != currency {
		r.Outcome, r.Class, r.Amount = payments.OutcomeUnknown, "", 0
		r.Code, r.Message = "currency_mismatch", "WeChat Pay has the refund in another currency; a human must look at it."
	}
}
