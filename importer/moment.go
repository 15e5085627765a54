package importer

import (
	"fmt"
	"time"
)

// moment is a time of a file: what it says, and the instant that it means.
type moment struct {
	raw    string
	wall   string // at the place, 2006-01-02T15:04:05
	offset int    // minutes east of UTC
	at     time.Time
}

const (
	wallLayout  = "2006-01-02T15:04:05"
	firstYear   = 1980
	beyondYears = 2100
)

// localLayouts are the forms of times without offset.
var localLayouts = []string{"2006-01-02 15:04:05", wallLayout, "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly}

// parseMoment reads RFC 3339, or a wall clock of the zone.
func parseMoment(text string, zone *time.Location) (*moment, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return newMoment(text, at, at.UTC())
	}
	for _, layout := range localLayouts {
		if wall, err := time.Parse(layout, text); err == nil {
			return newMoment(text, wall, inZone(wall, zone))
		}
	}
	return nil, fmt.Errorf("%q is not a time like 2017-07-09 21:57:05", text)
}

// newMoment tells the offset from the difference between the clock on the wall
// and the instant.
func newMoment(raw string, wall, at time.Time) (*moment, error) {
	if wall.Year() < firstYear || wall.Year() >= beyondYears {
		return nil, fmt.Errorf("%q is not between the years %d and %d", raw, firstYear, beyondYears)
	}
	clock := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	return &moment{raw: raw, wall: clock.Format(wallLayout), offset: int(clock.Sub(at).Minutes()), at: utc(at)}, nil
}

// parsePromise reads a time; a day, also one written with midnight, is
// promised until its last second.
func parsePromise(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02 00:00:00"} {
		if day, err := time.Parse(layout, text); err == nil {
			if _, err := newMoment(text, day, day); err != nil {
				return time.Time{}, err
			}
			return inZone(day.AddDate(0, 0, 1), zone).Add(-time.Second), nil
		}
	}
	m, err := parseMoment(text, zone)
	if err != nil {
		return time.Time{}, err
	}
	return m.at, nil
}

// inZone is the instant when clocks of a zone show the wall time. As RFC 5545
// 3.3.5 has it, a time that a clock change repeats means the first, and one
// that it skips is read with the offset from before the change.
func inZone(wall time.Time, zone *time.Location) time.Time {
	before, after := offsetAt(wall.Add(-24*time.Hour), zone), offsetAt(wall.Add(24*time.Hour), zone)
	first, second := wall.Add(-before), wall.Add(-after)
	if offsetAt(first, zone) != before && offsetAt(second, zone) == after {
		return second
	}
	return first
}

func offsetAt(instant time.Time, zone *time.Location) time.Duration {
	_, seconds := instant.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
