package views

import (
	"strings"

	"github.com/tillpost/tillpost/models"
)

// PreferencesView is what a user sets for themselves.
type PreferencesView struct {
	Form

	Timezone string // empty: the merchant's, or UTC
	Default  string // the zone that an empty one stands for
	Sessions []SessionRow
	Alerts   bool          // mails about incidents are on
	Wish     AlertWishForm // which of them
	NoServer bool          // there is no mail server
}

// SessionRow is a signed-in browser of the user.
type SessionRow struct {
	Session models.Session
	Current bool
}

func (v PreferencesView) others() int {
	n := 0
	for _, s := range v.Sessions {
		if !s.Current {
			n++
		}
	}
	return n
}

// zones are suggestions; any zone of the IANA database can be entered.
var zones = []string{
	"Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "America/Argentina/Buenos_Aires",
	"America/Bogota", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Mexico_City",
	"America/New_York", "America/Sao_Paulo", "America/Toronto", "Asia/Bangkok", "Asia/Dubai", "Asia/Ho_Chi_Minh",
	"Asia/Hong_Kong", "Asia/Jakarta", "Asia/Karachi", "Asia/Kolkata", "Asia/Kuala_Lumpur", "Asia/Kuching",
	"Asia/Makassar", "Asia/Manila", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Taipei", "Asia/Tokyo",
	"Australia/Brisbane", "Australia/Perth", "Australia/Sydney", "Europe/Amsterdam", "Europe/Athens", "Europe/Berlin",
	"Europe/Istanbul", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "Europe/Moscow", "Europe/Paris",
	"Europe/Rome", "Europe/Warsaw", "Pacific/Auckland", "UTC",
}

// browserName is the program and system in a user agent's words; the words
// themselves when they are unknown.
func browserName(agent string) string {
	name, system := "", ""
	for _, known := range []struct{ token, name string }{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(agent, known.token) {
			name = known.name
			break
		}
	}
	for _, known := range []struct{ token, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, known.token) {
			system = known.name
			break
		}
	}
	switch {
	case name != "" && system != "":
		return name + ", " + system
	case name+system != "":
		return name + system
	default:
		return agent
	}
}
