package carriers

import (
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func utc(text string) *time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	t = t.UTC()
	return &t
}

func TestSetTime(t *testing.T) {
	t.Parallel()
	berlin := ZoneOf("DE")
	tests := []struct {
		name, raw string
		zone      *time.Location
		want      Event
	}{
		{"an offset counts before the zone", "2026-01-05T15:27:20-03:00", berlin,
			Event{LocalTime: "2026-01-05T15:27:20", Offset: new(-180), OccurredAt: utc("2026-01-05T18:27:20Z"), Precision: PrecisionSecond}},
		{"nanoseconds with an offset", "2026-01-05T15:27:20.331986369+01:00", nil,
			Event{LocalTime: "2026-01-05T15:27:20", Offset: new(60), OccurredAt: utc("2026-01-05T14:27:20.331986Z"), Precision: PrecisionSecond}},
		{"UTC", "2026-01-05T15:27:20Z", berlin,
			Event{LocalTime: "2026-01-05T15:27:20", Offset: new(0), OccurredAt: utc("2026-01-05T15:27:20Z"), Precision: PrecisionSecond}},
		{"an offset without a colon", "2026-01-05T15:27:20+0530", nil,
			Event{LocalTime: "2026-01-05T15:27:20", Offset: new(330), OccurredAt: utc("2026-01-05T09:57:20Z"), Precision: PrecisionSecond}},
		{"a blank between date, time and offset", "2026-01-05 15:27 +01:00", nil,
			Event{LocalTime: "2026-01-05T15:27:00", Offset: new(60), OccurredAt: utc("2026-01-05T14:27:00Z"), Precision: PrecisionMinute}},
		{"a rule's zone in winter", "2026-01-05T15:27:20", berlin,
			Event{LocalTime: "2026-01-05T15:27:20", Offset: new(60), OccurredAt: utc("2026-01-05T14:27:20Z"), Precision: PrecisionSecond}},
		{"a rule's zone in summer", "2026-07-05T15:27", berlin,
			Event{LocalTime: "2026-07-05T15:27:00", Offset: new(120), OccurredAt: utc("2026-07-05T13:27:00Z"), Precision: PrecisionMinute}},
		{"no zone known", "2026-01-05T15:27:20", nil,
			Event{LocalTime: "2026-01-05T15:27:20", Precision: PrecisionSecond}},
		{"the hour that comes twice", "2026-10-25T02:30:00", berlin,
			Event{LocalTime: "2026-10-25T02:30:00", Precision: PrecisionSecond}},
		{"the hour that is skipped", "2026-03-29T02:30:00", berlin,
			Event{LocalTime: "2026-03-29T02:30:00", Precision: PrecisionSecond}},
		{"a day", "2026-01-05", berlin, Event{LocalTime: "2026-01-05T00:00:00", Precision: PrecisionDate}},
		{"a compact time", "20260105152720", nil, Event{LocalTime: "2026-01-05T15:27:20", Precision: PrecisionSecond}},
		{"a German time", "05.01.2026 15:27", nil, Event{LocalTime: "2026-01-05T15:27:00", Precision: PrecisionMinute}},
		{"an offset that no place keeps", "2026-01-05T15:27:20+23:00", nil,
			Event{LocalTime: "2026-01-05T15:27:20", Precision: PrecisionSecond}},
		{"a machine's zero", "0001-01-01T00:00:00Z", nil, Event{}},
		{"words", "next Tuesday", berlin, Event{}},
		{"a day that does not exist", "2026-02-30T10:00:00", berlin, Event{}},
		{"nothing", "", berlin, Event{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got Event
			got.SetTime(tt.raw, tt.zone)
			tt.want.RawTime = tt.raw
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("SetTime(%q) (-want +got):\n%s", tt.raw, diff)
			}
		})
	}
	t.Run("a carrier's own form", func(t *testing.T) {
		t.Parallel()
		var got Event
		got.SetTime("8/17/2021 7:11:26 PM", berlin, "1/2/2006 3:04:05 PM")
		want := Event{
			RawTime: "8/17/2021 7:11:26 PM", LocalTime: "2021-08-17T19:11:26", Offset: new(120),
			OccurredAt: utc("2021-08-17T17:11:26Z"), Precision: PrecisionSecond,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("SetTime() (-want +got):\n%s", diff)
		}
	})
}

