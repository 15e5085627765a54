package sandbox

import (
	"context"
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/payments"
)

type modifyRequest struct {
	Amount    int64  `json:"amount,omitempty"`
	Reference string `json:"reference"`
}

// Capture takes what was authorized, or a part of it.
func (p *Provider) Capture(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	return p.modify(ctx, account, m, "capture", "succeeded")
}

// Void releases what was authorized.
func (p *Provider) Void(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	return p.modify(ctx, account, m, "void", "voided")
}

// modify has a charge captured or voided; done is the status that it has then.
func (p *Provider) modify(
	ctx context.Context, account payments.Account, m payments.Modification, act, done string,
) payments.Result {
	body := modifyRequest{Reference: m.AttemptID}
	if act == "capture" {
		body.Amount = m.Amount
	}
	path := "/v1/charges/" + url.PathEscape(m.Original.ProviderReference) + "/" + act
	x := p.call(ctx, account, http.MethodPost, path, m.Key, body)
	var charge wireCharge
	if x.decode("charge", &charge) {
		return x.modified(m, charge, done)
	}
	if stands := x.fault.Object; stands != nil && stands.Status == done && stands.ModifiedBy == m.AttemptID {
		return x.modified(m, *stands, done) // by an earlier request, whose key is forgotten
	}
	return x.refused("The sandbox refused it: ")
}

// modified is the result of a capture or a void that was made.
func (x *exchange) modified(m payments.Modification, c wireCharge, done string) payments.Result {
	r := x.about()
	r.ProviderReference = c.ID
	if c.Reference != m.Original.AttemptID || c.Currency != m.Original.Currency || c.Status != done ||
		done == "succeeded" && c.AmountCaptured != m.Amount {
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "answer_mismatch", "The sandbox's answer is about something else."
		return r
	}
	r.Outcome, r.Amount = payments.OutcomeSucceeded, m.Amount
	return r
}

// refused says what a capture, a void or a refund means that was not made.
func (x *exchange) refused(prefix string) payments.Result {
	r := x.failed()
	executed := x.status == http.StatusConflict && x.fault.Code == "unexpected_state" ||
		x.status == http.StatusUnprocessableEntity && x.fault.Code != ""
	if executed && !x.trace.Resent() {
		r.Outcome, r.Class, r.Code, r.RetryAfter = payments.OutcomeDeclined, payments.ClassNever, x.fault.Code, 0
		r.Message = prefix + x.mask([]byte(x.fault.Message)) + "."
	}
	return r
}

// Cancel ends a charge by its reference, which is never charged afterwards;
// known or not.
func (p *Provider) Cancel(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	body := map[string]string{"reference": charge.AttemptID}
	x := p.call(ctx, account, http.MethodPost, "/v1/charges/cancel", "", body)
	var canceled wireCharge
	if x.decode("charge", &canceled) {
		return x.result(canceled, charge)
	}
	if x.status == http.StatusConflict && x.fault.Object != nil {
		return x.result(*x.fault.Object, charge) // it was charged already
	}
	return x.unknown()
}
