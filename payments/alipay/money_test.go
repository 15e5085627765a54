package alipay

import (
	"testing"

	"pgregory.net/rapid"
)

func TestMoneyBothWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, maxFen).Draw(t, "fen")
		text := yuan(want)
		if got, err := fen(text); err != nil || got != want {
			t.Fatalf("%d fen are %q, which are %d fen, %v", want, text, got, err)
		}
		if len(text) < len("0.00") || text[len(text)-3] != '.' {
			t.Fatalf("%q has not two decimals", text)
		}
	})
}

func TestFenTakesOnlyAmounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("0123456789.-+eE ,x"))).Draw(t, "text")
		got, err := fen(text)
		if err != nil {
			return
		}
		again, err := fen(yuan(got))
		if err != nil || again != got || got < 0 {
			t.Fatalf("%q is taken for %d fen", text, got)
		}
	})
	for text, want := range map[string]int64{
		"0.01": 1, "88.88": 8888, "88.8": 8880, "88": 8800, "0": 0, "100000000.00": maxFen, "007.00": 700,
	} {
		if got, err := fen(text); err != nil || got != want {
			t.Errorf("fen(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "1.234", "-1.00", "+1", "1e3", "1,00", " 1", "1.0x", "99999999999999999999", "null"} {
		if got, err := fen(text); err == nil {
			t.Errorf("fen(%q) = %d", text, got)
		}
	}
}
