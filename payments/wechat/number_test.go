package wechat

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/payments"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, attempt, want string
		ok                  bool
	}{
		{"an id of ours", "att_06fk2m8q7xv1c3w9abcdefghjk", "att_06fk2m8q7xv1c3w9abcdefghjk", true},
		{"a UUID in full", "att_0197f0c2-6f3a-7c1e-8a52-1b2c3d4e5f60", "0197f0c26f3a7c1e8a521b2c3d4e5f60", true},
		{"a UUID in capitals", "att_0197F0C2-6F3A-7C1E-8A52-1B2C3D4E5F60", "", false},
		{"too long", "att_06fk2m8q7xv1c3w9abcdefghjkmnp", "", false},
		{"too short", "att_1", "", false},
		{"with a character that is not allowed", "att_06fk2m8q7xv1c3w9.", "", false},
		{"of something else", "pay_06fk2m8q7xv1c3w9", "", false},
		{"digits that look like a UUID's", "0197f0c26f3a7c1e8a521b2c3d4e5f60", "", false},
		{"none", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := number(tt.attempt)
			if got != tt.want || ok != tt.ok {
				t.Errorf("number = %q, %v, want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
	for _, foreign := range []string{"", "P1", "1217752501201407033233368018", "ATT_06fk2m8q7xv1c3w9"} {
		if got := attempt(foreign); got != "" {
			t.Errorf("attempt of %q = %q", foreign, got)
		}
	}
}

// Every number fits WeChat Pay's form and leads back to its one attempt.
func TestNumbersLeadBack(t *testing.T) {
	t.Parallel()
	ids := rapid.OneOf(
		rapid.StringMatching(`att_[0-9a-hjkmnp-tv-z]{26}`),
		rapid.StringMatching(`att_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`),
		rapid.StringMatching(`att_[0-9a-zA-Z_|*-]{0,34}`),
		rapid.String(),
	)
	rapid.Check(t, func(t *rapid.T) {
		one, two := ids.Draw(t, "one"), ids.Draw(t, "two")
		a, okA := number(one)
		b, okB := number(two)
		if okA && (!orderNumber.MatchString(a) || attempt(a) != one) {
			t.Fatalf("%q has the number %q, which leads to %q", one, a, attempt(a))
		}
		if okA && okB && (a == b) != (one == two) {
			t.Fatalf("%q and %q have the numbers %q and %q", one, two, a, b)
		}
	})
}

func TestRefundNumber(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"ref_06fk2m8q7xv1c3w9abcdefghjk": true, "ref_0197f0c2-6f3a-7c1e-8a52-1b2c3d4e5f60": true, "": false, "ref 1": false,
	} {
		if got, ok := refundNo(payments.Refund{RefundID: id}); ok != want || got != id {
			t.Errorf("number of %q = %q, %v", id, got, ok)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, limit := rapid.String().Draw(t, "text"), rapid.IntRange(0, 200).Draw(t, "limit")
		short := clip(text, limit)
		if len(short) > limit || len(text) <= limit && short != text || text[:len(short)] != short {
			t.Fatalf("clip(%q, %d) = %q", text, limit, short)
		}
	})
}
