package gls

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads one answer for each number, in their order.
func parse(body []byte, numbers []string) ([]carriers.Answer, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	var list []json.RawMessage
	if err := json.Unmarshal(a.Parcels, &list); err != nil || list == nil {
		return nil, carriers.Malformed("the answer holds no list of parcels", body)
	}
	known := make(map[string]told, len(numbers))
	for _, raw := range list {
		var p parcel
		if json.Unmarshal(raw, &p) != nil {
			continue
		}
		one := told{p.answer(raw), p.at()}
		for _, id := range []text{p.Requested, p.UnitNo} {
			if key := canonical(string(id)); key != "" && known[key].before(one) {
				known[key] = one
			}
		}
	}
	answers := make([]carriers.Answer, len(numbers))
	for i, number := range numbers {
		found, ok := known[canonical(number)]
		if !ok {
			found.Err = carriers.Malformed("the answer says nothing about this number", body)
		}
		answers[i] = found.Answer
	}
	return answers, nil
}

func canonical(number string) string {
	return strings.ToUpper(strings.Join(strings.Fields(number), ""))
}

// told is what was said of a number, and of what time that is.
type told struct {
	carriers.Answer

	at *time.Time
}

// before reports whether other is to be preferred: of the parcels that a number
// stands for, the one that moved last.
func (t told) before(other told) bool {
	switch {
	case t.Tracking == nil:
		return t.Err == nil || other.Tracking != nil
	case other.Tracking == nil || other.at == nil:
		return false
	default:
		return t.at == nil || t.at.Before(*other.at)
	}
}

func (p parcel) answer(raw []byte) carriers.Answer {
	if p.ErrorCode != "" {
		failure := carriers.Malformed("GLS: "+string(p.ErrorCode)+" "+string(p.ErrorText), raw)
		failure.Kind, failure.HTTPStatus = carriers.ErrUnavailable, http.StatusOK
		if kind, known := refusals[string(p.ErrorCode)]; known {
			failure.Kind = kind
		}
		return carriers.Answer{Err: failure}
	}
	if p.Status == "" && p.Events == nil {
		return carriers.Answer{Err: carriers.Malformed("the answer says nothing about this number", raw)}
	}
	return carriers.Answer{Tracking: p.tracking(raw)}
}

func (p parcel) at() *time.Time {
	var clock carriers.Event
	clock.SetTime(string(p.StatusAt), nil)
	return clock.OccurredAt
}

func (p parcel) tracking(raw []byte) *carriers.Tracking {
	list := p.Events[:min(len(p.Events), maxEvents)]
	events := make([]carriers.Event, len(list))
	for i, raw := range list {
		events[i] = read(raw)
		events[i].Sequence = len(list) - 1 - i
	}
	carriers.MidnightsAreDates(events)
	number := p.UnitNo
	if number == "" {
		number = p.Requested
	}
	tracking := &carriers.Tracking{
		Events: events,
		URL:    "https://gls-group.com/GROUP/en/parcel-tracking/?match=" + url.QueryEscape(string(number)),
		Raw:    raw,
	}
	if status, known := statuses[strings.ToUpper(string(p.Status))]; known {
		tracking.Header = carriers.Header{Status: status, At: p.at()}
	}
	return tracking
}

func read(raw json.RawMessage) carriers.Event {
	var wire scan
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	e := carriers.Event{
		Status:      meaningOf(string(wire.Code)),
		Code:        carriers.Text(string(wire.Code), carriers.MaxCode),
		Description: carriers.Text(string(wire.Description), carriers.MaxDescription),
		Location:    carriers.Text(wire.place(), carriers.MaxLocation),
	}
	e.SetTime(string(wire.Time), carriers.ZoneAt(string(wire.Country), "", string(wire.PostalCode)))
	return e
}

func (s scan) place() string {
	var parts []string
	for _, part := range []text{s.City, s.Country} {
		if part != "" {
			parts = append(parts, string(part))
		}
	}
	return strings.Join(parts, ", ")
}

// refined adds to what HTTP says the fault of the body. Unknown numbers are told
// inside an answer, so a 404 means that the address is wrong.
func refined(failure *carriers.Error) *carriers.Error {
	var p problem
	if err := json.Unmarshal(failure.Raw, &p); err != nil {
		p = problem{}
	}
	switch code := strings.ToLower(string(p.Fault.V.Detail.V.Code)); {
	case strings.HasPrefix(code, "policies.ratelimit."):
		failure.Kind = carriers.ErrRateLimited
	case strings.Contains(code, ".jwt."): // a token that has ended
		failure.Kind, failure.Message = carriers.ErrAuth, "the token was refused"
	case failure.Kind == carriers.ErrNotFound:
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to the API of GLS"
	}
	return failure
}
