package alipay

import (
	"context"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// refundSettle is the age from which a refund that Alipay does not know is not
// on its way any more. Alipay itself wants to be asked 10 seconds later at the
// earliest.
const refundSettle = 10 * time.Minute

// Refund gives back an amount. The refund's id is its number at Alipay: sent
// again it gives back nothing more, whatever became of it.
func (p *Provider) Refund(ctx context.Context, account payments.Account, refund payments.Refund) payments.Result {
	s, wrong := openForRefund(account, refund)
	if wrong != nil {
		return wrong.result()
	}
	x := p.call(ctx, s, callRefund, refundOrder{
		OutTradeNo: refund.Original.AttemptID, RefundAmount: yuan(refund.Amount),
		OutRequestNo: refund.RefundID, RefundReason: refund.Reason,
	}, "")
	switch {
	case x.succeeded() && x.answer.OutTradeNo != refund.Original.AttemptID:
		return x.mismatch()
	case x.succeeded() && x.answer.FundChange == "Y":
		return x.refunded(refund)
	case x.succeeded(): // accepted, but nothing moved by this request: it was made before, or will be
		return p.accepted(ctx, s, x, refund)
	case x.verified:
		r, doubtful := x.refusal(refundRefusals)
		if doubtful {
			r = p.confirmRefund(ctx, s, refund, r)
		}
		return r
	default:
		return x.lost()
	}
}

// LookupRefund asks what became of a refund.
func (p *Provider) LookupRefund(ctx context.Context, account payments.Account, refund payments.Refund) payments.Result {
	s, wrong := openForRefund(account, refund)
	if wrong != nil {
		return wrong.unknown()
	}
	x := p.queryRefund(ctx, s, refund)
	switch x.refundState(refund) {
	case statePaid:
		return x.refunded(refund)
	case stateMissing:
		r := x.about()
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "refund_not_known", "Alipay does not know the refund yet."
		if refund.StartedAt.IsZero() || p.now().Sub(refund.StartedAt) > refundSettle {
			r.Outcome, r.Message = payments.OutcomeNotFound, "Alipay does not know the refund."
		}
		return r
	default:
		return x.refundUnknown()
	}
}

func openForRefund(account payments.Account, refund payments.Refund) (*session, *mistake) {
	switch {
	case refund.Original.Currency != currency:
		return nil, &mistake{"currency_not_supported", "Alipay gives back yuan (CNY) only, not " + refund.Original.Currency + "."}
	case refund.Amount < 1 || refund.Amount > maxFen:
		return nil, &mistake{"amount_invalid", "Alipay gives back amounts from 0.01 to 100,000,000.00 yuan."}
	case refund.RefundID == "":
		return nil, &mistake{"refund_id_missing", "The refund has no number."}
	}
	return open(account)
}

func (p *Provider) queryRefund(ctx context.Context, s *session, refund payments.Refund) *exchange {
	return p.call(ctx, s, callRefundQuery, refundRef{refund.Original.AttemptID, refund.RefundID}, "")
}

// refundState says where a refund stands: paid, missing or unknown. Alipay
// leaves the status out as long as nothing was given back.
func (x *exchange) refundState(refund payments.Refund) state {
	a := x.answer
	switch {
	case x.noTrade():
		return stateMissing
	case !x.succeeded():
		return stateUnknown
	case a.RefundStatus == "":
		return stateMissing
	case a.RefundStatus != "REFUND_SUCCESS" || a.OutTradeNo != refund.Original.AttemptID || a.OutRequestNo != refund.RefundID:
		return stateUnknown
	}
	if given, err := fen(string(a.RefundAmount)); err != nil || given != refund.Amount {
		return stateUnknown
	}
	return statePaid
}

// refunded is the result of a refund that was made.
func (x *exchange) refunded(refund payments.Refund) payments.Result {
	r := x.about()
	r.Outcome, r.Amount, r.ProviderReference = payments.OutcomeSucceeded, refund.Amount, refund.RefundID
	return r
}

// refundUnknown is the result of a look-up that tells nothing about the refund.
func (x *exchange) refundUnknown() payments.Result {
	if x.succeeded() {
		return x.mismatch()
	}
	return x.unknown()
}

// accepted follows a refund that moved nothing by itself.
func (p *Provider) accepted(ctx context.Context, s *session, first *exchange, refund payments.Refund) payments.Result {
	x := p.queryRefund(ctx, s, refund)
	switch x.refundState(refund) {
	case statePaid:
		return x.refunded(refund)
	case stateMissing:
		r := first.about()
		r.Outcome, r.ProviderReference = payments.OutcomeProcessing, refund.RefundID
		r.Message = "Alipay has accepted the refund, but not made it yet."
		return r
	default:
		return x.refundUnknown()
	}
}

// confirmRefund looks into a refusal that an earlier copy of the refund may have
// caused by its success.
func (p *Provider) confirmRefund(ctx context.Context, s *session, refund payments.Refund, refused payments.Result) payments.Result {
	x := p.queryRefund(ctx, s, refund)
	switch x.refundState(refund) {
	case statePaid:
		return x.refunded(refund)
	case stateMissing:
		return refused
	default:
		r := x.refundUnknown()
		r.Code, r.Message = refused.Code, refused.Message
		return r
	}
}
