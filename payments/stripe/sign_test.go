package stripe

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

const (
	vectorSecret = "whsec_test_secret"
	vectorBody   = `{"id":"evt_1","object":"event"}`
	vectorSum    = "0c8670ed117751cc551a20e35839447075c42800ea3cf3e8a2fbda99cd1e6edd"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	const header = "t=1700000000,v1=" + vectorSum
	tests := []struct {
		name, secret, header, body string
		at                         time.Time
		want                       bool
	}{
		{"genuine", vectorSecret, header, vectorBody, at, true},
		{"genuine, with another scheme beside it", vectorSecret, header + ",v0=" + vectorSum, vectorBody, at, true},
		{"genuine, with spaces", vectorSecret, strings.ReplaceAll(header, ",", ", "), vectorBody, at, true},
		{"genuine, at the last moment", vectorSecret, header, vectorBody, at.Add(secret.MaxStampAge), true},
		{"two secrets at once", vectorSecret, "t=1700000000,v1=" + strings.Repeat("0", 64) + ",v1=" + vectorSum, vectorBody, at, true},
		{"received at no known time, so now", vectorSecret, header, vectorBody, time.Time{}, false},
		{"too old", vectorSecret, header, vectorBody, at.Add(secret.MaxStampAge + time.Second), false},
		{"another secret", vectorSecret + "2", header, vectorBody, at, false},
		{"the secret without its prefix", strings.TrimPrefix(vectorSecret, "whsec_"), header, vectorBody, at, false},
		{"no secret", "", header, vectorBody, at, false},
		{"no header", vectorSecret, "", vectorBody, at, false},
		{"no time", vectorSecret, "v1=" + vectorSum, vectorBody, at, false},
		{"another time", vectorSecret, "t=1700000001,v1=" + vectorSum, vectorBody, at, false},
		{"no signature", vectorSecret, "t=1700000000", vectorBody, at, false},
		{"another scheme only", vectorSecret, "t=1700000000,v0=" + vectorSum, vectorBody, at, false},
		{"a part of the signature", vectorSecret, header[:len(header)-2], vectorBody, at, false},
		{"not hexadecimal", vectorSecret, "t=1700000000,v1=zz", vectorBody, at, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			account := payments.Account{Fields: map[string]string{"webhook_secret": tt.secret}}
			err := New(http.DefaultClient).Verify(t.Context(), account, payments.Webhook{
				Header: http.Header{"Stripe-Signature": {tt.header}}, Body: []byte(tt.body), ReceivedAt: tt.at,
			})
			if (err == nil) != tt.want || err != nil && !errors.Is(err, payments.ErrSignature) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

// Whatever bit of a body flips, its signature does not match any more.
func TestVerifyFlipped(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	flipped := func(place uint16, bit uint8) bool {
		body := []byte(vectorBody)
		body[int(place)%len(body)] ^= 1 << (bit % 8)
		return payments.Webhook{
			Header: http.Header{"Stripe-Signature": {"t=1700000000,v1=" + vectorSum}}, Body: body, ReceivedAt: at,
		}.VerifyStamp("Stripe-Signature", vectorSecret) != nil
	}
	if err := quick.Check(flipped, nil); err != nil {
		t.Error(err)
	}
}
