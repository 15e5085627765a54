package usps

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads an answer about one parcel.
func parse(body []byte, number string) (*carriers.Tracking, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	if len(a.Events) == 0 && a.StatusCategory == "" {
		return nil, refused(a.Error.V, body)
	}
	if a.Number != "" && !sameNumber(string(a.Number), number) {
		return nil, carriers.Malformed("the answer is about another number", body)
	}
	return &carriers.Tracking{
		Header: carriers.Header{Status: byCategory[strings.ToLower(string(a.StatusCategory))]},
		Events: a.events(),
		ETA:    a.eta(),
		URL:    "https://tools.usps.com/go/TrackConfirmAction?tLabels=" + url.QueryEscape(number),
		Raw:    body,
	}, nil
}

// sameNumber compares numbers. USPS may leave out the routing part, 420 and a
// ZIP code, in front of a number.
func sameNumber(a, b string) bool {
	strip := func(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }
	a, b = strip(a), strip(b)
	return strings.HasSuffix(a, b) || strings.HasSuffix(b, a)
}

func (a answer) events() []carriers.Event {
	list := a.Events[:min(len(a.Events), maxEvents)]
	events, instants := make([]carriers.Event, len(list)), make([]string, len(list))
	for i, raw := range list {
		events[i], instants[i] = read(raw)
		events[i].Sequence = len(list) - 1 - i // USPS lists the newest first
	}
	carriers.MidnightsAreDates(events)
	for i := range events {
		events[i].SetInstant(instants[i])
	}
	return events
}

// read reads an event, and its time in UTC as a text.
func read(raw json.RawMessage) (carriers.Event, string) {
	var wire event
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}, ""
	}
	m := byEventCode[strings.ToUpper(string(wire.Code))]
	if m.status == "" {
		m.status = carriers.StatusInfo
	}
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Code:        carriers.Text(string(wire.Code), carriers.MaxCode),
		Description: carriers.Text(string(wire.Type), carriers.MaxDescription),
		Location:    carriers.Text(wire.place(), carriers.MaxLocation),
	}
	local := string(wire.Timestamp)
	if wire.GMTTimestamp == "" && timeOfDay.MatchString(local) {
		local += offset(string(wire.GMTOffset)) // UTC itself counts before it
	}
	e.SetTime(local, carriers.ZoneAt(string(wire.Country), string(wire.State), string(wire.ZIP)))
	return e, string(wire.GMTTimestamp)
}

func (e event) place() string {
	var out []string
	for _, p := range []text{e.City, e.State + " " + e.ZIP, e.Country} {
		if s := strings.TrimSpace(string(p)); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

var (
	timeOfDay  = regexp.MustCompile(`T[0-9:]+$`)
	clockForm  = regexp.MustCompile(`^[+-][0-9]{2}:[0-9]{2}$`)
	minuteForm = regexp.MustCompile(`^[+-]?[0-9]{1,3}$`)
)

// offset writes an offset behind a time. USPS's documentation has it in minutes,
// its answers in hours and minutes.
func offset(raw string) string {
	if clockForm.MatchString(raw) {
		return raw
	}
	minutes, err := strconv.Atoi(raw)
	if err != nil || !minuteForm.MatchString(raw) {
		return ""
	}
	return time.Unix(0, 0).In(time.FixedZone("", minutes*60)).Format("-07:00")
}

// eta is when USPS expects to deliver. Its times are the destination's, whose
// zone is not known: where no offset is written only the day is kept, as its
// noon in UTC, which is that day in every state.
func (a answer) eta() *time.Time {
	for _, raw := range []text{a.PredictedDate, a.Expected, a.Guaranteed} {
		var clock carriers.Event
		clock.SetTime(string(raw), nil)
		if clock.OccurredAt != nil && !strings.HasSuffix(string(raw), "Z") {
			return clock.OccurredAt
		}
		if day, _, ok := strings.Cut(clock.LocalTime, "T"); ok {
			clock.SetTime(day+"T12:00:00Z", nil)
			return clock.OccurredAt
		}
	}
	return nil
}
