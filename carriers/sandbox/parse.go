package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

const maxEvents = 500

// answer is what GET /carrier/v1/parcels returns: what is known of some numbers,
// and why nothing is of others.
type answer struct {
	Parcels []json.RawMessage `json:"parcels"`
	Errors  []refusal         `json:"errors"`
}

type refusal struct {
	Number     string  `json:"number"`
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	RetryAfter float64 `json:"retry_after"` // seconds
}

type parcel struct {
	Number   string            `json:"number"`
	Status   string            `json:"status"`
	Reason   string            `json:"reason"`
	StatusAt string            `json:"status_at"`
	ETA      string            `json:"eta"`
	Events   []json.RawMessage `json:"events"` // oldest first
}

type event struct {
	ID          string `json:"id"`
	Time        string `json:"time"`
	Status      string `json:"status"`
	Reason      string `json:"reason"`
	Code        string `json:"code"`
	Description string `json:"description"`
	Location    string `json:"location"`
}

// parse reads one answer for each number, in their order.
func parse(body []byte, numbers []string) ([]carriers.Answer, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	if a.Parcels == nil {
		return nil, carriers.Malformed("the answer holds no list of parcels", body)
	}
	known := make(map[string]carriers.Answer, len(numbers))
	for _, r := range a.Errors {
		known[fold(r.Number)] = carriers.Answer{Err: r.failure()}
	}
	for _, raw := range a.Parcels {
		var p parcel
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, carriers.Malformed("a parcel does not have the expected form", body)
		}
		known[fold(p.Number)] = carriers.Answer{Tracking: p.tracking(raw)}
	}
	answers := make([]carriers.Answer, len(numbers))
	for i, number := range numbers {
		found, ok := known[fold(number)]
		if !ok {
			found.Err = carriers.Malformed("the answer says nothing about this number", body)
		}
		answers[i] = found
	}
	return answers, nil
}

func fold(number string) string { return strings.ToUpper(strings.TrimSpace(number)) }

func (r refusal) failure() *carriers.Error {
	failure := &carriers.Error{HTTPStatus: http.StatusOK, Message: carriers.Text(r.Message, carriers.MaxDescription)}
	switch r.Code {
	case "not_found":
		failure.Kind = carriers.ErrNotFound
	case "throttled":
		failure.Kind = carriers.ErrRateLimited
		failure.After = time.Duration(min(max(r.RetryAfter, 0), 24*60*60) * float64(time.Second))
	case "invalid_number":
		failure.Kind = carriers.ErrBadRequest
	case "forbidden":
		failure.Kind = carriers.ErrForbidden
	default:
		failure.Kind = carriers.ErrUnavailable
	}
	return failure
}

func (p parcel) tracking(raw []byte) *carriers.Tracking {
	t := &carriers.Tracking{Raw: raw, Events: make([]carriers.Event, 0, len(p.Events))}
	if status := carriers.Status(p.Status); carriers.Milestone(status) {
		t.Header = carriers.Header{Status: status, Reason: carriers.Reason(p.Reason), At: instant(p.StatusAt)}
	}
	t.ETA = instant(p.ETA)
	for i, raw := range p.Events[:min(len(p.Events), maxEvents)] {
		e := read(raw)
		e.Sequence = i
		t.Events = append(t.Events, e)
	}
	return t
}

func read(raw json.RawMessage) carriers.Event {
	var wire event
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	e := carriers.Event{
		CarrierID:   carriers.Text(wire.ID, carriers.MaxCode),
		Status:      carriers.Status(wire.Status),
		Reason:      carriers.Reason(carriers.Text(wire.Reason, carriers.MaxCode)),
		Code:        carriers.Text(wire.Code, carriers.MaxCode),
		Description: carriers.Text(wire.Description, carriers.MaxDescription),
		Location:    carriers.Text(wire.Location, carriers.MaxLocation),
	}
	if !carriers.Milestone(e.Status) {
		e.Status = carriers.StatusInfo
	}
	e.SetTime(wire.Time, nil)
	return e
}

func instant(raw string) *time.Time {
	var clock carriers.Event
	clock.SetTime(raw, nil)
	return clock.OccurredAt
}
