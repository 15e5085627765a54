package wechat

import (
	"cmp"

	"github.com/tillpost/tillpost/payments"
)

// result says where an order stands, if it is the one that was asked for.
func (o order) result(x *exchange, t wireTrade) payments.Result {
	r := x.about()
	if t.OutTradeNo != o.number || t.MchID != o.mchid || t.AppID != "" && t.AppID != o.appid {
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "other_order", "WeChat Pay answered with another order."
		return r
	}
	t.judge(&r, o.mask)
	if t.Amount.Total != 0 && t.Amount.Total != o.charge.Amount {
		r.Outcome, r.Class, r.Amount = payments.OutcomeUnknown, "", 0
		r.Code, r.Message = "amount_mismatch", "WeChat Pay has the order with another amount; a human must look at it."
	}
	r.ProviderReference = cmp.Or(r.ProviderReference, o.charge.ProviderReference)
	return r
}

// judge says what an order's state means for its charge.
func (t wireTrade) judge(r *payments.Result, mask func([]byte) string) {
	r.ProviderReference = t.TransactionID
	switch t.State {
	case "SUCCESS", "REFUND": // refunds are told of by themselves
		r.Outcome, r.Amount = payments.OutcomeSucceeded, t.Amount.Total
		if t.Amount.Total <= 0 || t.TransactionID == "" {
			r.Outcome, r.Amount, r.Message = payments.OutcomeUnknown, 0, "WeChat Pay says that the order is paid, but not how much or as what."
		}
	case "NOTPAY":
		r.Outcome = payments.OutcomeRequiresAction
	case "USERPAYING", "ACCEPT": // the latter [unverified]
		r.Outcome = payments.OutcomeProcessing
	case "CLOSED", "REVOKED":
		r.Outcome, r.Code, r.Message = payments.OutcomeNotFound, t.State, "The order was closed before it was paid."
	case "PAYERROR":
		r.Outcome, r.Class, r.Code = payments.OutcomeDeclined, payments.ClassGeneric, t.State
		r.Message = "The payment failed at WeChat Pay: " + mask([]byte(cmp.Or(t.StateText, "it gives no reason")))
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "WeChat Pay tells a state of the order that is not known here."
	}
	if c := t.Amount.Currency; c != "" && c != currency {
		r.Outcome, r.Class, r.Amount = payments.OutcomeUnknown, "", 0
		r.Code, r.Message = "currency_mismatch", "WeChat Pay has the order in another currency; a human must look at it."
	}
}
