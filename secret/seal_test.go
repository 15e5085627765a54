package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

var place = Binding{Merchant: "mer_1", Table: "gateways", Row: "gwa_1", Field: "secret_key"}

func generate(t *testing.T) *Keys {
	t.Helper()
	keys, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func seal(t *testing.T, keys *Keys, text string) string {
	t.Helper()
	sealed, err := keys.Seal(place, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	for _, plaintext := range []string{"sk_test_123", "", "密钥", strings.Repeat("x", 10_000)} {
		sealed := seal(t, keys, plaintext)
		if plaintext != "" && strings.Contains(sealed, plaintext) {
			t.Errorf("%q is readable in %q", plaintext, sealed)
		}
		if again := seal(t, keys, plaintext); again == sealed {
			t.Errorf("sealing %q twice gives the same", plaintext)
		}
		opened, err := keys.Open(place, sealed)
		if err != nil || string(opened) != plaintext {
			t.Errorf("opened %q, %v, want %q", opened, err, plaintext)
		}
	}
}

func TestOpenElsewhere(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	sealed := seal(t, keys, "sk_test_123")
	tests := []struct {
		name  string
		place Binding
	}{
		{"another merchant", Binding{Merchant: "mer_2", Table: place.Table, Row: place.Row, Field: place.Field}},
		{"no merchant", Binding{Table: place.Table, Row: place.Row, Field: place.Field}},
		{"another table", Binding{Merchant: place.Merchant, Table: "carriers", Row: place.Row, Field: place.Field}},
		{"another row", Binding{Merchant: place.Merchant, Table: place.Table, Row: "gwa_2", Field: place.Field}},
		{"another field", Binding{Merchant: place.Merchant, Table: place.Table, Row: place.Row, Field: "webhook_secret"}},
		{"the same letters, cut elsewhere", Binding{Merchant: "mer_1g", Table: "ateways", Row: place.Row, Field: place.Field}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if opened, err := keys.Open(test.place, sealed); !errors.Is(err, ErrTampered) || opened != nil {
				t.Errorf("opened %q, %v, want ErrTampered", opened, err)
			}
		})
	}
}

func TestOpenAltered(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	sealed := seal(t, keys, "sk_test_123")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(sealed, sealedPrefix))
	if err != nil {
		t.Fatal(err)
	}
	if overhead := len(raw) - len("sk_test_123"); overhead != 33 {
		t.Errorf("overhead is %d bytes, want 33", overhead)
	}
	for i := range raw {
		altered := bytes.Clone(raw)
		altered[i] ^= 1
		want := ErrTampered
		switch {
		case i == 0:
			want = ErrMalformed
		case i < 5:
			want = ErrUnknownKey
		}
		if _, err := keys.Open(place, sealedPrefix+base64.RawURLEncoding.EncodeToString(altered)); !errors.Is(err, want) {
			t.Errorf("byte %d altered: %v, want %v", i, err, want)
		}
	}
	for _, text := range []string{"", "v1.", "v1.AQ", "v1.!!!!", "v2." + sealed[3:], "sk_test_123", strings.TrimPrefix(sealed, "v1.")} {
		if _, err := keys.Open(place, text); !errors.Is(err, ErrMalformed) {
			t.Errorf("Open(%q): %v, want ErrMalformed", text, err)
		}
	}
	if _, err := generate(t).Open(place, sealed); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("another key set: %v, want ErrUnknownKey", err)
	}
}

func TestBindingMustBeComplete(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	sealed := seal(t, keys, "x")
	for _, incomplete := range []Binding{{}, {Table: "t", Row: "r"}, {Table: "t", Field: "f"}, {Row: "r", Field: "f"}} {
		if _, err := keys.Seal(incomplete, []byte("x")); err == nil {
			t.Errorf("sealed for %+v", incomplete)
		}
		if _, err := keys.Open(incomplete, sealed); err == nil {
			t.Errorf("opened for %+v", incomplete)
		}
	}
}

func TestErrorsNameThePlaceOnly(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	sealed := seal(t, keys, "sk_test_123")
	_, err := keys.Open(Binding{Table: "gateways", Row: "gwa_9", Field: "secret_key"}, sealed)
	if err == nil || !strings.Contains(err.Error(), "secret_key of gateways gwa_9") || strings.Contains(err.Error(), sealed) {
		t.Errorf("message %q", err)
	}
}
