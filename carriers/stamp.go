package carriers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxStampAge is how far the time of a signature may be from when it came in.
const maxStampAge = 5 * time.Minute

// VerifyStamp checks a signature in a header that names its time, in the form
// t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">; while a secret is rolled
// over there may be two of v1. Its error wraps ErrSignature.
func (w Webhook) VerifyStamp(header, secret string) error {
	var stamp string
	var signatures []string
	for part := range strings.SplitSeq(w.Header.Get(header), ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			stamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the header %s has no time", ErrSignature, header)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(w.Body)
	want, genuine := []byte(hex.EncodeToString(mac.Sum(nil))), false
	for _, signature := range signatures {
		genuine = genuine || hmac.Equal(want, []byte(signature))
	}
	at := w.ReceivedAt
	if at.IsZero() {
		at = time.Now()
	}
	switch age := at.Sub(time.Unix(seconds, 0)); {
	case !genuine:
		return fmt.Errorf("%w: it was made with another secret, or for another body", ErrSignature)
	case age > maxStampAge || age < -maxStampAge:
		return fmt.Errorf("%w: it is too old, or from the future", ErrSignature)
	}
	return nil
}
