package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// settled is how long after it was sent a refund can no longer arrive: its
// client and every proxy in between have given up by then.
const settled = 10 * time.Minute

// wireRefund is a refund as the sandbox tells it.
type wireRefund struct {
	ID        string `json:"id"`
	Charge    string `json:"charge"`
	Reference string `json:"reference"`
	Key       string `json:"idempotency_key"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Status    string `json:"status"`
}

type refundRequest struct {
	Charge    string `json:"charge"`
	Reference string `json:"reference"`
	Amount    int64  `json:"amount"`
	Reason    string `json:"reason,omitempty"`
}

// Refund gives an amount back, or finds the refund made before with the same key.
func (p *Provider) Refund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	x := p.call(ctx, account, http.MethodPost, "/v1/refunds", r.Key, refundRequest{
		Charge: r.Original.ProviderReference, Reference: r.RefundID, Amount: r.Amount, Reason: r.Reason,
	})
	var made wireRefund
	if !x.decode("refund", &made) {
		return x.refused("The sandbox refused the refund: ")
	}
	first := x.refunded(made, r)
	if x.header.Get("Idempotent-Replayed") == "" || first.Outcome == payments.OutcomeUnknown {
		return first
	}
	// The answer is the one of then: by now the refund may have got on.
	if now := p.showRefund(ctx, account, r, made.ID); now.Outcome != payments.OutcomeUnknown {
		return now
	}
	return first
}

// LookupRefund asks for the refund by its key. One that the sandbox does not
// know may still be on its way for a while.
func (p *Provider) LookupRefund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	if r.ProviderReference != "" {
		return p.showRefund(ctx, account, r, r.ProviderReference)
	}
	query := url.Values{"charge": {r.Original.ProviderReference}, "reference": {r.RefundID}}
	x := p.call(ctx, account, http.MethodGet, "/v1/refunds?"+query.Encode(), "", nil)
	var list struct {
		Data []wireRefund `json:"data"`
	}
	if !x.decode("list", &list) {
		return x.unknown()
	}
	if i := slices.IndexFunc(list.Data, func(one wireRefund) bool { return one.Key == r.Key }); i >= 0 {
		return x.refunded(list.Data[i], r)
	}
	found := x.about()
	found.Outcome, found.Code, found.Message = payments.OutcomeUnknown, "not_found", "The sandbox does not know the refund yet."
	if !r.StartedAt.IsZero() && time.Since(r.StartedAt) > settled {
		found.Outcome, found.Message = payments.OutcomeNotFound, "The sandbox does not know the refund."
	}
	return found
}

func (p *Provider) showRefund(ctx context.Context, account payments.Account, r payments.Refund, id string) payments.Result {
	x := p.call(ctx, account, http.MethodGet, "/v1/refunds/"+url.PathEscape(id), "", nil)
	var found wireRefund
	if x.decode("refund", &found) {
		return x.refunded(found, r)
	}
	return x.unknown()
}

// refunded says where a refund stands, if it is the one that was asked for.
func (x *exchange) refunded(found wireRefund, want payments.Refund) payments.Result {
	r := x.about()
	r.ProviderReference = found.ID
	if found.Reference != want.RefundID || found.Key != want.Key || found.Amount != want.Amount ||
		found.Currency != want.Original.Currency || found.Charge != want.Original.ProviderReference {
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "answer_mismatch", "The sandbox's answer is about another refund."
		return r
	}
	refundStands(&r, found)
	return r
}

func refundStands(r *payments.Result, found wireRefund) {
	switch found.Status {
	case "succeeded":
		r.Outcome, r.Amount = payments.OutcomeSucceeded, found.Amount
	case "pending":
		r.Outcome = payments.OutcomeProcessing
	case "failed":
		r.Outcome, r.Class, r.Code = payments.OutcomeDeclined, payments.ClassLater, "refund_failed"
		r.Message = "The customer's bank sent the refund back."
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "The sandbox's answer cannot be used."
	}
}
