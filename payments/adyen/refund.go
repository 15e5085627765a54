package adyen

import (
	"context"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// Refund asks for an amount to be given back.
func (p *Provider) Refund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	asked, ok := toWire(r.Amount, r.Original.Currency)
	if !ok {
		return unsure(unpayable(r.Original.Currency), p.first(r.StartedAt))
	}
	return p.modify(ctx, account, change{
		call: "/refunds", payment: r.Original.ProviderReference, key: r.Key, started: r.StartedAt, known: r.ProviderReference,
		body: modificationRequest{Reference: r.RefundID, Amount: &asked, MerchantRefundReason: reason(r.Reason)},
	})
}

// LookupRefund knows nothing: a refund cannot be asked for, and sending it again
// would be no look-up. Refund with the same key does that.
func (p *Provider) LookupRefund(_ context.Context, _ payments.Account, r payments.Refund) payments.Result {
	return payments.Result{
		Outcome: payments.OutcomeUnknown, Code: "no_inquiry", ProviderReference: r.ProviderReference,
		Message: "Adyen cannot be asked what became of a refund; its webhook tells.",
	}
}

// reason is the one of Adyen's words for a reason that says the most of ours.
func reason(ours string) string {
	text := strings.ToLower(strings.ReplaceAll(ours, "_", " "))
	switch {
	case text == "":
		return ""
	case strings.Contains(text, "fraud"):
		return "FRAUD"
	case strings.Contains(text, "duplicate"):
		return "DUPLICATE"
	case strings.Contains(text, "return"):
		return "RETURN"
	case strings.Contains(text, "customer"):
		return "CUSTOMER REQUEST"
	default:
		return "OTHER"
	}
}
