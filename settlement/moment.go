package settlement

import (
	"fmt"
	"time"
)

// layouts are the forms of times without an offset.
var layouts = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly}

// parseTime reads RFC 3339, or a clock of the zone. Forms whose order of day
// and month must be guessed are refused.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	for _, layout := range layouts {
		if err == nil {
			break
		}
		at, err = time.ParseInLocation(layout, text, zone)
	}
	if err != nil {
		return at, fmt.Errorf("%q is not a time like 2026-11-25 08:36:04", text)
	}
	if at.Year() < 2000 || at.Year() >= 2100 {
		return at, fmt.Errorf("%q is not in this century", text)
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

// time reads a time that must be there.
func (r *row) time(column string, zone *time.Location) *time.Time {
	text := r.required(column)
	if text == "" {
		return nil
	}
	at, err := parseTime(text, zone)
	if err != nil {
		r.refusef("%s: %v", column, err)
		return nil
	}
	return &at
}
