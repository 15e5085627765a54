package secret

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestEncodeAndParse(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	sealed := seal(t, keys, "sk_test_123")
	encoded, err := keys.Encode()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := Parse("  " + encoded.Reveal() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := parsed.Open(place, sealed); err != nil || string(opened) != "sk_test_123" {
		t.Errorf("opened %q, %v", opened, err)
	}
	if shown := fmt.Sprintf("%v %+v %s", keys, keys, encoded); strings.Contains(shown, encoded.Reveal()) {
		t.Errorf("key set shows itself: %s", shown)
	}
	if err := parsed.Rotate(); !errors.Is(err, ErrNoFile) {
		t.Errorf("Rotate: %v, want ErrNoFile", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"nothing":       "",
		"no base64":     "hunter2 hunter2!",
		"no key set":    "aHVudGVyMiBodW50ZXIy",
		"only a prefix": "CAE=",
	}
	for name, value := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(value)
			if err == nil {
				t.Fatal("accepted")
			}
			if value != "" && strings.Contains(err.Error(), value) {
				t.Errorf("message %q repeats the value", err)
			}
		})
	}
}

func TestWithNewPrimary(t *testing.T) {
	t.Parallel()
	keys := generate(t)
	old := seal(t, keys, "old")
	next, err := keys.WithNewPrimary()
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := next.Open(place, old); err != nil || string(opened) != "old" {
		t.Errorf("old value: %q, %v", opened, err)
	}
	fresh := seal(t, next, "new")
	if _, err := keys.Open(place, fresh); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("new value under the old keys: %v, want ErrUnknownKey", err)
	}
	tests := []struct {
		name   string
		keys   *Keys
		sealed string
		want   bool
	}{
		{"old value, old keys", keys, old, false},
		{"old value, new keys", next, old, true},
		{"new value, new keys", next, fresh, false},
		{"new value, old keys", keys, fresh, true},
		{"no value", next, "", false},
		{"unreadable value", next, "sk_test_123", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.keys.NeedsReseal(test.sealed); got != test.want {
				t.Errorf("NeedsReseal = %v, want %v", got, test.want)
			}
		})
	}
}
