package laposte

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads one answer for each number, in their order. Status is what HTTP
// said.
func parse(body []byte, numbers []string, status int) ([]carriers.Answer, *carriers.Error) {
	var list carriers.LenientList
	if failure := carriers.Decode(body, &list); failure != nil {
		return nil, failure
	}
	known := make(map[string]carriers.Answer, len(numbers))
	var all []carriers.Answer
	for _, raw := range list {
		var e element
		if json.Unmarshal(raw, &e) != nil || !e.said() {
			continue
		}
		answer := e.answer(raw, status)
		all = append(all, answer)
		known[canonical(e.number())] = answer
	}
	switch {
	case len(all) == 0:
		return nil, carriers.Malformed("the answer is none of La Poste's", body)
	case len(all) == 1 && len(numbers) == 1: // whatever number La Poste uses itself
		return all, nil
	case len(all) == 1 && all[0].Err != nil && !strings.HasPrefix(strings.TrimSpace(string(body)), "["):
		return nil, all[0].Err // about the whole question
	}
	answers := make([]carriers.Answer, len(numbers))
	for i, number := range numbers {
		found, ok := known[canonical(number)]
		if !ok {
			found.Err = carriers.Malformed("the answer says nothing about this number", body)
		}
		answers[i] = found
	}
	return answers, nil
}

func canonical(number string) string {
	return strings.ToUpper(strings.Join(strings.Fields(number), ""))
}

func (e element) said() bool { return e.ReturnCode != "" || e.Code != "" || e.Shipment != nil }

func (e element) number() string {
	if e.Shipment != nil && e.Shipment.V.ID != "" {
		return string(e.Shipment.V.ID)
	}
	return string(e.ID)
}

func (e element) answer(raw []byte, status int) carriers.Answer {
	if e.Shipment != nil && (e.Shipment.V.ID != "" || e.Shipment.V.Events != nil) {
		return carriers.Answer{Tracking: e.Shipment.V.tracking(e.number(), raw)}
	}
	code, message := e.ReturnCode, e.ReturnMessage
	if code == "" {
		code, message = e.Code, e.Message
	}
	if code == "" || strings.HasPrefix(string(code), "20") {
		return carriers.Answer{Err: carriers.Malformed("the answer says nothing about this number", raw)}
	}
	failure := carriers.Malformed("La Poste: "+string(code)+" "+string(message), raw)
	failure.Kind, failure.HTTPStatus = carriers.ErrUnavailable, status
	if kind, known := refusals[strings.ToUpper(string(code))]; known {
		failure.Kind = kind
	}
	return carriers.Answer{Err: failure}
}

func (s shipment) tracking(number string, raw []byte) *carriers.Tracking {
	list := s.Events[:min(len(s.Events), maxEvents)]
	events := make([]carriers.Event, len(list))
	for i, raw := range list {
		events[i] = read(raw)
		events[i].Sequence = len(list) - 1 - i
	}
	carriers.MidnightsAreDates(events)
	tracking := &carriers.Tracking{Events: events, URL: page(string(s.URL), number), Raw: raw}
	if s.Final != "true" { // afterwards the estimate is the delivery itself
		tracking.ETA = instant(string(s.Estimate))
	}
	return tracking
}

func read(raw json.RawMessage) carriers.Event {
	var wire scan
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	m := meaningOf(string(wire.Code))
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Code:        carriers.Text(string(wire.Code), carriers.MaxCode),
		Description: carriers.Text(string(wire.Label), carriers.MaxDescription),
	}
	e.SetTime(string(wire.Date), nil)
	return e
}

// instant reads an expected delivery. Midnight stands for "in the course of that
// day", at the offset that is written behind it.
func instant(raw string) *time.Time {
	var clock carriers.Event
	clock.SetTime(raw, nil)
	if clock.OccurredAt != nil && strings.HasSuffix(clock.LocalTime, "T00:00:00") {
		end := clock.OccurredAt.Add(24*time.Hour - time.Second)
		return &end
	}
	return clock.OccurredAt
}

// page is the public page of a parcel: La Poste's own link where it is one of
// La Poste's, since an answer could name any address.
func page(link, number string) string {
	if u, err := url.Parse(link); err == nil && u.Scheme == "https" && u.Host == "www.laposte.fr" && u.User == nil {
		return u.String()
	}
	return "https://www.laposte.fr/outils/suivre-vos-envois?code=" + url.QueryEscape(number)
}