func TestSetInstant(t *testing.T) {
	t.Parallel()
	berlin := ZoneOf("DE")
	tests := []struct {
		name, local, utc string
		zone             *time.Location
		want             Event
	}{
		{"an offset west of Greenwich", "2026-01-05T13:58:05", "2026-01-05T18:58:05Z", nil,
			Event{LocalTime: "2026-01-05T13:58:05", Offset: new(-300), OccurredAt: utc("2026-01-05T18:58:05Z"), Precision: PrecisionSecond}},
		{"UTC without saying so", "20260105 235500", "20260105 182500", nil,
			Event{LocalTime: "2026-01-05T23:55:00", Offset: new(330), OccurredAt: utc("2026-01-05T18:25:00Z"), Precision: PrecisionSecond}},
		{"a local text without the seconds", "2026-01-05T13:58:00", "2026-01-05T18:58:40.5Z", nil,
			Event{LocalTime: "2026-01-05T13:58:00", Offset: new(-300), OccurredAt: utc("2026-01-05T18:58:40.5Z"), Precision: PrecisionSecond}},
		{"quarters of an hour", "2026-01-05T12:45", "2026-01-05T07:00:00Z", nil,
			Event{LocalTime: "2026-01-05T12:45:00", Offset: new(345), OccurredAt: utc("2026-01-05T07:00:00Z"), Precision: PrecisionMinute}},
		{"UTC counts before the zone", "2026-01-05T13:58:05", "2026-01-05T18:58:05Z", berlin,
			Event{LocalTime: "2026-01-05T13:58:05", Offset: new(-300), OccurredAt: utc("2026-01-05T18:58:05Z"), Precision: PrecisionSecond}},
		{"UTC counts before an offset in the text", "2026-01-05T13:58:05+01:00", "2026-01-05T18:58:05Z", nil,
			Event{LocalTime: "2026-01-05T13:58:05", Offset: new(-300), OccurredAt: utc("2026-01-05T18:58:05Z"), Precision: PrecisionSecond}},
		{"the hour that comes twice", "2026-10-25T02:30:00", "2026-10-25T01:30:00Z", berlin,
			Event{LocalTime: "2026-10-25T02:30:00", Offset: new(60), OccurredAt: utc("2026-10-25T01:30:00Z"), Precision: PrecisionSecond}},
		{"an offset that no place keeps", "2026-01-05T13:58:05", "2026-01-06T18:58:05Z", nil,
			Event{LocalTime: "2026-01-05T13:58:05", Precision: PrecisionSecond}},
		{"times that are not the same moment", "2026-01-05T13:58:05", "2026-01-05T18:51:00Z", berlin,
			Event{LocalTime: "2026-01-05T13:58:05", Offset: new(60), OccurredAt: utc("2026-01-05T12:58:05Z"), Precision: PrecisionSecond}},
		{"a day beside an instant", "2026-01-05", "2026-01-05T05:00:00Z", nil,
			Event{LocalTime: "2026-01-05T00:00:00", Precision: PrecisionDate}},
		{"a day in UTC", "2026-01-05T01:00:00", "2026-01-05", nil,
			Event{LocalTime: "2026-01-05T01:00:00", Precision: PrecisionSecond}},
		{"no UTC", "2026-01-05T13:58:05", "", nil, Event{LocalTime: "2026-01-05T13:58:05", Precision: PrecisionSecond}},
		{"no local time", "soon", "2026-01-05T18:58:05Z", nil, Event{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got Event
			got.SetTime(tt.local, tt.zone)
			got.SetInstant(tt.utc)
			tt.want.RawTime = tt.local
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("SetInstant(%q) after SetTime(%q) (-want +got):\n%s", tt.utc, tt.local, diff)
			}
		})
	}
	t.Run("a midnight with an instant is no day", func(t *testing.T) {
		t.Parallel()
		events := make([]Event, 2)
		events[0].SetTime("2026-01-05T00:00:00", nil)
		events[1].SetTime("2026-01-04T10:30:00", nil)
		MidnightsAreDates(events)
		events[0].SetInstant("2026-01-05T05:00:00Z")
		if got := events[0]; got.Precision != PrecisionSecond || got.OccurredAt == nil {
			t.Errorf("got %s at %v, want the instant", got.Precision, got.OccurredAt)
		}
	})
	t.Run("a carrier's own form", func(t *testing.T) {
		t.Parallel()
		var got Event
		const form = "1/2/2006 3:04:05 PM"
		got.SetTime("8/17/2026 7:11:26 PM", nil, form)
		got.SetInstant("2026-08-17T17:11:26Z", form)
		if got.Offset == nil || *got.Offset != 120 {
			t.Errorf("got %+v, want an offset of two hours", got)
		}
	})
}

