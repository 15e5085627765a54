package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// MaxStampAge is how old such a signature may be, as in Stripe's own libraries. One
// from the future is genuine too: this clock may be slow.
const MaxStampAge = 300 * time.Second

// VerifyStamp checks a signature that names its time, t=<unix seconds>,v1=<hex
// HMAC-SHA256 of "t.body">, with the whole key, and that it was not old when it
// came in; the zero time is now. While a key is rolled over there may be two of
// v1. Its errors are words for people.
func VerifyStamp(signed string, body []byte, key string, at time.Time) error {
	if key == "" {
		return errors.New("there is no secret to check it with")
	}
	var stamp string
	var signatures []string
	for part := range strings.SplitSeq(signed, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			stamp = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("it has no time")
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want, genuine := []byte(hex.EncodeToString(mac.Sum(nil))), false
	for _, signature := range signatures {
		genuine = genuine || hmac.Equal(want, []byte(signature))
	}
	if at.IsZero() {
		at = time.Now()
	}
	switch {
	case !genuine:
		return errors.New("it was made with another secret, or for another body")
	case at.Sub(time.Unix(seconds, 0)) > MaxStampAge:
		return errors.New("it is too old")
	}
	return nil
}
