package paypal

import (
	"net/url"

	"github.com/tillpost/tillpost/payments"
)

// standing says what has become of an order. Open says that nothing has: it may
// still be approved or captured.
func (p *Provider) standing(o *order, charge payments.Charge, x *exchange) (r payments.Result, open bool) {
	r = p.about(x)
	r.ProviderReference = o.ID
	u := o.unit()
	if u.CustomID != "" && u.CustomID != charge.AttemptID {
		return doubtful(r, "reference_mismatch", "PayPal's order belongs to another payment."), false
	}
	if !agrees(u.Amount, charge.Amount, charge.Currency) {
		return doubtful(r, "amount_mismatch", "PayPal's order is about another amount."), false
	}
	paid := u.Payments
	switch {
	case len(paid.Authorizations) > 0:
		return authorized(r, paid.Authorizations[len(paid.Authorizations)-1], paid.Captures, charge), false
	case len(paid.Captures) > 0:
		taken := paid.Captures[len(paid.Captures)-1]
		if !agrees(taken.Amount, charge.Amount, charge.Currency) {
			return doubtful(r, "amount_mismatch", "PayPal took another amount than it was asked for."), false
		}
		moved(&r, taken)
		return r, false
	case o.Status == orderVoided:
		refuse(&r, "ORDER_VOIDED", "")
		return r, false
	case o.Intent != "" && o.Intent != intent(charge.Capture):
		return canceled(r), false
	case o.Status == "COMPLETED":
		return doubtful(r, "payment_missing", "PayPal completed the order, but does not show its payment."), false
	}
	return r, true
}

// agrees compares an amount with what was asked for; PayPal need not have told it.
func agrees(m money, amount int64, currency string) bool {
	if m.Value == "" {
		return true
	}
	found, err := m.minor()
	return err == nil && m.Currency == currency && found == amount
}

// canceled is an order whose intent was turned: it can be captured no more.
func canceled(r payments.Result) payments.Result {
	r.Outcome, r.Code, r.Class = payments.OutcomeNotFound, "canceled", ""
	r.Message = "The order was withdrawn before it was paid."
	return r
}

// moved says what a capture or refund means.
func moved(r *payments.Result, m movement) {
	switch m.Status {
	case "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED":
		amount, err := m.Amount.minor()
		if err != nil {
			*r = doubtful(*r, "amount_missing", "PayPal does not say how much it moved.")
			return
		}
		r.Outcome, r.Amount = payments.OutcomeSucceeded, amount
	case "PENDING":
		r.Outcome, r.Message = payments.OutcomeProcessing, "PayPal has not finished yet."
		if reason := m.StatusDetails.Reason; plainCode.MatchString(reason) {
			r.Code = reason
			if known, ok := pending[reason]; ok {
				r.Message = known
			}
		}
	case "DECLINED", "DENIED", "FAILED", "CANCELLED":
		declined(r, m)
	default:
		*r = doubtful(*r, "status_unknown", "PayPal's answer cannot be used: its status is not known.")
	}
}

// authorized says what an authorization means for the charge.
func authorized(r payments.Result, m movement, captures []movement, charge payments.Charge) payments.Result {
	if !agrees(m.Amount, charge.Amount, charge.Currency) {
		return doubtful(r, "amount_mismatch", "PayPal reserved another amount than it was asked for.")
	}
	switch m.Status {
	case "CREATED", "PARTIALLY_CAPTURED":
		r.Outcome, r.Amount = payments.OutcomeAuthorized, charge.Amount
	case "CAPTURED":
		r.Outcome = payments.OutcomeSucceeded
		for _, one := range captures {
			if amount, err := one.Amount.minor(); err == nil && one.Status != "DECLINED" && one.Status != "FAILED" {
				r.Amount += amount
			}
		}
	case "VOIDED":
		refuse(&r, "AUTHORIZATION_VOIDED", "")
	default:
		moved(&r, m)
	}
	return r
}

// declined tells why a capture or an authorization was refused: a card's by its bank's code.
func declined(r *payments.Result, m movement) {
	why := m.Processor.Code
	if !plainCode.MatchString(why) {
		why = m.StatusDetails.Reason
	}
	if !plainCode.MatchString(why) {
		why = m.Status
	}
	refuse(r, why, "The payment was refused without a reason that is known.")
	if m.Processor.Code == why {
		r.NetworkCode = why
	}
	if plainCode.MatchString(m.Processor.Advice) {
		r.Advice = m.Processor.Advice
		if class, ok := advised[r.Advice]; ok {
			r.Class = class
		}
	}
}

// segment makes an id fit for a path.
func segment(id string) string { return url.PathEscape(id) }
