package ups

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

var (
	clockDigits = regexp.MustCompile(`^[0-9]{5,6}$`)
	offsetForm  = regexp.MustCompile(`^[+-][0-9]{2}:?[0-9]{2}$`)
)

// moment joins a date, a time of day and an offset into one text. UPS writes the
// time as hhmmss, as hh:mm:ss, and as a number whose leading zero is lost.
func moment(date, clock, offset text) string {
	bare := strings.ReplaceAll(string(clock), ":", "")
	if clockDigits.MatchString(bare) {
		clock = text(strings.Repeat("0", 6-len(bare)) + bare)
	}
	joined := strings.TrimSpace(string(date + " " + clock))
	if offsetForm.MatchString(string(offset)) && clock != "" {
		joined += " " + strings.ReplaceAll(string(offset), ":", "")
	}
	return joined
}

// eta is the scheduled delivery, the rescheduled one first. A day without an hour
// or a zone stands for the whole day.
func (p parcel) eta() *time.Time {
	dates := map[text]text{}
	for _, raw := range p.DeliveryDate {
		var d deliverDate
		if json.Unmarshal(raw, &d) == nil {
			dates[d.Type] = d.Date
		}
	}
	day := dates["RDD"]
	if day == "" {
		day = dates["SDD"]
	}
	end := p.DeliveryTime.V.End
	zone := p.destination()
	if zone == nil || end == "" || p.DeliveryTime.V.Type == "DEL" {
		zone, end = time.UTC, "120000" // noon UTC is that day nearly everywhere
	}
	var clock carriers.Event
	clock.SetTime(moment(day, end, ""), zone)
	return clock.OccurredAt
}

func (p parcel) destination() *time.Location {
	for _, raw := range p.Addresses {
		var a packageAddress
		if json.Unmarshal(raw, &a) == nil && strings.EqualFold(string(a.Type), "DESTINATION") {
			at := a.Address.V
			if at.CountryCode == "" {
				at.CountryCode = at.Country
			}
			return carriers.ZoneAt(string(at.CountryCode), string(at.State), string(at.PostalCode))
		}
	}
	return nil
}
