package detect_test

import (
	"strings"
	"testing"

	"github.com/tillpost/tillpost/carriers/detect"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		number  string
		carrier string // the first candidate
		clear   bool   // without any hint
		checked bool
		service string
		country string
	}{
		{name: "UPS", number: "1Z5R89390357567127", carrier: "ups", clear: true, checked: true, service: "UPS United States Ground"},
		{name: "UPS that the USPS delivers", number: "1ZXX3150YW44070023", carrier: "ups", clear: true, checked: true, service: "UPS SurePost - Delivered by the USPS"},
		{name: "USPS with a ZIP code before it", number: "420 22153 9101026837331000039521", carrier: "usps", clear: true, checked: true},
		{name: "USPS beside a FedEx of 34 digits", number: "4201002334249200190132607600833457", carrier: "usps", clear: true, checked: true},
		{name: "FedEx of 34 digits", number: "1001921334250001000300779017972697", carrier: "fedex", clear: true, checked: true},
		{name: "FedEx of 12 digits", number: "986578788855", carrier: "fedex", clear: true, checked: true},
		{name: "DHL Express", number: "3318810025", carrier: "dhl", clear: true, checked: true},
		{name: "DPD label", number: "0081 827 0998 0000 0200 45 327 276 N", carrier: "dpd", clear: true, checked: true, country: "DE"},
		{name: "Amazon", number: "TBA010000000000", carrier: "amazon", clear: true},
		{name: "Yodel, not JD", number: "JD0002242617644732", carrier: "yodel", clear: true},
		{name: "JD, not Yodel", number: "JDVA01234567890", carrier: "", clear: false},
		{name: "JD", number: "JD0123456789012-1-1-", carrier: "jd", clear: true},
		{name: "SF", number: "SF1234567890123", carrier: "sf", clear: true},
		{name: "YTO, not YunExpress", number: "YT1234567890123", carrier: "yto", clear: true},
		{name: "YunExpress, not YTO", number: "YT2229521272164446", carrier: "yunexpress", clear: true},
		{name: "J&T", number: "JT1234567890123", carrier: "jt", clear: true},
		{name: "Deppon", number: "DPK123456789012", carrier: "deppon", clear: true},
		{name: "Cainiao", number: "LP00123456789012", carrier: "cainiao", clear: true},
		{name: "Colissimo", number: "8R12345678901", carrier: "laposte", clear: true},
		{name: "DHL in Germany", number: "JJD000390007882373812", carrier: "dhl", clear: true},
		{name: "DHL's Identcode", number: "56.310 243.031 3", carrier: "", clear: false}, // dots are nobody's
		{name: "DHL's Identcode, as typed", number: "563102430313", carrier: "dhl", clear: true, checked: true},
		{name: "Royal Mail abroad", number: "RB123456785GB", carrier: "royalmail", clear: true, checked: true, service: "Letter Post Registered", country: "GB"},
		{name: "China's express mail", number: "EB123456785CN", carrier: "ems", clear: true, checked: true, service: "EMS", country: "CN"},
		{name: "China Post", number: "RB123456785CN", carrier: "chinapost", clear: true, checked: true, service: "Letter Post Registered", country: "CN"},
		{name: "La Poste abroad", number: "CB123456785FR", carrier: "laposte", clear: true, checked: true, service: "Parcel Post", country: "FR"},
		{name: "a post without a code", number: "RB123456785JP", carrier: "post_jp", clear: true, checked: true, service: "Letter Post Registered", country: "JP"},

		// What misleads.
		{name: "DHL Paket, not the USPS", number: "00340434161094015902", carrier: "dhl", clear: true, checked: true},
		{name: "14 digits of DPD, not DHL's", number: "05308801410058", carrier: "dpd"},
		{name: "14 digits like ZTO's, not DHL's", number: "75123456789012", carrier: "zto"},
		{name: "14 digits of nobody in particular", number: "60120172242323", carrier: "dhl"},
		{name: "S10 that begins like DHL's", number: "LX123456785US", carrier: "usps", clear: true, checked: true, service: "Letter Post Express", country: "US"},
		{name: "three letters that Purolator and DHL use", number: "JFV247545960", carrier: "dhl"},
		{name: "both check digits right", number: "320595463938", carrier: "purolator", checked: true, clear: true},

		{name: "nothing", number: " - "},
		{name: "words", number: "to be announced"},
		{name: "what is no number", number: "1Z5R8939035756712!"},
		{name: "too long", number: strings.Repeat("1", 65)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := detect.Detect(tt.number, detect.Hints{})
			best, ok := detect.Best(found)
			if tt.carrier == "" {
				if len(found) > 0 || ok {
					t.Fatalf("found %+v", found)
				}
				return
			}
			if len(found) == 0 || found[0].Carrier != tt.carrier {
				t.Fatalf("found %+v, want %s first", found, tt.carrier)
			}
			if ok != tt.clear || ok && best != found[0] {
				t.Errorf("clear is %t among %+v", ok, found)
			}
			first := found[0]
			if first.Checked != tt.checked || tt.service != "" && first.Service != tt.service || first.Country != tt.country {
				t.Errorf("first is %+v", first)
			}
		})
	}
}

