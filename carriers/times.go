package carriers

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // carriers' zones must resolve on machines without a zone database
)

const localLayout = "2006-01-02T15:04:05"

// maxOffset is the largest distance from UTC that any place keeps.
const maxOffset = 14 * time.Hour

// offsetStep divides the offset of every place.
const offsetStep = 15 * time.Minute

// layout is a form in which carriers write times.
type layout struct {
	form      string
	precision Precision
	offset    bool // the text names its offset
}

// layouts are tried in order. time.Parse accepts a fraction of any length
// behind the seconds by itself.
var layouts = []layout{
	{"2006-01-02T15:04:05Z07:00", PrecisionSecond, true},
	{"2006-01-02T15:04:05Z0700", PrecisionSecond, true},
	{"2006-01-02T15:04:05Z07", PrecisionSecond, true},
	{"2006-01-02T15:04:05", PrecisionSecond, false},
	{"2006-01-02T15:04Z07:00", PrecisionMinute, true},
	{"2006-01-02T15:04Z0700", PrecisionMinute, true},
	{"2006-01-02T15:04", PrecisionMinute, false},
	{"2006-01-02", PrecisionDate, false},
	{"20060102T150405Z0700", PrecisionSecond, true},
	{"20060102T150405", PrecisionSecond, false},
	{"20060102150405", PrecisionSecond, false},
	{"20060102", PrecisionDate, false},
	{"02.01.2006T15:04:05", PrecisionSecond, false},
	{"02.01.2006T15:04", PrecisionMinute, false},
	{"02.01.2006", PrecisionDate, false},
}

// dateThenTime finds the blanks between a date and the rest of a time text.
var dateThenTime = regexp.MustCompile(`^([0-9.\-]{8,10})\s+([0-9:.,]+)\s*((?:Z|[+-][0-9:]+)?)$`)

// offsetAtEnd finds an explicit offset behind a time of day.
var offsetAtEnd = regexp.MustCompile(`[0-9](?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)$`)

// SetTime reads a carrier's time text into the event. An offset in the text
// counts before the zone, which is the carrier's rule or the place's zone and
// may be nil. A text in an unknown form is kept in RawTime and costs only the
// time; layouts are further forms in Go's notation, without offset.
func (e *Event) SetTime(raw string, zone *time.Location, further ...string) {
	e.RawTime, e.LocalTime, e.Offset, e.OccurredAt, e.Precision = Text(raw, maxTime), "", nil, nil, ""
	wall, form, ok := readTime(raw, further)
	if !ok {
		return
	}
	e.LocalTime, e.Precision = wall.Format(localLayout), form.precision
	if form.precision == PrecisionDate {
		return // a day is no instant, wherever it is
	}
	if !form.offset {
		if zone == nil {
			return
		}
		if wall, ok = inZone(wall, zone); !ok {
			return
		}
	}
	_, seconds := wall.Zone()
	minutes, instant := seconds/60, wall.UTC().Truncate(time.Microsecond)
	if max(minutes, -minutes) > int(maxOffset.Minutes()) {
		return
	}
	e.Offset, e.OccurredAt = &minutes, &instant
}

// SetInstant adds the instant of an event whose carrier writes it in UTC beside
// the local text, which SetTime has read with the same further layouts; it
// counts before a zone and before an offset in that text. What lies between the
// two is the offset. Where no place's offset lies there, or one of the texts
// names no time of day, the event stays as it is.
func (e *Event) SetInstant(utc string, further ...string) {
	wall, form, ok := readTime(e.RawTime, further)
	instant, in, sure := readTime(utc, nil)
	if !ok || !sure || form.precision == PrecisionDate || in.precision == PrecisionDate {
		return
	}
	clock := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC)
	apart := clock.Sub(instant)
	offset := apart.Round(offsetStep)
	if (apart-offset).Abs() > time.Minute || offset.Abs() > maxOffset {
		return
	}
	minutes, at := int(offset.Minutes()), instant.UTC().Truncate(time.Microsecond)
	e.LocalTime, e.Precision, e.Offset, e.OccurredAt = clock.Format(localLayout), form.precision, &minutes, &at
}

