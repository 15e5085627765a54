package alipay

import (
	"context"
	"net/url"

	"github.com/tillpost/tillpost/payments"
)

// Charge takes the money by the customer's payment code, or says where the
// customer can pay.
func (p *Provider) Charge(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	s, wrong := openFor(account, charge)
	if wrong != nil {
		return wrong.result()
	}
	if p.expired(charge) {
		return p.Lookup(ctx, account, charge) // too late to be paid, but it may have been
	}
	switch wayOf(charge) {
	case byPage:
		return p.page(s, charge)
	case byQR:
		return p.precreate(ctx, s, charge)
	default:
		return p.pay(ctx, s, charge)
	}
}

// pay charges a payment code.
func (p *Provider) pay(ctx context.Context, s *session, charge payments.Charge) payments.Result {
	x := p.call(ctx, s, callPay, p.order(charge), charge.NotifyURL)
	var r payments.Result
	switch {
	case x.succeeded():
		return x.paid(charge)
	case x.verified && x.answer.Code == codeInProgress:
		return x.underWay(charge)
	case x.verified:
		var doubtful bool
		if r, doubtful = x.refusal(nil); doubtful {
			r = p.confirm(ctx, s, charge, r)
		}
	default:
		r = x.lost()
	}
	if charge.ProviderReference != "" && r.Outcome == payments.OutcomeNotSent {
		r.Outcome = payments.OutcomeUnknown // this request was refused, but an earlier one was not
	}
	return r
}

// confirm looks into a refusal that an earlier copy of the request may have
// caused by its success.
func (p *Provider) confirm(ctx context.Context, s *session, charge payments.Charge, refused payments.Result) payments.Result {
	x := p.query(ctx, s, charge)
	switch x.state() {
	case statePaid:
		return x.paid(charge)
	case stateWaiting:
		return x.underWay(charge)
	case stateMissing, stateClosed:
		return refused
	default:
		r := x.unknown()
		r.Code, r.Message = refused.Code, refused.Message
		return r
	}
}

// page makes the address at which the customer pays. Nothing is sent: Alipay
// learns of the trade when the customer opens the address.
func (p *Provider) page(s *session, charge payments.Charge) payments.Result {
	form, err := s.form(callPage, p.now(), p.order(charge), url.Values{
		"return_url": {charge.ReturnURL}, "notify_url": {charge.NotifyURL},
	})
	if err != nil {
		return (&mistake{"private_key_invalid", "The Alipay account's private key cannot sign."}).result()
	}
	return payments.Result{Outcome: payments.OutcomeRequiresAction, NextAction: &payments.NextAction{
		Type: "redirect", URL: s.gateway + "?" + form.Encode(), ExpiresAt: p.expiry(charge),
	}}
}

// precreate asks for a QR code. Its address is the provider's reference as long
// as there is no trade: Alipay makes that when the code is scanned.
func (p *Provider) precreate(ctx context.Context, s *session, charge payments.Charge) payments.Result {
	x := p.call(ctx, s, callPrecreate, p.order(charge), charge.NotifyURL)
	switch {
	case x.succeeded() && x.answer.OutTradeNo == charge.AttemptID && x.answer.QRCode != "":
		r := x.about()
		r.Outcome, r.ProviderReference, r.NextAction = payments.OutcomeRequiresAction, x.answer.QRCode, p.scan(charge, x.answer.QRCode)
		return r
	case x.succeeded():
		return x.mismatch()
	case x.verified:
		r, doubtful := x.refusal(nil)
		if doubtful {
			return p.confirm(ctx, s, charge, r)
		}
		return r
	default:
		return x.lost()
	}
}

func (p *Provider) scan(charge payments.Charge, code string) *payments.NextAction {
	return &payments.NextAction{Type: "qr_code", URL: code, ExpiresAt: p.expiry(charge)}
}
