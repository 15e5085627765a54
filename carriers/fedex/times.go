package fedex

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// date is one of the moments that are told beside the scans.
func (r result) date(kind text) text {
	for _, raw := range r.Dates {
		var d dateAndTime
		if json.Unmarshal(raw, &d) == nil && d.Type == kind {
			return d.DateTime
		}
	}
	return ""
}

// destination is the zone of the recipient, nil when several are possible.
func (r result) destination() *time.Location {
	for _, at := range []address{r.Recipient.V.Address.V, r.Destination.V.Contact.V.Address.V} {
		if at.Country != "" {
			return at.zone()
		}
	}
	return nil
}

func (a address) zone() *time.Location {
	return carriers.ZoneAt(string(a.Country), string(a.State), string(a.PostalCode))
}

// instant reads a time. Midnight is how FedEx writes a day.
func instant(raw text, zone *time.Location) *time.Time {
	var clock carriers.Event
	clock.SetTime(string(raw), zone)
	if strings.HasSuffix(clock.LocalTime, "T00:00:00") {
		return nil
	}
	return clock.OccurredAt
}

// day is the end of a day, or its noon in UTC where the zone is not known: that
// is the same day nearly everywhere.
func day(raw text, zone *time.Location) *time.Time {
	var clock carriers.Event
	clock.SetTime(string(raw), zone)
	date, _, ok := strings.Cut(clock.LocalTime, "T")
	switch {
	case !ok:
		return nil
	case zone == nil:
		clock.SetTime(date+"T12:00:00Z", nil)
	default:
		clock.SetTime(date+"T23:59:59", zone)
	}
	return clock.OccurredAt
}

// when is a scan's place in time, as far as its texts tell.
func when(e carriers.Event) time.Time {
	if e.OccurredAt != nil {
		return *e.OccurredAt
	}
	wall, err := time.Parse("2006-01-02T15:04:05", e.LocalTime)
	if err != nil {
		return time.Time{} // unknown
	}
	return wall
}
