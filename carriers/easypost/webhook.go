package easypost

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tillpost/tillpost/carriers"
)

// Verify checks the header X-Hmac-Signature of a webhook, see
// https://docs.easypost.com/guides/webhooks-guide: hmac-sha256-hex=<hex
// HMAC-SHA256 of the body>, with the secret in Unicode's form NFKD as the key.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	fields, failure := account.Needs("webhook_secret")
	if failure != nil {
		return fmt.Errorf("%w: %s", carriers.ErrSignature, failure.Message)
	}
	mac := hmac.New(sha256.New, []byte(norm.NFKD.String(fields[0])))
	mac.Write(w.Body)
	want := "hmac-sha256-hex=" + hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(w.Header.Get("X-Hmac-Signature"))) {
		return fmt.Errorf("%w: it was made with another secret, or for another body", carriers.ErrSignature)
	}
	return nil
}

// Read returns what a webhook tells: a tracker, or something of no consequence.
func (*Carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	var e event
	if failure := carriers.Decode(body, &e); failure != nil {
		return nil, failure
	}
	if e.ID == "" || e.Description == "" {
		return nil, errors.New("the body is no event of EasyPost")
	}
	notice := carriers.Notice{
		ID:   carriers.Text(string(e.ID), carriers.MaxCode),
		Type: carriers.Text(string(e.Description), carriers.MaxCode),
	}
	if !strings.HasPrefix(notice.Type, "tracker.") {
		return []carriers.Notice{notice}, nil
	}
	t, failure := decode(e.Result)
	if failure != nil {
		return nil, failure
	}
	notice.Number, notice.Service = string(t.TrackingCode), string(t.ID)
	notice.Tracking = t.tracking(e.Result)
	return []carriers.Notice{notice}, nil
}

// Acknowledge is an empty 200; EasyPost waits about seven seconds for it.
func (*Carrier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{} }