func TestDetectSpelling(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, pasted, want string }{
		{"blanks and small letters", " 1z 8v9 2a7 03 6720 3024\n", "1Z8V92A70367203024"},
		{"dashes", "1Z-8V92-A703–6720—3024", "1Z8V92A70367203024"},
		{"blanks of all sorts", "1Z\u00a08V92A7\u200b0367\u3000203024\ufeff", "1Z8V92A70367203024"},
		{"double width", "ＳＦ１２３４５６７８９０１２３", "SF1234567890123"},
		{"a dash that is meant", "1ls7 1190 1361 8127 - 1", "1LS7119013618127-1"},
		{"more blanks than digits", strings.Join(strings.Split("4201028200009261290113185417468510", ""), "  "), "4201028200009261290113185417468510"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := detect.Detect(tt.pasted, detect.Hints{})
			if len(found) == 0 || found[0].Number != tt.want {
				t.Errorf("found %+v, want %s", found, tt.want)
			}
		})
	}
}

func TestMisread(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"RR123456784DE": true, "rr 123 456 784 de": true, "RR123456785DE": false, "RR123456784QQ": false,
		"1Z5R89390357567128": true, "1Z5R89390357567127": false, "00340434161094015903": true,
		"320595463930": false, "SF1234567890123": false, "HELLO": false, "": false,
	} {
		if got := detect.Misread(number); got != want {
			t.Errorf("%q is misread: %t, want %t", number, got, want)
		}
	}
}

