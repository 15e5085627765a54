package aftership

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tillpost/tillpost/carriers"
)

// Verify checks the header aftership-hmac-sha256 of a webhook, see
// https://www.aftership.com/docs/tracking/webhook/webhook-signature: base64 of
// the HMAC-SHA256 of the body. Its time is part of the body and says when the
// parcel changed, not when it was sent.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	fields, failure := account.Needs("webhook_secret")
	if failure != nil {
		return fmt.Errorf("%w: %s", carriers.ErrSignature, failure.Message)
	}
	mac := hmac.New(sha256.New, []byte(fields[0]))
	mac.Write(w.Body)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(w.Header.Get("aftership-hmac-sha256"))) {
		return fmt.Errorf("%w: it was made with another secret, or for another body", carriers.ErrSignature)
	}
	return nil
}

// Read returns what a webhook tells: a parcel, or something of no consequence.
func (*Carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	var h hook
	if failure := carriers.Decode(body, &h); failure != nil {
		return nil, failure
	}
	if h.Event == "" {
		return nil, errors.New("the body is no webhook of AfterShip")
	}
	notice := carriers.Notice{
		ID:   carriers.Text(string(h.EventID), carriers.MaxCode),
		Type: carriers.Text(string(h.Event), carriers.MaxCode),
	}
	if h.Event != "tracking_update" {
		return []carriers.Notice{notice}, nil
	}
	t, failure := decode(h.Msg, body)
	if failure != nil {
		return nil, failure
	}
	notice.Number, notice.Service = string(t.TrackingNumber), string(t.ID)
	notice.Tracking = t.tracking(h.Msg)
	return []carriers.Notice{notice}, nil
}

// Acknowledge is an empty 200. Without one AfterShip tries up to 14 times.
func (*Carrier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{} }
