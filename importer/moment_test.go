package importer

import (
	"testing"
	"time"
)

func saoPaulo(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(olistZone)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestParseMoment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, want, wall string
		offset                 int
		refused                bool
	}{
		{name: "winter", text: "2017-07-09 21:57:05", want: "2017-07-10T00:57:05Z", wall: "2017-07-09T21:57:05", offset: -180},
		{name: "summer", text: "2017-01-09 21:57:05", want: "2017-01-09T23:57:05Z", wall: "2017-01-09T21:57:05", offset: -120},
		{name: "a skipped hour keeps the offset from before", text: "2016-10-16 00:30:00", want: "2016-10-16T03:30:00Z", wall: "2016-10-16T00:30:00", offset: -180},
		{name: "right before the skipped hour", text: "2016-10-15 23:59:59", want: "2016-10-16T02:59:59Z", wall: "2016-10-15T23:59:59", offset: -180},
		{name: "right after the skipped hour", text: "2016-10-16 01:00:00", want: "2016-10-16T03:00:00Z", wall: "2016-10-16T01:00:00", offset: -120},
		{name: "a repeated hour is the first", text: "2017-02-18 23:30:00", want: "2017-02-19T01:30:00Z", wall: "2017-02-18T23:30:00", offset: -120},
		{name: "right after the repeated hour", text: "2017-02-19 00:00:00", want: "2017-02-19T03:00:00Z", wall: "2017-02-19T00:00:00", offset: -180},
		{name: "an offset in the text counts", text: "2017-07-09T21:57:05+05:30", want: "2017-07-09T16:27:05Z", wall: "2017-07-09T21:57:05", offset: 330},
		{name: "UTC", text: "2017-07-09T21:57:05Z", want: "2017-07-09T21:57:05Z", wall: "2017-07-09T21:57:05"},
		{name: "minutes", text: "2017-07-09 21:57", want: "2017-07-10T00:57:00Z", wall: "2017-07-09T21:57:00", offset: -180},
		{name: "other order", text: "09/07/2017 21:57", refused: true},
		{name: "no such day", text: "2017-02-30 10:00:00", refused: true},
		{name: "zero date", text: "0000-00-00 00:00:00", refused: true},
		{name: "impossible year", text: "0017-07-09 21:57:05", refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseMoment(tt.text, saoPaulo(t))
			if tt.refused {
				if err == nil {
					t.Fatalf("parseMoment(%q) = %+v, want an error", tt.text, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if at := got.at.Format(time.RFC3339); at != tt.want || got.wall != tt.wall || got.offset != tt.offset {
				t.Errorf("parseMoment(%q) = %s, %s, %d", tt.text, at, got.wall, got.offset)
			}
		})
	}
}

func TestParsePromise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2017-08-01 00:00:00":       "2017-08-02T02:59:59Z",
		"2017-08-01":                "2017-08-02T02:59:59Z",
		"2016-10-15":                "2016-10-16T02:59:59Z", // the next midnight does not exist
		"2017-02-18":                "2017-02-19T02:59:59Z", // has 25 hours
		"2017-08-01 12:00:00":       "2017-08-01T15:00:00Z",
		"2017-08-01T00:00:00+02:00": "2017-07-31T22:00:00Z",
	} {
		got, err := parsePromise(text, saoPaulo(t))
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("parsePromise(%q) = %v, %v, want %s", text, got.UTC(), err, want)
		}
	}
	if got, err := parsePromise("soon", saoPaulo(t)); err == nil {
		t.Errorf("parsePromise(soon) = %v", got)
	}
}
