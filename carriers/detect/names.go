package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// names are those of carriers and aggregators, which are the same in every
// language. Posts that have no code of their own are named by the formats.
var names = map[string]string{
	"aftership":      "AfterShip",
	"amazon":         "Amazon Logistics",
	"australiapost":  "Australia Post",
	"cainiao":        "Cainiao",
	"canadapost":     "Canada Post",
	"canpar":         "Canpar",
	"chinapost":      "China Post",
	"correios":       "Correios",
	"deppon":         "Deppon",
	"dhl":            "DHL",
	"dhl_parcel_de":  "DHL Parcel DE",
	"dpd":            "DPD",
	"easypost":       "EasyPost",
	"ems":            "EMS",
	"fedex":          "FedEx",
	"gls":            "GLS",
	"gofo":           "GOFO Express",
	"jd":             "JD Logistics",
	"jt":             "J&T Express",
	"kuaidi100":      "Kuaidi100",
	"landmark":       "Landmark Global",
	"laposte":        "La Poste",
	"lasership":      "LaserShip",
	"old_dominion":   "Old Dominion Freight Line",
	"ontrac":         "OnTrac",
	"purolator":      "Purolator",
	"royalmail":      "Royal Mail",
	"sandbox":        "Sandbox",
	"seventeentrack": "17TRACK",
	"sf":             "SF Express",
	"shippo":         "Shippo",
	"speedee":        "Spee-Dee Delivery",
	"sto":            "STO Express",
	"ups":            "UPS",
	"usps":           "USPS",
	"yodel":          "Yodel",
	"yto":            "YTO Express",
	"yunda":          "Yunda Express",
	"yunexpress":     "YunExpress",
	"zto":            "ZTO Express",
}

// Name is what people call the carrier of a code; the code itself when nobody
// said.
func Name(code string) string { return cmp.Or(names[code], Post(code), code) }

// Codes lists the codes of all carriers and aggregators that have a name, by
// their names; of posts those alone that have a code of their own.
func Codes() []string {
	return slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Compare(strings.ToLower(names[a]), strings.ToLower(names[b]))
	})
}

// Code is the carrier that a word means: its code or its name, and of a post also
// its country, as "Post Malaysia"; empty when it means none.
func Code(word string) string {
	code := strings.ReplaceAll(strings.ToLower(word), " ", "_")
	if names[code] != "" || Post(code) != "" {
		return code
	}
	for code, name := range names {
		if strings.EqualFold(name, word) {
			return code
		}
	}
	for _, e := range postOffices() {
		for _, name := range []string{e.name, "Post " + e.land, e.land + " Post"} {
			if strings.EqualFold(name, word) {
				return posts(e.country, "")[0]
			}
		}
	}
	return ""
}
