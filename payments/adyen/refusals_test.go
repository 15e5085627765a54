package adyen

import (
	"strings"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

// The classes of all codes, as reference/payments.md lists them, and of those
// that it only names.
func TestRefusalClasses(t *testing.T) {
	t.Parallel()
	classes := map[payments.Class]string{
		payments.ClassLater:   "4 9 12 21 28 29",
		payments.ClassGeneric: "2 3 27 15 998 1 13 30",
		payments.ClassFixData: "6 7 8 17 24 32 11 38 39 42 16 19 33 34 35 36 37",
		payments.ClassNever:   "5 14 18 20 22 23 25 26 31 46 10",
	}
	count := 0
	for class, codes := range classes {
		for code := range strings.FieldsSeq(codes) {
			var r payments.Result
			refuse(&r, payments.Account{}, code, "", nil)
			if r.Outcome != payments.OutcomeDeclined || r.Class != class || r.Code != code || r.Message == "" {
				t.Errorf("%s: %+v", code, r)
			}
			if _, known := refusals[code]; known {
				count++
			}
		}
	}
	if count != len(refusals) {
		t.Errorf("%d codes have a class here, %d in the table", count, len(refusals))
	}
	for code, known := range refusals {
		if !strings.HasSuffix(known.message, ".") || codeOf(strings.ToUpper(known.reason)) != code {
			t.Errorf("%s: %+v", code, known)
		}
	}
}

func TestAdviceWins(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]payments.Class{
		"01 : New account information available": payments.ClassFixData, "02 : Cannot approve at this time": payments.ClassLater,
		"03": payments.ClassNever, "21 : Payment cancellation": payments.ClassNever, "99 : of tomorrow": payments.ClassGeneric, "": payments.ClassGeneric,
	} {
		var r payments.Result
		refuse(&r, payments.Account{}, "2", "Refused", additional{"merchantAdviceCode": text})
		if r.Class != want {
			t.Errorf("%q: class %s, want %s", text, r.Class, want)
		}
	}
}

func TestLeading(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"05 : Do not honor": "05", "1A:Authentication": "1A", "51": "51", "AUTHORISED": "", "DECLINED Insufficient Funds": "", "": "",
		"DECLINED : Expired": "",
	} {
		if got := leading(text); got != want {
			t.Errorf("leading(%q) = %q, want %q", text, got, want)
		}
	}
	if got := codeOf("Refused:51"); got != "2" {
		t.Errorf("codeOf = %q", got)
	}
}
