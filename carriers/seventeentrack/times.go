package seventeentrack

import (
	"regexp"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// localLayout is the form of an event's wall clock.
const localLayout = "2006-01-02T15:04:05"

// maxTime is how much of a time text is kept.
const maxTime = 64

// maxOffset is the largest distance from UTC that any place keeps; offsets are
// counted in quarters of an hour.
const (
	maxOffset  = 14 * time.Hour
	offsetStep = 15 * time.Minute
)

var offsetForm = regexp.MustCompile(`^(?:Z|[+-][0-9]{2}:?[0-9]{2})$`)

// text is the carrier's own time with all of its parts.
func (r rawTime) text() string {
	parts := strings.TrimSpace(string(r.Date) + " " + string(r.Time))
	if r.Date != "" && r.Time != "" && offsetForm.MatchString(string(r.Zone)) {
		parts += string(r.Zone)
	}
	return parts
}

// setTime reads when a scan was made. Its wall clock is the carrier's own text
// where that can be read, else 17TRACK's; the instant is the explicit UTC time,
// else what an offset or the place of the scan makes of the wall clock. What
// the carrier gave only a day for has no instant.
func (e event) setTime(into *carriers.Event) {
	raw, a := e.Raw.V.text(), e.Address.V
	zone := carriers.ZoneAt(string(a.Country), string(a.State), string(a.PostalCode))
	var own, iso, utc carriers.Event
	own.SetTime(raw, zone)
	iso.SetTime(string(e.ISO), zone)
	utc.SetTime(string(e.UTC), time.UTC)
	instant := utc.OccurredAt
	if instant == nil && carriers.HasOffset(string(e.ISO)) {
		instant = iso.OccurredAt
	}
	switch {
	case own.LocalTime != "" && (own.Precision == carriers.PrecisionDate || instant == nil || at(&own, *instant)):
		copyTime(into, own)
	case iso.LocalTime != "" && (instant == nil || iso.Precision == carriers.PrecisionDate || at(&iso, *instant)):
		copyTime(into, iso)
	default: // without a wall clock UTC is one, and without that the text is kept
		copyTime(into, utc)
	}
	for _, text := range []string{raw, string(e.ISO), string(e.UTC)} {
		if text != "" {
			into.RawTime = carriers.Text(text, maxTime)
			return
		}
	}
}

// at gives an event the instant of its wall clock. It reports false when no
// place keeps the offset that the two would mean.
func at(e *carriers.Event, instant time.Time) bool {
	wall, err := time.Parse(localLayout, e.LocalTime)
	if err != nil {
		return false
	}
	offset := wall.Sub(instant.Truncate(time.Second))
	if e.Precision == carriers.PrecisionMinute {
		offset = wall.Sub(instant.Truncate(time.Minute))
	}
	if offset.Abs() > maxOffset || offset%offsetStep != 0 {
		return false
	}
	minutes := int(offset.Minutes())
	e.Offset, e.OccurredAt = &minutes, &instant
	return true
}

func copyTime(into *carriers.Event, from carriers.Event) {
	into.LocalTime, into.Offset, into.OccurredAt, into.Precision = from.LocalTime, from.Offset, from.OccurredAt, from.Precision
}

// eta reads until when a parcel is expected. A day counts to its end, as UTC
// has it: 17TRACK does not say where.
func (w window) eta() *time.Time {
	for _, raw := range []text{w.To, w.From} {
		var clock carriers.Event
		clock.SetTime(string(raw), nil)
		if clock.OccurredAt != nil {
			return clock.OccurredAt
		}
		if day, _, ok := strings.Cut(clock.LocalTime, "T"); ok {
			clock.SetTime(day+"T23:59:59Z", nil)
			return clock.OccurredAt
		}
	}
	return nil
}
