package shippo

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads an answer about one parcel.
func parse(body []byte) (*carriers.Tracking, *carriers.Error) {
	t, failure := decode(body)
	if failure != nil {
		return nil, failure
	}
	return t.tracking(body), nil
}

func decode(body []byte) (track, *carriers.Error) {
	var t track
	if failure := carriers.Decode(body, &t); failure != nil {
		return t, failure
	}
	if t.Carrier == "" || t.Number == "" {
		return t, carriers.Malformed("the answer is about no parcel", body)
	}
	return t, nil
}

// tracking has Shippo's name of the carrier as its service: it says that Shippo
// follows the parcel, and at whom.
func (t track) tracking(raw []byte) *carriers.Tracking {
	scans := t.History[:min(len(t.History), maxEvents)]
	events := make([]carriers.Event, len(scans))
	for i, raw := range scans {
		events[i] = read(raw)
	}
	inOrder(events)
	carriers.MidnightsAreDates(events)
	for i := range events {
		events[i].Sequence = i
	}
	return &carriers.Tracking{
		Service: string(t.Carrier),
		Header:  t.header(),
		Events:  events,
		ETA:     t.eta(),
		Raw:     raw,
	}
}

// inOrder puts scans in the order of their instants. Where one is not known the
// order of the answer is the better one.
func inOrder(events []carriers.Event) {
	if slices.ContainsFunc(events, func(e carriers.Event) bool { return e.OccurredAt == nil }) {
		return
	}
	slices.SortStableFunc(events, func(a, b carriers.Event) int { return a.OccurredAt.Compare(*b.OccurredAt) })
}

func read(raw json.RawMessage) carriers.Event {
	var s scan
	if err := json.Unmarshal(raw, &s); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	words, code := s.Details, string(s.Status)
	if words == "" {
		words = s.Substatus.V.Text
	}
	if sub := string(s.Substatus.V.Code); sub != "" {
		code += "/" + sub
	}
	e := carriers.Event{
		Code:        carriers.Text(code, carriers.MaxCode),
		Description: carriers.Text(string(words), carriers.MaxDescription),
		Location:    carriers.Text(s.Location.V.words(), carriers.MaxLocation),
	}
	e.Status, e.Reason = s.meaning()
	s.setTime(&e)
	return e
}

// setTime reads a scan's time, which Shippo writes in UTC; shown is the clock of
// the place. Midnight UTC stands for a day of which no more is known.
func (s scan) setTime(e *carriers.Event) {
	raw, zone := string(s.Date), carriers.ZoneOf(string(s.Location.V.Country))
	if day, ok := strings.CutSuffix(raw, "T00:00:00Z"); ok {
		e.SetTime(day, nil)
		e.RawTime = carriers.Text(raw, carriers.MaxCode)
		return
	}
	e.SetTime(raw, zone)
	if e.OccurredAt == nil || zone == nil || *e.Offset != 0 {
		return
	}
	there := e.OccurredAt.In(zone)
	_, seconds := there.Zone()
	minutes := seconds / 60
	e.LocalTime, e.Offset = there.Format("2006-01-02T15:04:05"), &minutes
}

func (t track) header() carriers.Header {
	status, reason := t.Status.V.meaning()
	if status == carriers.StatusInfo {
		return carriers.Header{}
	}
	var clock carriers.Event
	t.Status.V.setTime(&clock)
	return carriers.Header{Status: status, Reason: reason, At: clock.OccurredAt}
}

// eta reads the expected delivery, of which only the day means something: Shippo
// writes midnight UTC whatever the carrier said.
func (t track) eta() *time.Time {
	day, clock, _ := strings.Cut(string(t.ETA), "T")
	if day == "" {
		return nil
	}
	zone := carriers.ZoneOf(string(t.AddressTo.V.Country))
	var arrival carriers.Event
	switch {
	case clock != "" && !strings.HasPrefix(clock, "00:00"):
		arrival.SetTime(string(t.ETA), zone)
	case zone == nil:
		arrival.SetTime(day+"T12:00:00Z", nil) // noon UTC is that day nearly everywhere
	default:
		arrival.SetTime(day+"T23:59:59", zone)
	}
	return arrival.OccurredAt
}

func (p places) words() string {
	var there []string
	for _, part := range []string{string(p.City), strings.TrimSpace(string(p.State) + " " + string(p.Zip)), string(p.Country)} {
		if part != "" {
			there = append(there, part)
		}
	}
	return strings.Join(there, ", ")
}
