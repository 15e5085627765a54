package carriers

import (
	"strings"
	"time"
)

// ZoneOf returns the zone of a country (ISO 3166-1 alpha-2) that keeps a single
// civil time, or nil: for others a country does not say what time it is.
func ZoneOf(country string) *time.Location {
	name, known := zones[strings.ToUpper(strings.TrimSpace(country))]
	if !known {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil // unknown to the zone database: the time stays a wall clock
	}
	return zone
}

// zones are the single zones of countries.
var zones = map[string]string{
	"AT": "Europe/Vienna",
	"BE": "Europe/Brussels",
	"BG": "Europe/Sofia",
	"CH": "Europe/Zurich",
	"CN": "Asia/Shanghai",
	"CZ": "Europe/Prague",
	"DE": "Europe/Berlin",
	"DK": "Europe/Copenhagen",
	"EE": "Europe/Tallinn",
	"FI": "Europe/Helsinki",
	"GB": "Europe/London",
	"GR": "Europe/Athens",
	"HK": "Asia/Hong_Kong",
	"HR": "Europe/Zagreb",
	"HU": "Europe/Budapest",
	"IE": "Europe/Dublin",
	"IL": "Asia/Jerusalem",
	"IN": "Asia/Kolkata",
	"IT": "Europe/Rome",
	"JP": "Asia/Tokyo",
	"KR": "Asia/Seoul",
	"LI": "Europe/Zurich",
	"LT": "Europe/Vilnius",
	"LU": "Europe/Luxembourg",
	"LV": "Europe/Riga",
	"MY": "Asia/Kuala_Lumpur",
	"NL": "Europe/Amsterdam",
	"NO": "Europe/Oslo",
	"PH": "Asia/Manila",
	"PL": "Europe/Warsaw",
	"RO": "Europe/Bucharest",
	"SE": "Europe/Stockholm",
	"SG": "Asia/Singapore",
	"SI": "Europe/Ljubljana",
	"SK": "Europe/Bratislava",
	"TH": "Asia/Bangkok",
	"TR": "Europe/Istanbul",
	"TW": "Asia/Taipei",
	"VN": "Asia/Ho_Chi_Minh",
	"ZA": "Africa/Johannesburg",
}
