package shippo

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxAge is how far the time of a webhook may be from now.
const maxAge = 300 * time.Second

// Verify checks the header Shippo-Auth-Signature of a webhook, see
// https://docs.goshippo.com/docs/tracking/webhooksecurity/: t=<unix seconds>,v1=
// <hex HMAC-SHA256 of "t.body">. Shippo signs only for whom it enabled that;
// others append ?token=<webhook secret> to the address that they register. A
// webhook that has the header must be right by it.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	fields, failure := account.Needs("webhook_secret")
	if failure != nil {
		return fmt.Errorf("%w: %s", carriers.ErrSignature, failure.Message)
	}
	secret, at := fields[0], w.ReceivedAt
	if at.IsZero() {
		at = time.Now()
	}
	if len(w.Header.Values("Shippo-Auth-Signature")) > 0 {
		if err := verify(secret, w.Header.Get("Shippo-Auth-Signature"), w.Body, at); err != nil {
			return fmt.Errorf("%w: %w", carriers.ErrSignature, err)
		}
		return nil
	}
	given, want := sha256.Sum256([]byte(w.Query.Get("token"))), sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return fmt.Errorf("%w: it has neither a signature nor the token in its address", carriers.ErrSignature)
	}
	return nil
}

func verify(secret, header string, body []byte, at time.Time) error {
	var stamp, signature string
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			stamp = value
		case "v1":
			signature = value
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("the header Shippo-Auth-Signature has no time")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want := hex.EncodeToString(mac.Sum(nil))
	switch age := at.Sub(time.Unix(seconds, 0)); {
	case !hmac.Equal([]byte(want), []byte(signature)):
		return errors.New("it was made with another secret, or for another body")
	case age > maxAge || age < -maxAge:
		return errors.New("it is too old, or from the future")
	}
	return nil
}
