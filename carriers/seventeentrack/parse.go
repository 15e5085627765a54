package seventeentrack

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one carrier's list may add.
const maxEvents = 500

// scan reads an event. Its own sub status counts before its stage.
func (e event) scan() carriers.Event {
	code := e.SubStatus
	if code == "" {
		code = e.Stage
	}
	known, ok := meanings[string(code)]
	if !ok {
		known = meaning{status: carriers.StatusInfo}
	}
	scan := carriers.Event{
		Status: known.status, Reason: known.reason,
		Code:        carriers.Text(string(code), carriers.MaxCode),
		Description: carriers.Text(string(e.Description), carriers.MaxDescription),
		Location:    carriers.Text(e.place(), carriers.MaxLocation),
	}
	e.setTime(&scan)
	return scan
}

func (e event) place() string {
	if e.Location != "" {
		return string(e.Location)
	}
	a := e.Address.V
	parts := slices.DeleteFunc([]string{string(a.City), string(a.State), string(a.Country)}, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

// tracking is what 17TRACK knows of a parcel; nil when it knows nothing yet.
func (a accepted) tracking(raw []byte) *carriers.Tracking {
	known := a.Info.V
	if known == nil {
		return nil
	}
	t := &carriers.Tracking{
		Header: known.header(), Events: known.events(), ETA: known.Metrics.V.Estimated.V.eta(), Raw: raw,
		URL: "https://t.17track.net/en#nums=" + url.QueryEscape(string(a.Number)),
	}
	if len(t.Events) == 0 && t.Header.Status == "" {
		return nil
	}
	if serviceKey(string(a.Carrier)) > 0 {
		t.Service = string(a.Carrier)
	}
	return t
}

// header is 17TRACK's own summary, as of its newest scan.
func (i info) header() carriers.Header {
	code := i.Latest.V.SubStatus
	known, ok := meanings[string(code)]
	if !ok {
		known, ok = meanings[string(i.Latest.V.Status)]
	}
	if !ok {
		return carriers.Header{}
	}
	var newest carriers.Event
	i.Event.V.setTime(&newest)
	return carriers.Header{Status: known.status, Reason: known.reason, At: newest.OccurredAt}
}

// events are the scans of all who carried the parcel, such as the post of its
// origin and that of its destination, oldest first. What two of them tell alike
// is one scan.
func (i info) events() []carriers.Event {
	var lists [][]carriers.Event
	for _, raw := range i.Tracking.V.Providers {
		var p provider
		if json.Unmarshal(raw, &p) != nil {
			continue
		}
		list := p.Events[:min(len(p.Events), maxEvents)]
		scans := make([]carriers.Event, len(list))
		for j, one := range list {
			var e event
			if json.Unmarshal(one, &e) != nil {
				e = event{Description: text(one)}
			}
			scans[len(list)-1-j] = e.scan()
		}
		lists = append(lists, scans)
	}
	return merge(lists)
}

// merge puts lists together by time. A scan without a time stays behind the one
// before it in its list.
func merge(lists [][]carriers.Event) []carriers.Event {
	type placed struct {
		at    time.Time
		event carriers.Event
	}
	var all []placed
	for i, list := range lists {
		var last time.Time
		for _, e := range list {
			if when, ok := moment(e); ok {
				last = when
			}
			twin := func(p placed) bool { return p.at.Equal(last) && same(p.event, e) }
			if i > 0 && slices.ContainsFunc(all, twin) {
				continue
			}
			all = append(all, placed{last, e})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.at.Compare(b.at) })
	events := make([]carriers.Event, len(all))
	for i, p := range all {
		events[i] = p.event
		events[i].Sequence = i
	}
	carriers.MidnightsAreDates(events)
	return events
}

// moment is when a scan was made, as far as its place among others needs it.
func moment(e carriers.Event) (time.Time, bool) {
	if e.OccurredAt != nil {
		return *e.OccurredAt, true
	}
	wall, err := time.Parse(localLayout, e.LocalTime)
	return wall, err == nil
}

func same(a, b carriers.Event) bool {
	return a.Code == b.Code && a.LocalTime == b.LocalTime && strings.EqualFold(a.Description, b.Description)
}
