package importer

import "testing"

func TestParseAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text    string
		digits  int
		want    int64
		refused bool
	}{
		{text: "188.73", digits: 2, want: 18873},
		{text: "16.5", digits: 2, want: 1650},
		{text: "0.0", digits: 2, want: 0},
		{text: "0.07", digits: 2, want: 7},
		{text: "007", digits: 2, want: 700},
		{text: "1.10000", digits: 2, want: 110},
		{text: "1.500", digits: 3, want: 1500},
		{text: "1200", digits: 0, want: 1200},
		{text: "1200.0", digits: 0, want: 1200},
		{text: "9999999999999.99", digits: 2, want: 999999999999999},
		{text: "10000000000000.00", digits: 2, refused: true},
		{text: "0.001", digits: 2, refused: true},
		{text: "1200.5", digits: 0, refused: true},
		{text: "-1.00", digits: 2, refused: true},
		{text: "+1.00", digits: 2, refused: true},
		{text: "1,00", digits: 2, refused: true},
		{text: "1.000.00", digits: 2, refused: true},
		{text: "1e3", digits: 2, refused: true},
		{text: ".50", digits: 2, refused: true},
		{text: "5.", digits: 2, refused: true},
		{text: "", digits: 2, refused: true},
		{text: "NaN", digits: 2, refused: true},
	}
	for _, tt := range tests {
		got, err := parseAmount(tt.text, tt.digits)
		if got != tt.want || (err != nil) != tt.refused {
			t.Errorf("parseAmount(%q, %d) = %d, %v, want %d", tt.text, tt.digits, got, err, tt.want)
		}
	}
}
