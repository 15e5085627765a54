package secret

import (
	"strings"
	"testing"
)

// A token says what was sealed, where it was sealed for and nowhere else.
func TestTokens(t *testing.T) {
	t.Parallel()
	keys, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	place := Binding{Table: "links", Row: "1", Field: "address"}
	token, err := keys.SealToken(place, map[string]int{"a": 7})
	if err != nil {
		t.Fatal(err)
	}
	var says map[string]int
	if err := keys.OpenToken(place, token, &says); err != nil || says["a"] != 7 {
		t.Errorf("it says %v, %v", says, err)
	}
	for name, bad := range map[string]string{
		"changed": token[:len(token)-5] + "AAAAA", "empty": "", "nonsense": "v1.x", "long": token + strings.Repeat("A", 1024),
	} {
		if err := keys.OpenToken(place, bad, &says); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if err := keys.OpenToken(Binding{Table: "links", Row: "2", Field: "address"}, token, &says); err == nil {
		t.Error("it opens in another place")
	}
	text, err := keys.Seal(place, []byte("no JSON"))
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.OpenToken(place, text, &says); err == nil {
		t.Error("what is no token opened")
	}
}
