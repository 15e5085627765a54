package carriers

import (
	"strings"
	"time"
)

// ZoneOf returns the zone of a country (ISO 3166-1 alpha-2) that keeps a single
// civil time, or nil: for others a country does not say what time it is.
func ZoneOf(country string) *time.Location {
	name := zoneName(strings.ToUpper(strings.TrimSpace(country)))
	if name == "" {
		return nil // LoadLocation takes an empty name for UTC
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil // unknown to the zone database: the time stays a wall clock
	}
	return zone
}

func zoneName(country string) string {
	switch country {
	case "AT":
		return "Europe/Vienna"
	case "BE":
		return "Europe/Brussels"
	case "BG":
		return "Europe/Sofia"
	case "CH", "LI":
		return "Europe/Zurich"
	case "CN":
		return "Asia/Shanghai"
	case "CZ":
		return "Europe/Prague"
	case "DE":
		return "Europe/Berlin"
	case "DK":
		return "Europe/Copenhagen"
	case "EE":
		return "Europe/Tallinn"
	case "FI":
		return "Europe/Helsinki"
	case "GB":
		return "Europe/London"
	case "GR":
		return "Europe/Athens"
	case "HK":
		return "Asia/Hong_Kong"
	case "HR":
		return "Europe/Zagreb"
	case "HU":
		return "Europe/Budapest"
	case "IE":
		return "Europe/Dublin"
	case "IL":
		return "Asia/Jerusalem"
	case "IN":
		return "Asia/Kolkata"
	case "IT":
		return "Europe/Rome"
	case "JP":
		return "Asia/Tokyo"
	case "KR":
		return "Asia/Seoul"
	case "LT":
		return "Europe/Vilnius"
	case "LU":
		return "Europe/Luxembourg"
	case "LV":
		return "Europe/Riga"
	case "MY":
		return "Asia/Kuala_Lumpur"
	case "NL":
		return "Europe/Amsterdam"
	case "NO":
		return "Europe/Oslo"
	case "PH":
		return "Asia/Manila"
	case "PL":
		return "Europe/Warsaw"
	case "RO":
		return "Europe/Bucharest"
	case "SE":
		return "Europe/Stockholm"
	case "SG":
		return "Asia/Singapore"
	case "SI":
		return "Europe/Ljubljana"
	case "SK":
		return "Europe/Bratislava"
	case "TH":
		return "Asia/Bangkok"
	case "TR":
		return "Europe/Istanbul"
	case "TW":
		return "Asia/Taipei"
	case "VN":
		return "Asia/Ho_Chi_Minh"
	case "ZA":
		return "Africa/Johannesburg"
	default:
		return ""
	}
}
