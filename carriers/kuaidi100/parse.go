package kuaidi100

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// open reads an answer that is a success.
func open(body []byte) (answer, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return a, failure
	}
	if (a.ReturnCode != "" && a.ReturnCode != done) || (a.Status != "" && a.Status != done) {
		return a, a.refused(body)
	}
	if a.Data == nil {
		return a, carriers.Malformed("the answer holds no list of scans", body)
	}
	return a, nil
}

// refused is the error of a code. What is not in the table is kept for somebody
// to look at.
func (a answer) refused(body []byte) *carriers.Error {
	code := string(a.ReturnCode)
	if code == "" {
		code = string(a.Status)
	}
	failure := carriers.Malformed("Kuaidi100 failed with a code that is not known: "+code, body)
	if known, ok := refusals[code]; ok {
		failure.Kind, failure.Message = known.kind, known.message
	}
	if a.Message != "" {
		failure.Message += ": " + carriers.Text(string(a.Message), carriers.MaxLocation)
	}
	return failure
}

// parse reads the answer about one parcel.
func parse(body []byte, number string, known service) (*carriers.Tracking, *carriers.Error) {
	a, failure := open(body)
	switch {
	case failure != nil:
		return nil, failure
	case a.Number != "" && fold(string(a.Number)) != fold(number):
		return nil, carriers.Malformed("the answer is about another number", body)
	case len(a.Data) == 0:
		failure := carriers.Malformed("Kuaidi100 has no scans of this number yet", body)
		failure.Kind = carriers.ErrNotFound
		return nil, failure
	}
	if a.Company != "" {
		known.company = carriers.Text(string(a.Company), carriers.MaxCode)
	}
	return tracking(number, known, body, a), nil
}

// tracking is what legs of a journey tell of a parcel. The first leg's summary
// counts unless a later one has scans of its own.
func tracking(number string, known service, raw []byte, legs ...answer) *carriers.Tracking {
	t := &carriers.Tracking{
		Service: known.String(), Raw: raw,
		URL: "https://www.kuaidi100.com/chaxun?" + url.Values{"com": {known.company}, "nu": {number}}.Encode(),
	}
	for i, leg := range legs {
		if i > 0 && len(leg.Data) == 0 {
			continue
		}
		t.Events = append(t.Events, leg.events()...)
		if state, ok := states[string(leg.State)]; ok {
			t.Header = carriers.Header{Status: state.status, Reason: state.reason}
		}
		if eta := eta(string(leg.Arrival)); eta != nil {
			t.ETA = eta
		}
	}
	carriers.MidnightsAreDates(t.Events)
	inOrder(t.Events)
	return t
}

// events reads the scans of a leg, the oldest first.
func (a answer) events() []carriers.Event {
	list := a.Data[:min(len(a.Data), maxEvents)]
	events := make([]carriers.Event, len(list))
	for i, raw := range list {
		events[len(list)-1-i] = event(raw)
	}
	if first, last := edges(events); first > last {
		slices.Reverse(events) // it came the oldest first
	}
	return events
}

// event reads a scan. Kuaidi100's times are Beijing's.
func event(raw json.RawMessage) carriers.Event {
	var wire scan
	if json.Unmarshal(raw, &wire) != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	known, ok := states[string(wire.Code)]
	if !ok {
		known = meaning{status: carriers.StatusInfo}
	}
	e := carriers.Event{
		Status: known.status, Reason: known.reason,
		Code:        carriers.Text(string(wire.Code), carriers.MaxCode),
		Description: carriers.Text(string(wire.Context), carriers.MaxDescription),
		Location:    carriers.Text(firstOf(string(wire.Area), string(wire.Location)), carriers.MaxLocation),
	}
	e.SetTime(firstOf(string(wire.Time), string(wire.Formed)), carriers.ZoneOf("CN"))
	return e
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// eta reads when a parcel is expected: a day, or a day with its hour.
func eta(raw string) *time.Time {
	var clock carriers.Event
	clock.SetTime(raw, carriers.ZoneOf("CN"), "2006-01-02 15")
	if clock.Precision == carriers.PrecisionDate {
		day, _, _ := strings.Cut(clock.LocalTime, "T")
		clock.SetTime(day+"T23:59:59", carriers.ZoneOf("CN"))
	}
	return clock.OccurredAt
}

// edges are the first and the last wall clocks of events.
func edges(events []carriers.Event) (first, last string) {
	for _, e := range events {
		if e.LocalTime != "" {
			first, last = firstOf(first, e.LocalTime), e.LocalTime
		}
	}
	return first, last
}

// inOrder sorts the scans of all legs by their wall clocks, which are of one
// zone, and numbers them. One without a time stays behind the one before it.
func inOrder(events []carriers.Event) {
	type placed struct {
		clock string
		event carriers.Event
	}
	list, clock := make([]placed, len(events)), ""
	for i, e := range events {
		clock = firstOf(e.LocalTime, clock)
		list[i] = placed{clock, e}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return strings.Compare(a.clock, b.clock) })
	for i := range list {
		events[i] = list[i].event
		events[i].Sequence = i
	}
}
