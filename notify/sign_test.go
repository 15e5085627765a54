package notify

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestSignVector(t *testing.T) {
	t.Parallel()
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	got, err := Sign([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek",
		time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != want {
		t.Errorf("signature %q, %v, want %q", got, err, want)
	}
}

// The public library stands for the merchants' servers.
func TestSignVerifiesByPublicLibrary(t *testing.T) {
	t.Parallel()
	oldSecret, newSecret, otherSecret := NewSecret(), NewSecret(), NewSecret()
	const body = `{"type":"payment.paid","data":{"id":"pay_1","note":"✓"}}`
	now := time.Now()
	tests := []struct {
		name     string
		secrets  []string
		at       time.Time
		received string
		verifier string
		want     error
	}{
		{name: "accepted", secrets: []string{newSecret}, at: now, received: body, verifier: newSecret},
		{name: "empty body", secrets: []string{newSecret}, at: now, verifier: newSecret},
		{name: "new secret while it is being replaced", secrets: []string{newSecret, oldSecret}, at: now, received: body, verifier: newSecret},
		{name: "old secret while it is being replaced", secrets: []string{newSecret, oldSecret}, at: now, received: body, verifier: oldSecret},
		{name: "wrong secret", secrets: []string{newSecret, oldSecret}, at: now, received: body, verifier: otherSecret, want: standardwebhooks.ErrNoMatchingSignature},
		{name: "altered byte", secrets: []string{newSecret}, at: now, received: strings.Replace(body, "pay_1", "pay_2", 1), verifier: newSecret, want: standardwebhooks.ErrNoMatchingSignature},
		{name: "old", secrets: []string{newSecret}, at: now.Add(-6 * time.Minute), received: body, verifier: newSecret, want: standardwebhooks.ErrMessageTooOld},
		{name: "from the future", secrets: []string{newSecret}, at: now.Add(6 * time.Minute), received: body, verifier: newSecret, want: standardwebhooks.ErrMessageTooNew},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sent := body
			if test.received == "" {
				sent = ""
			}
			signature, err := Sign(test.secrets, "evt_1", test.at, []byte(sent))
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			header.Set(HeaderID, "evt_1")
			header.Set(HeaderTimestamp, Timestamp(test.at))
			header.Set(HeaderSignature, signature)
			verifier, err := standardwebhooks.NewWebhook(test.verifier)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify([]byte(test.received), header); !errors.Is(err, test.want) {
				t.Errorf("verified with %v, want %v", err, test.want)
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	of := func(size int) string { return secretPrefix + base64.StdEncoding.EncodeToString(make([]byte, size)) }
	tests := []struct {
		name    string
		secrets []string
		id      string
		want    string // part of the message; empty: signs
	}{
		{"shortest secret", []string{of(24)}, "evt_1", ""},
		{"longest secret", []string{of(64)}, "evt_1", ""},
		{"no secret", nil, "evt_1", "no secret"},
		{"secret too short", []string{of(23)}, "evt_1", "23 bytes"},
		{"secret too long", []string{of(65)}, "evt_1", "65 bytes"},
		{"secret without prefix", []string{strings.TrimPrefix(of(32), secretPrefix)}, "evt_1", "whsec_"},
		{"secret not base64", []string{"whsec_hunter2!"}, "evt_1", "base64"},
		{"one good, one bad", []string{of(32), "whsec_hunter2!"}, "evt_1", "base64"},
		{"empty id", []string{of(32)}, "", "id"},
		{"id with a dot", []string{of(32)}, "evt_1.2", "dot"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			signature, err := Sign(test.secrets, test.id, time.Now(), []byte("{}"))
			if test.want == "" {
				if err != nil || signature == "" {
					t.Errorf("signature %q, %v", signature, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want one with %q and without the secret", err, test.want)
			}
		})
	}
}

func TestNewSecret(t *testing.T) {
	t.Parallel()
	first, second := NewSecret(), NewSecret()
	if first == second {
		t.Error("two secrets are the same")
	}
	if key, err := decodeSecret(first); err != nil || len(key) != secretSize {
		t.Errorf("%d bytes, %v, want %d", len(key), err, secretSize)
	}
}