func TestDetectHints(t *testing.T) {
	t.Parallel()
	both := []string{"fedex", "sf"}
	tests := []struct {
		name   string
		number string
		hints  detect.Hints
		first  string
		clear  bool
	}{
		{"an account decides what digits leave open", "05308801410058", detect.Hints{Enabled: []string{"dpd"}}, "dpd", true},
		{"an account for the other", "05308801410058", detect.Hints{Enabled: []string{"dhl"}}, "dhl", false},
		{"habit decides without an account", "75123456789012", detect.Hints{Recent: map[string]int{"zto": 20}}, "zto", true},
		{"a country makes it likelier", "75123456789012", detect.Hints{Country: "CN"}, "zto", false},
		{"no parcels within China for a shop elsewhere", "75123456789012", detect.Hints{Country: "US"}, "dhl", false},
		{"the usual carrier of bare digits", "50123456789", detect.Hints{Enabled: []string{"gls"}, Recent: map[string]int{"gls": 30}, Country: "DE"}, "gls", true},
		{"an account alone does not decide bare digits", "50123456789", detect.Hints{Enabled: []string{"gls"}}, "gls", false},
		{"habit does not decide against a check digit", "986578788855", detect.Hints{Enabled: []string{"sf"}, Recent: map[string]int{"sf": 50}, Country: "CN"}, "sf", false},
		{"a check digit among the shop's own", "986578788855", detect.Hints{Enabled: both, Recent: map[string]int{"sf": 5, "fedex": 5}}, "fedex", true},
		{"two check digits", "287809468872", detect.Hints{}, "fedex", false},
		{"two check digits, one account", "287809468872", detect.Hints{Enabled: []string{"fedex", "dpd"}}, "fedex", true},
		{"two check digits, a country", "287809468872", detect.Hints{Country: "CA"}, "purolator", false},
		{"two check digits, a country and habit", "287809468872", detect.Hints{Country: "CA", Recent: map[string]int{"purolator": 12}}, "purolator", true},
		{"DHL Paket for a shop of the USPS", "00340434161094015902", detect.Hints{Enabled: []string{"usps"}, Recent: map[string]int{"usps": 99}, Country: "US"}, "dhl", true},
		{"DHL Paket by the account for Germany", "00340434161094015902", detect.Hints{Enabled: []string{"dhl_parcel_de"}}, "dhl_parcel_de", true},
		{"DHL Paket by both accounts", "00340434161094015902", detect.Hints{Enabled: []string{"dhl_parcel_de", "dhl"}}, "dhl", true},
		{"DHL Paket as the shop calls it", "00340434161094015902", detect.Hints{Recent: map[string]int{"dhl_parcel_de": 1}}, "dhl_parcel_de", true},
		{"DHL Paket for who knows DHL's branches apart", "00340434161094015902", detect.Hints{Anyone: true, Recent: map[string]int{"dhl": 9}}, "dhl_parcel_de", true},
		{"a beginning that nobody else has, unused", "SF1234567890123", detect.Hints{Enabled: []string{"dhl"}, Recent: map[string]int{"dhl": 50}}, "sf", true},
		{"UPS, unused", "1Z5R89390357567127", detect.Hints{Enabled: []string{"dhl"}, Recent: map[string]int{"dhl": 50}}, "ups", true},
		{"an aggregator speaks against nobody", "986578788855", detect.Hints{Enabled: []string{"sf"}, Anyone: true}, "fedex", true},
		{"Australia Post only for those who use it", "33ABC0000001", detect.Hints{Enabled: []string{"australiapost"}, Country: "AU"}, "australiapost", false},
		{"Australia Post for nobody else", "33ABC0000001", detect.Hints{Country: "AU"}, "", false},
		{"the sandbox for those who use it", "SBX1000TEST0001", detect.Hints{Enabled: []string{"sandbox"}}, "sandbox", true},
		{"the sandbox for nobody else", "SBX1000TEST0001", detect.Hints{Enabled: []string{"dhl"}}, "", false},
		{"the sandbox speaks against nobody", "3318810025", detect.Hints{Enabled: []string{"sandbox"}}, "dhl", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found := detect.Detect(tt.number, tt.hints)
			_, ok := detect.Best(found)
			if ok != tt.clear || (tt.first != "" && (len(found) == 0 || found[0].Carrier != tt.first)) || (tt.first == "" && len(found) > 0) {
				t.Errorf("clear %t, found %+v; want %s, clear %t", ok, found, tt.first, tt.clear)
			}
		})
	}
}

func TestBest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		candidates []detect.Candidate
		want       string
	}{
		{"nobody", nil, ""},
		{"one that is unlikely", []detect.Candidate{{Carrier: "a", Score: 40}}, ""},
		{"one that is likely", []detect.Candidate{{Carrier: "a", Score: 60}}, "a"},
		{"likely, another near", []detect.Candidate{{Carrier: "a", Score: 60}, {Carrier: "b", Score: 40}}, ""},
		{"certain, another likely", []detect.Candidate{{Carrier: "a", Score: 90}, {Carrier: "b", Score: 75}}, "a"},
		{"two certain", []detect.Candidate{{Carrier: "a", Score: 90}, {Carrier: "b", Score: 89}}, ""},
		{"against a check digit", []detect.Candidate{{Carrier: "a", Score: 90}, {Carrier: "b", Score: 30, Checked: true}}, ""},
		{"against one by chance", []detect.Candidate{{Carrier: "a", Score: 90}, {Carrier: "b", Score: 10, Checked: true}}, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := detect.Best(tt.candidates); got.Carrier != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %t", got.Carrier, ok)
			}
		})
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"post_jp": "Japan Post", "post_xx": "", "usps": "", "": ""} {
		if got := detect.Post(code); got != want {
			t.Errorf("%q is %q, want %q", code, got, want)
		}
	}
}

func BenchmarkDetect(b *testing.B) {
	hints := detect.Hints{Enabled: []string{"dhl", "ups"}, Recent: map[string]int{"dhl": 80, "ups": 20}, Country: "DE"}
	for _, number := range []string{"1Z5R89390357567127", "986578788855", "4201002334249200190132607600833457"} {
		b.Run(number, func(b *testing.B) {
			for b.Loop() {
				detect.Detect(number, hints)
			}
		})
	}
}
