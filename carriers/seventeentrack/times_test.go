package seventeentrack

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

func TestSetTime(t *testing.T) {
	t.Parallel()
	raw := func(date, clock, zone string) carriers.Lenient[rawTime] {
		return carriers.Lenient[rawTime]{V: rawTime{text(date), text(clock), text(zone)}}
	}
	in := func(country string) carriers.Lenient[address] {
		return carriers.Lenient[address]{V: address{Country: text(country)}}
	}
	tests := []struct {
		name  string
		event event
		want  string // raw | local | offset | instant | precision
	}{
		{"all of it", event{ISO: "2026-05-02T12:23:00+08:00", UTC: "2026-05-02T04:23:00Z", Raw: raw("2026-05-02", "12:23:00", "")},
			"2026-05-02 12:23:00|2026-05-02T12:23:00|480|2026-05-02T04:23:00Z|second"},
		{"UTC counts before the offset", event{ISO: "2026-05-02T12:23:00+08:00", UTC: "2026-05-02T05:23:00Z"},
			"2026-05-02T12:23:00+08:00|2026-05-02T12:23:00|420|2026-05-02T05:23:00Z|second"},
		{"without UTC", event{ISO: "2026-05-02T12:23:00+08:00", Raw: raw("2026-05-02", "12:23", "")},
			"2026-05-02 12:23|2026-05-02T12:23:00|480|2026-05-02T04:23:00Z|minute"},
		{"the carrier's own offset", event{Raw: raw("2026-05-02", "12:23:00", "-05:00")},
			"2026-05-02 12:23:00-05:00|2026-05-02T12:23:00|-300|2026-05-02T17:23:00Z|second"},
		{"the country of the scan", event{Raw: raw("2026-05-02", "12:23:00", "CST"), Address: in("cn")},
			"2026-05-02 12:23:00|2026-05-02T12:23:00|480|2026-05-02T04:23:00Z|second"},
		{"a country of many zones", event{Raw: raw("2026-05-02", "12:23:00", ""), Address: in("US")},
			"2026-05-02 12:23:00|2026-05-02T12:23:00|-|-|second"},
		{"a state of one zone", event{Raw: raw("2026-05-02", "12:23:00", ""), Address: carriers.Lenient[address]{V: address{Country: "US", State: "CA"}}},
			"2026-05-02 12:23:00|2026-05-02T12:23:00|-420|2026-05-02T19:23:00Z|second"},
		{"a day", event{ISO: "2026-05-02T00:00:00+08:00", UTC: "2026-05-01T16:00:00Z", Raw: raw("2026-05-02", "", "+08:00")},
			"2026-05-02|2026-05-02T00:00:00|-|-|date"},
		{"the carrier's clock disagrees", event{ISO: "2026-05-02T12:23:00+08:00", UTC: "2026-05-02T04:23:00Z", Raw: raw("2026-05-02", "12:20:00", "")},
			"2026-05-02 12:20:00|2026-05-02T12:23:00|480|2026-05-02T04:23:00Z|second"},
		{"the carrier's text is unknown", event{ISO: "2026-05-02T12:23:00+08:00", Raw: raw("2 May", "noon", "")},
			"2 May noon|2026-05-02T12:23:00|480|2026-05-02T04:23:00Z|second"},
		{"UTC alone", event{UTC: "2026-05-02T04:23:00"}, "2026-05-02T04:23:00|2026-05-02T04:23:00|0|2026-05-02T04:23:00Z|second"},
		{"clocks a day apart", event{ISO: "2026-05-01T01:00:00", UTC: "2026-05-02T04:23:00Z"},
			"2026-05-01T01:00:00|2026-05-02T04:23:00|0|2026-05-02T04:23:00Z|second"},
		{"nothing readable", event{ISO: "noon", UTC: "later"}, "noon||-|-|"},
		{"nothing", event{}, "||-|-|"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var e carriers.Event
			tt.event.setTime(&e)
			offset, instant := "-", "-"
			if e.Offset != nil {
				offset, instant = fmt.Sprint(*e.Offset), e.OccurredAt.Format(time.RFC3339)
			}
			if got := fmt.Sprintf("%s|%s|%s|%s|%s", e.RawTime, e.LocalTime, offset, instant, e.Precision); got != tt.want {
				t.Errorf("setTime() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestETA(t *testing.T) {
	t.Parallel()
	for w, want := range map[window]string{
		{From: "2026-05-01T10:00:00+02:00", To: "2026-05-02T10:00:00+02:00"}: "2026-05-02T08:00:00Z",
		{From: "2026-05-01T10:00:00+02:00"}:                                  "2026-05-01T08:00:00Z",
		{To: "2026-05-02"}:                                                   "2026-05-02T23:59:59Z",
		{From: "soon", To: "perhaps"}:                                        "",
		{}:                                                                   "",
	} {
		got := ""
		if at := w.eta(); at != nil {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%v: %s, want %s", w, got, want)
		}
	}
}