// readTime finds the form that fits a text.
func readTime(raw string, further []string) (time.Time, layout, bool) {
	text := strings.TrimSpace(raw)
	if len(text) > maxTime {
		return time.Time{}, layout{}, false
	}
	if parts := dateThenTime.FindStringSubmatch(text); parts != nil {
		text = parts[1] + "T" + parts[2] + parts[3]
	}
	for _, form := range layouts {
		if wall, err := time.Parse(form.form, text); err == nil {
			return wall, form, plausibleYear(wall)
		}
	}
	for _, form := range further {
		if wall, err := time.Parse(form, strings.TrimSpace(raw)); err == nil {
			return wall, layout{form: form, precision: PrecisionSecond}, plausibleYear(wall)
		}
	}
	return time.Time{}, layout{}, false
}

// plausibleYear keeps out the zero dates and overflows of machines; years that
// somebody may have meant stay and are suspect.
func plausibleYear(t time.Time) bool { return t.Year() >= 1900 && t.Year() < 2200 }

// inZone reads a wall clock in a zone. It reports false for the hour that a
// clock change skips or repeats: there the text alone does not name an instant.
func inZone(wall time.Time, zone *time.Location) (time.Time, bool) {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	clock := t.Format(localLayout)
	if clock != wall.Format(localLayout) {
		return time.Time{}, false
	}
	for _, shift := range []time.Duration{-time.Hour, time.Hour} {
		if t.Add(shift).Format(localLayout) == clock {
			return time.Time{}, false
		}
	}
	return t, true
}

// HasOffset reports whether a time text names its own offset from UTC.
func HasOffset(raw string) bool {
	raw = strings.TrimSpace(raw)
	return strings.Contains(raw, ":") && offsetAtEnd.MatchString(raw)
}

// MidnightsAreDates turns midnights without an offset in their text into days
// when other events of the same answer have a time: carriers that know only
// the day write it so.
func MidnightsAreDates(events []Event) {
	timed := false
	for _, e := range events {
		timed = timed || (e.Precision != PrecisionDate && e.LocalTime != "" && !midnight(e.LocalTime))
	}
	if !timed {
		return
	}
	for i := range events {
		if e := &events[i]; midnight(e.LocalTime) && !HasOffset(e.RawTime) {
			e.Precision, e.Offset, e.OccurredAt = PrecisionDate, nil, nil
		}
	}
}

func midnight(local string) bool { return strings.HasSuffix(local, "T00:00:00") }

// earliestDay is the first of which a parcel's time can be true: see Suspect.
const earliestDay = "2000-01-01"

// Suspect reports whether an event's time cannot be true: before the year
// 2000, or after the moment when the carrier told of it by more than a day.
func Suspect(e Event, received time.Time) bool {
	first, _, ok := span(e, nil)
	return ok && (first.Year() < 2000 || first.After(received.Add(24*time.Hour)))
}

// span is the time within which an event certainly happened. It reports false
// when nothing is known.
func span(e Event, destination *time.Location) (first, last time.Time, ok bool) {
	if e.OccurredAt != nil {
		return *e.OccurredAt, *e.OccurredAt, true
	}
	wall, err := time.Parse(localLayout, e.LocalTime)
	if err != nil {
		return time.Time{}, time.Time{}, false
	}
	length := time.Duration(0)
	if e.Precision == PrecisionDate {
		length = 24*time.Hour - time.Second
	}
	if e.Offset != nil {
		wall = wall.Add(-time.Duration(*e.Offset) * time.Minute)
		return wall, wall.Add(length), true
	}
	if destination != nil && atDestination(e.Status) {
		if t, sure := inZone(wall, destination); sure {
			return t.UTC(), t.UTC().Add(length), true
		}
	}
	return wall.Add(-maxOffset), wall.Add(maxOffset + length), true
}

// atDestination reports whether a scan of this status is made where the
// recipient lives.
func atDestination(status Status) bool {
	switch status {
	case StatusOutForDelivery, StatusAvailableForPickup, StatusDeliveryFailed, StatusDelivered:
		return true
	default:
		return false
	}
}
