package canadapost

import (
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// offsets are the abbreviations in event-time-zone, in minutes east of UTC.
// Canada writes them for scans of its own.
var offsets = map[string]int{
	"NST": -210, "NDT": -150,
	"AST": -240, "ADT": -180,
	"EST": -300, "EDT": -240,
	"CST": -360, "CDT": -300,
	"MST": -420, "MDT": -360,
	"PST": -480, "PDT": -420,
	"UTC": 0, "GMT": 0,
}

// countries are names in place of an abbreviation, on scans abroad. Only those
// with a single civil time help.
var countries = map[string]string{
	"AUSTRIA": "AT", "BELGIUM": "BE", "CHINA": "CN", "DENMARK": "DK", "FINLAND": "FI", "FRANCE": "FR", "GERMANY": "DE",
	"GREAT BRITAIN": "GB", "UNITED KINGDOM": "GB", "HONG KONG": "HK", "INDIA": "IN", "IRELAND": "IE", "ISRAEL": "IL",
	"ITALY": "IT", "JAPAN": "JP", "KOREA": "KR", "NETHERLANDS": "NL", "NORWAY": "NO", "POLAND": "PL", "SINGAPORE": "SG",
	"SWEDEN": "SE", "SWITZERLAND": "CH", "TAIWAN": "TW",
}

// zone is where a scan's clock stands, or nil: what its time zone says, and
// where that says nothing, its province if that keeps one time.
func (o occurrence) zone() *time.Location {
	name := strings.ToUpper(strings.TrimSpace(o.Zone))
	if minutes, known := offsets[name]; known {
		return time.FixedZone(name, minutes*60)
	}
	if code, known := countries[name]; known {
		return carriers.ZoneOf(code)
	}
	if name != "" && name != "CANADA" && name != "CA" {
		return carriers.ZoneOf(name)
	}
	return carriers.ZoneAt("CA", o.Province, "")
}
