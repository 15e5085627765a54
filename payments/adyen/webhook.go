package adyen

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

// envelope is a standard webhook. Other families of Adyen's webhooks, which
// sign their whole body, are not understood.
type envelope struct {
	Items []struct {
		Item json.RawMessage `json:"NotificationRequestItem"`
	} `json:"notificationItems"`
}

// item is one event.
type item struct {
	EventCode           string     `json:"eventCode"`
	Success             flag       `json:"success"`
	EventDate           string     `json:"eventDate"`
	PSPReference        string     `json:"pspReference"`      // of the modification or dispute, where it is about one
	OriginalReference   string     `json:"originalReference"` // then that of the payment
	MerchantAccountCode string     `json:"merchantAccountCode"`
	MerchantReference   string     `json:"merchantReference"`
	Amount              *amount    `json:"amount"`
	Reason              string     `json:"reason"`
	AdditionalData      additional `json:"additionalData"`
}

// flag is "true" or "false", in quotes or without.
type flag string

// UnmarshalJSON reads the text of either.
func (f *flag) UnmarshalJSON(text []byte) error {
	*f = flag(strings.Trim(string(text), `"`))
	return nil
}

var errNoItems = errors.New("the body is no standard webhook of Adyen's: it has no notification items")

// items are the events of a webhook, and each as it was sent.
func items(body []byte) ([]item, []json.RawMessage, error) {
	var sent envelope
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, nil, fmt.Errorf("read webhook: %w", err)
	}
	if len(sent.Items) == 0 {
		return nil, nil, errNoItems
	}
	all, raw := make([]item, len(sent.Items)), make([]json.RawMessage, len(sent.Items))
	for n, one := range sent.Items {
		if err := json.Unmarshal(one.Item, &all[n]); err != nil {
			return nil, nil, fmt.Errorf("read event %d of webhook: %w", n+1, err)
		}
		raw[n] = one.Item
	}
	return all, raw, nil
}

// Verify checks the signature of every event, and that it is the account's. Only
// some fields are signed: what else an event says is believed as far as it can
// do no harm. Its age proves nothing, because Adyen repeats events for weeks.
func (p *Provider) Verify(_ context.Context, account payments.Account, w payments.Webhook) error {
	key, err := hmacKey(account)
	if err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	all, _, err := items(w.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	for _, one := range all {
		if !signed(key, one) {
			return fmt.Errorf("event of Adyen's: %w", payments.ErrSignature)
		}
		if one.MerchantAccountCode != account.Fields["merchant_account"] {
			return fmt.Errorf("event of another merchant account: %w", payments.ErrSignature)
		}
	}
	return nil
}

// Read says what the events of a webhook mean.
func (p *Provider) Read(account payments.Account, body []byte) ([]payments.Notice, error) {
	all, raw, err := items(body)
	if err != nil {
		return nil, err
	}
	notices := make([]payments.Notice, len(all))
	for n, one := range all {
		notices[n] = notice(account, one)
		notices[n].Result.Raw = mask(account, string(raw[n]))
	}
	return notices, nil
}

// Acknowledge answers as older accounts want it [unverified]; newer ones look at
// the status only.
func (p *Provider) Acknowledge() payments.Acknowledgment {
	return payments.Acknowledgment{Status: http.StatusOK, ContentType: "text/plain", Body: "[accepted]"}
}

// notice says what one event means. Adyen repeats events: the reference, the
// code and the success tell them apart.
func notice(account payments.Account, i item) payments.Notice {
	n := payments.Notice{
		ID:   i.PSPReference + ":" + i.EventCode + ":" + string(i.Success),
		Type: i.EventCode, Subject: payments.SubjectNone,
	}
	if at, err := time.Parse(time.RFC3339, i.EventDate); err == nil {
		n.OccurredAt = at.UTC()
	}
	if tell, known := events[i.EventCode]; known {
		tell(account, i, &n)
	} else if stage, known := disputes[i.EventCode]; known {
		tellDispute(i, stage, &n)
	}
	return n
}
