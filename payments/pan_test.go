package payments

import (
	"fmt"
	"strings"
	"testing"
)

func TestCardNumbersAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242.4242.4242.4242", "4242_4242_4242_4242",
		"4242\u00a04242\u00a04242\u00a04242", "4242\u20094242\u202f4242\u30004242", "4242\u200b4242\u200b4242\u200b4242",
		"4242–4242—4242‑4242", "4242\t4242\n4242 - 4242", "４２４２４２４２４２４２４２４２", "٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢", "card4242424242424242!",
		// Beside other numbers.
		"4242 4242 4242 4242 12/30", "4242424242424242 123", "4242424242424242 12 30 123", "order 1 4242424242424242", "1-4242424242424242",
		"1 4242 4242 4242 4242", "2026-11-25 4242 4242 4242 4242 99",
		"4000 0012 3456 7899 4242 4242 4242 4242 5",
		// Other schemes.
		"5555 5555 5555 4444", "2223003122003222", "3782 822463 10005", "30569309025904", "36227206271667", "6011 1111 1111 1117",
		"3566002020360505", "6200 0000 0000 0005", "6205500000000000004", "6759649826438453", "2200770239097761",
	} {
		if !HoldsCardNumber(text) {
			t.Errorf("%q passes", text)
		}
	}
	if text := "https://shop.example/thanks?card=4242+4242%204242%2D4242"; !HoldsCardNumber(text) {
		t.Errorf("%q passes", text)
	}
}

func TestOrdinaryNumbersPass(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "1", "1001", "tok_success", "pm_1NZ4242424242", "4242424242424241", "4242 4242 4242", "100%",
		"1000000000000008", "1234567812345670", "0000000000000000", // pass Luhn, and no card begins so
		"2026112519123409", "2026-11-25 19:12:34.09", "1795634275000001", // times
		"+49 151 23456787", "4915123456795", "4006381334013", "04006381334013", // phones and articles that pass Luhn
		"4242424242424242424242424242", "2026052522001442424242424242", "4242424242424242123", // longer ids
		"4242,4242,4242,4242", "4242 4242 / 4242 4242", "192.168.100.200",
		"ord_06fkqmgyt1x1w9d6v6sxnhsqgm", "550e8400-e29b-41d4-a716-446655440000",
		"https://shop.example/thanks?order=1000000000000008", "%zz",
	} {
		if HoldsCardNumber(text) {
			t.Errorf("%q is refused", text)
		}
	}
}

// Numbers that shops count up, or make of the time, are never refused, nor one
// in fifty of those that begin anyhow.
func TestIdsAreSeldomRefused(t *testing.T) {
	t.Parallel()
	refused := 0
	for i := range 10_000 {
		for _, id := range []string{
			fmt.Sprintf("%016d", i), fmt.Sprintf("1%015d", i), fmt.Sprintf("20261125%08d", i), fmt.Sprintf("20261125191234%014d", i*7919),
		} {
			if HoldsCardNumber(id) {
				t.Fatalf("%s is refused", id)
			}
		}
		if HoldsCardNumber(fmt.Sprintf("%016d", uint64(i)*999_983_000_029%1e16)) {
			refused++
		}
	}
	if refused > 400 {
		t.Errorf("%d of 10,000 ids of 16 digits are refused", refused)
	}
}

func TestMaskRawMasksTheNumberAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{`{"card":"4242 4242 4242 4242 12/30"}`, `{"card":"[masked] 12/30"}`},
		{`order 1 4242424242424242, 1-4242424242424242`, `order 1 [masked], 1-[masked]`},
		{"4242\u00a04242\u00a04242\u00a04242.", "[masked]."},
		{`{"id":1000000000000008}`, `{"id":1000000000000008}`},
		{`4000 0012 3456 7899 4242 4242 4242 4242 7`, "[masked] 7"},
	} {
		if got := MaskRaw([]byte(tt.in)); strings.ReplaceAll(got, masked+" "+masked, masked) != tt.want {
			t.Errorf("%q became %q, want %q", tt.in, got, tt.want)
		}
	}
}
