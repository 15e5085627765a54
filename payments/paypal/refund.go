package paypal

import (
	"context"
	"net/http"
	"slices"

	"github.com/tillpost/tillpost/payments"
)

// refundRequest gives back an amount. The custom id is the refund's, the invoice
// id the try's: PayPal refuses a second refund with the same one.
type refundRequest struct {
	Amount    money  `json:"amount"`
	CustomID  string `json:"custom_id"`
	InvoiceID string `json:"invoice_id"`
	Note      string `json:"note_to_payer,omitempty"`
}

// maxNote is how many characters PayPal takes of a note.
const maxNote = 255

// Refund gives back an amount of what the charge took. PayPal keeps the key for
// 45 days; an earlier call's refund is found in the order for ever.
func (p *Provider) Refund(ctx context.Context, account payments.Account, refund payments.Refund) payments.Result {
	o, x, r := p.original(ctx, account, refund.Original, payments.Modification{StartedAt: refund.StartedAt})
	if o == nil {
		return r
	}
	if r, found := p.refunded(o, refund, x); found {
		return r
	}
	taken, ok := capturedOf(o)
	if !ok {
		r := p.about(x)
		refuse(&r, "CAPTURE_MISSING", "")
		return r
	}
	amount, err := format(refund.Amount, refund.Original.Currency)
	if err != nil {
		r := p.about(x)
		r.Outcome, r.Code, r.Class = payments.OutcomeDeclined, "amount_not_supported", payments.ClassNever
		r.Message = "PayPal cannot give back the amount: " + err.Error() + "."
		return r
	}
	note := []rune(refund.Reason)
	x = p.call(ctx, account, http.MethodPost, "/v2/payments/captures/"+segment(taken.ID)+"/refund", refund.Key, refundRequest{
		Amount: amount, CustomID: refund.RefundID, InvoiceID: refund.Key, Note: string(note[:min(len(note), maxNote)]),
	})
	var given movement
	if x.decode(&given) && given.ID != "" && given.Status != "" {
		return p.made(given, refund.Amount, refund.Original.Currency, x)
	}
	if x.issue() == "DUPLICATE_INVOICE_ID" {
		if o, x := p.show(ctx, account, refund.Original.ProviderReference); o == nil {
			return p.unknown(x)
		} else if r, found := p.refunded(o, refund, x); found {
			return r
		}
	}
	return p.failed(x)
}

// LookupRefund asks PayPal for a refund by its id, or finds it in the order. One
// that is not there may still be on its way, until it is too old for that.
func (p *Provider) LookupRefund(ctx context.Context, account payments.Account, refund payments.Refund) payments.Result {
	if refund.ProviderReference != "" {
		return p.showRefund(ctx, account, refund)
	}
	o, x, r := p.original(ctx, account, refund.Original, payments.Modification{})
	if o == nil {
		r.Outcome = payments.OutcomeUnknown
		return r
	}
	if r, found := p.refunded(o, refund, x); found {
		return r
	}
	r = p.about(x)
	r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "refund_not_there", "PayPal does not know the refund; it may be on its way."
	if p.older(refund.StartedAt, refundLife) {
		r.Outcome, r.Message = payments.OutcomeNotFound, "PayPal does not know the refund."
	}
	return r
}

func (p *Provider) showRefund(ctx context.Context, account payments.Account, refund payments.Refund) payments.Result {
	r, ok := check(account, refund.Original)
	if !ok {
		r.Outcome = payments.OutcomeUnknown
		return r
	}
	x := p.call(ctx, account, http.MethodGet, "/v2/payments/refunds/"+segment(refund.ProviderReference), "", nil)
	var given movement
	if !x.decode(&given) || given.ID != refund.ProviderReference || given.Status == "" {
		return p.unknown(x)
	}
	if given.CustomID != "" && given.CustomID != refund.RefundID {
		return doubtful(p.about(x), "reference_mismatch", "PayPal's refund is another one.")
	}
	return p.made(given, refund.Amount, refund.Original.Currency, x)
}

// refunded finds what an earlier call with the same key gave back.
func (p *Provider) refunded(o *order, refund payments.Refund, x *exchange) (payments.Result, bool) {
	refunds := o.unit().Payments.Refunds
	i := slices.IndexFunc(refunds, func(one movement) bool {
		return one.InvoiceID == refund.Key || refund.ProviderReference != "" && one.ID == refund.ProviderReference
	})
	if i < 0 {
		return payments.Result{}, false
	}
	return p.made(refunds[i], refund.Amount, refund.Original.Currency, x), true
}

// capturedOf is the order's capture that has money to give back.
func capturedOf(o *order) (movement, bool) {
	captures := o.unit().Payments.Captures
	i := slices.IndexFunc(captures, func(one movement) bool { return one.Status != "DECLINED" && one.Status != "FAILED" })
	if i < 0 {
		return movement{}, false
	}
	return captures[i], true
}
