package alipay

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Verify checks a notification's signature and that it was meant for the
// account's app. Alipay repeats notifications for 25 hours, with no sign of their
// age: an old one tells nothing new.
func (p *Provider) Verify(_ context.Context, account payments.Account, w payments.Webhook) error {
	key, err := readPublicKey(account.Fields["alipay_public_key"])
	if err != nil {
		return fmt.Errorf("Alipay's public key: %w", err) //nolint:staticcheck // a name is written with a capital
	}
	params, err := url.ParseQuery(string(w.Body))
	if err != nil {
		return fmt.Errorf("%w: the body is not a form", payments.ErrSignature)
	}
	text := content(params, "sign", "sign_type", "alipay_cert_sn")
	if err := verify(key, []byte(text), params.Get("sign")); err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	if params.Get("app_id") != strings.TrimSpace(account.Fields["app_id"]) {
		return fmt.Errorf("%w: it is for another app", payments.ErrSignature)
	}
	return nil
}

// Acknowledge is the word that keeps Alipay from sending a notification again.
func (p *Provider) Acknowledge() payments.Acknowledgment {
	return payments.Acknowledgment{Status: 200, ContentType: "text/plain; charset=utf-8", Body: "success"}
}

var errNotNotification = errors.New("the body is not a notification of Alipay's")

// Read returns what a notification tells: that a trade was paid, closed, or
// given back.
func (p *Provider) Read(account payments.Account, body []byte) ([]payments.Notice, error) {
	params, err := url.ParseQuery(string(body))
	if err != nil || params.Get("notify_id") == "" {
		return nil, errNotNotification
	}
	n := payments.Notice{ID: params.Get("notify_id"), Type: params.Get("notify_type"), Subject: payments.SubjectNone}
	if n.Type == "trade_status_sync" && params.Get("out_trade_no") != "" {
		n.AttemptID, n.ChargeReference = params.Get("out_trade_no"), params.Get("trade_no")
		tell(&n, params)
	}
	if n.Subject != payments.SubjectNone {
		s := session{account: account}
		n.Result.Raw = s.mask(body)
	}
	return []payments.Notice{n}, nil
}

// tell says what a trade's notification means. Once something was given back,
// each notification is about a refund.
func tell(n *payments.Notice, params url.Values) {
	r := &n.Result
	if params.Get("gmt_refund") != "" {
		// refund_fee is the sum of all refunds of the trade, not this one's amount.
		n.Subject, n.OccurredAt = payments.SubjectRefund, chinaTime(params.Get("gmt_refund"))
		n.RefundID, n.ProviderReference = params.Get("out_biz_no"), params.Get("out_biz_no")
		r.Outcome, r.ProviderReference = payments.OutcomeSucceeded, n.ProviderReference
		return
	}
	r.ProviderReference = n.ChargeReference
	switch status := params.Get("trade_status"); status {
	case "TRADE_SUCCESS", "TRADE_FINISHED":
		n.Subject, n.OccurredAt = payments.SubjectCharge, chinaTime(params.Get("gmt_payment"))
		amount, err := fen(params.Get("total_amount"))
		if err != nil {
			r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "amount_invalid", "Alipay's notification names no amount."
			return
		}
		r.Outcome, r.Amount = payments.OutcomeSucceeded, amount
	case "TRADE_CLOSED":
		n.Subject, n.OccurredAt = payments.SubjectCharge, chinaTime(params.Get("gmt_close"))
		r.Outcome, r.Code, r.Message = payments.OutcomeNotFound, status, "The trade was closed before it was paid."
	}
}

// chinaTime reads a time of Alipay's; it is zero when there is none.
func chinaTime(text string) time.Time {
	at, err := time.ParseInLocation(timeLayout, text, china)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