func TestMidnightsAreDates(t *testing.T) {
	t.Parallel()
	read := func(raws ...string) []Event {
		events := make([]Event, len(raws))
		for i, raw := range raws {
			events[i].SetTime(raw, ZoneOf("DE"))
		}
		MidnightsAreDates(events)
		return events
	}
	tests := []struct {
		name string
		raws []string
		want Precision // of the first
	}{
		{"beside a timed event", []string{"2026-01-05T00:00:00", "2026-01-04T10:30:00"}, PrecisionDate},
		{"with an offset", []string{"2026-01-05T00:00:00Z", "2026-01-04T10:30:00"}, PrecisionSecond},
		{"alone", []string{"2026-01-05T00:00:00", "2026-01-04T00:00:00"}, PrecisionSecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := read(tt.raws...)[0]
			if got.Precision != tt.want || (got.OccurredAt == nil) != (tt.want == PrecisionDate) {
				t.Errorf("got %s at %v, want %s", got.Precision, got.OccurredAt, tt.want)
			}
		})
	}
}

func TestSuspect(t *testing.T) {
	t.Parallel()
	received := day0
	tests := []struct {
		name, raw string
		want      bool
	}{
		{"now", "2026-03-02T08:00:00Z", false},
		{"a day ahead", "2026-03-03T08:00:00Z", false},
		{"more than a day ahead", "2026-03-03T08:00:01Z", true},
		{"a wall clock that may be a day ahead", "2026-03-03T20:00:00", false},
		{"a wall clock that must be more", "2026-03-04T08:00:00", true},
		{"the last century", "1999-12-31T10:00:00Z", true},
		{"no time", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var e Event
			e.SetTime(tt.raw, nil)
			if got := Suspect(e, received); got != tt.want {
				t.Errorf("Suspect(%q) = %v, want %v", tt.raw, got, tt.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"white space and control characters", " a\x00\tb\r\n\u00a0c ", "a b c"},
		{"direction marks", "abc\u202edef", "abc def"},
		{"broken UTF-8", "a\xffb", "a b"},
		{"letters of all scripts", "München 深圳 ज्\u200dञ", "München 深圳 ज्\u200dञ"},
		{"cut between characters", "12345678é", "12345678"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := 9
			if tt.name != "cut between characters" {
				limit = 100
			}
			if got := Text(tt.in, limit); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	for country, name := range zones {
		if ZoneOf(country) == nil {
			t.Errorf("zone %s of %s does not exist", name, country)
		}
	}
	for _, wide := range []string{"US", "BR", "RU", "AU", "", "XX"} {
		if zone := ZoneOf(wide); zone != nil {
			t.Errorf("ZoneOf(%q) = %s, want none", wide, zone)
		}
	}
}

func FuzzSetTime(f *testing.F) {
	for _, seed := range []string{
		"2026-01-05T15:27:20.331986369+01:00", "2026-01-05 15:27", "20260105", "05.01.2026 15:27:01", "2026-10-25T02:30:00", "", "Z",
	} {
		f.Add(seed)
	}
	zone := ZoneOf("DE")
	f.Fuzz(func(t *testing.T, raw string) {
		var e Event
		e.SetTime(raw, zone)
		if len(e.RawTime) > maxTime || !utf8.ValidString(e.RawTime) {
			t.Fatalf("RawTime %q is not safe to keep", e.RawTime)
		}
		if (e.OccurredAt == nil) != (e.Offset == nil) {
			t.Fatal("an instant and an offset come together or not at all")
		}
		if e.OccurredAt == nil {
			return
		}
		clock := e.OccurredAt.Add(time.Duration(*e.Offset) * time.Minute).Format(localLayout)
		if clock != e.LocalTime {
			t.Fatalf("%q: wall clock %s, but instant and offset say %s", raw, e.LocalTime, clock)
		}
	})
}
