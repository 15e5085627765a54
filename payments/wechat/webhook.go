package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
)

var errNoNotice = errors.New("not a notice of WeChat Pay")

// notice is a webhook's body; what it tells is encrypted.
type notice struct {
	ID         string   `json:"id"`
	CreateTime string   `json:"create_time"`
	EventType  string   `json:"event_type"`
	Resource   resource `json:"resource"`
}

// Verify checks the signature and its time, and that the notice can be
// decrypted and is about the account's own merchant number and app.
func (p *Provider) Verify(_ context.Context, account payments.Account, w payments.Webhook) error {
	m, wrong := newMerchant(account)
	if wrong != nil {
		return errors.New(wrong.message)
	}
	if err := m.verify(w.Header, w.Body, w.ReceivedAt); err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	n, err := readNotice(w.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	if len(account.Fields["apiv3_key"]) != apiv3KeyLength {
		return errAPIv3Key // somebody has to enter it; until then WeChat Pay tells again
	}
	text, err := n.Resource.open(account.Fields["apiv3_key"])
	if err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	var whose struct {
		MchID string `json:"mchid"`
		AppID string `json:"appid"`
	}
	if json.Unmarshal(text, &whose) != nil || whose.MchID != "" && whose.MchID != m.mchid || whose.AppID != "" && whose.AppID != m.appid {
		return fmt.Errorf("%w: the notice is another merchant's", payments.ErrSignature)
	}
	return nil
}

// Read returns the one notice of a webhook.
func (p *Provider) Read(account payments.Account, body []byte) ([]payments.Notice, error) {
	n, err := readNotice(body)
	if err != nil {
		return nil, err
	}
	out := payments.Notice{ID: n.ID, Type: n.EventType, Subject: payments.SubjectNone, OccurredAt: moment(n.CreateTime)}
	family, _, _ := strings.Cut(n.EventType, ".")
	if family != "TRANSACTION" && family != "REFUND" {
		return []payments.Notice{out}, nil
	}
	text, err := n.Resource.open(account.Fields["apiv3_key"])
	if err != nil {
		return nil, err
	}
	mask := func(text []byte) string { return payments.MaskRaw(text, secrets(account.Fields)...) }
	out.Result.Raw = mask(text)
	if family == "TRANSACTION" {
		err = readTrade(&out, text, mask)
	} else {
		err = readRefund(&out, text)
	}
	if err != nil {
		return nil, err
	}
	return []payments.Notice{out}, nil
}

func readNotice(body []byte) (notice, error) {
	var n notice
	if json.Unmarshal(body, &n) != nil || n.ID == "" || n.EventType == "" {
		return notice{}, errNoNotice
	}
	return n, nil
}

func readTrade(out *payments.Notice, text []byte, mask func([]byte) string) error {
	var t wireTrade
	if json.Unmarshal(text, &t) != nil || t.OutTradeNo == "" {
		return fmt.Errorf("%w: it tells of no order", errNoNotice)
	}
	out.Subject, out.AttemptID, out.ChargeReference = payments.SubjectCharge, attempt(t.OutTradeNo), t.TransactionID
	if at := moment(t.SuccessTime); !at.IsZero() {
		out.OccurredAt = at
	}
	t.judge(&out.Result, mask)
	return nil
}

func readRefund(out *payments.Notice, text []byte) error {
	var r wireRefund
	if json.Unmarshal(text, &r) != nil || r.OutRefundNo == "" {
		return fmt.Errorf("%w: it tells of no refund", errNoNotice)
	}
	out.Subject, out.RefundID = payments.SubjectRefund, r.OutRefundNo
	out.ChargeReference, out.ProviderReference = r.TransactionID, r.RefundID
	if at := moment(r.SuccessTime); !at.IsZero() {
		out.OccurredAt = at
	}
	r.judge(&out.Result)
	return nil
}

// moment reads a time; zero when it is none.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// Acknowledge is an empty answer.
func (p *Provider) Acknowledge() payments.Acknowledgment {
	return payments.Acknowledgment{Status: http.StatusNoContent}
}
