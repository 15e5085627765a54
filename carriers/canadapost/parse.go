package canadapost

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// Bounds of what one answer may add.
const (
	maxEvents = 500
	maxTime   = 64
)

// parse reads an answer about one parcel. Canada Post gives no summary in it.
func parse(body []byte, number string) (*carriers.Tracking, *carriers.Error) {
	var a answer
	if failure := carriers.DecodeXML(body, &a); failure != nil {
		return nil, failure
	}
	if failure := a.refusal(http.StatusOK, body); failure != nil {
		return nil, failure
	}
	d := a.Detail
	if d == nil {
		d = &a.detail
	}
	if d.Events == nil && d.PIN == "" {
		return nil, carriers.Malformed("the answer holds no parcel", body)
	}
	return d.tracking(number, body), nil
}

func (d detail) tracking(number string, body []byte) *carriers.Tracking {
	var list []occurrence
	if d.Events != nil {
		list = slices.DeleteFunc(d.Events.List, func(o occurrence) bool { return o == occurrence{} })
	}
	list = list[:min(len(list), maxEvents)]
	events := make([]carriers.Event, len(list))
	for i, o := range list {
		events[i] = o.event()
		events[i].Sequence = len(list) - 1 - i // the newest comes first
	}
	carriers.MidnightsAreDates(events)
	return &carriers.Tracking{
		Events: events,
		ETA:    d.eta(),
		URL:    "https://www.canadapost-postescanada.ca/track-reperage/en#/details/" + url.PathEscape(number),
		Raw:    body,
	}
}

func (o occurrence) event() carriers.Event {
	m := meaningOf(strings.TrimSpace(o.Code))
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Code:        carriers.Text(o.Code, carriers.MaxCode),
		Description: carriers.Text(o.Description, carriers.MaxDescription),
		Location:    carriers.Text(o.place(), carriers.MaxLocation),
	}
	e.SetTime(strings.TrimSpace(o.Date)+" "+strings.TrimSpace(o.Time), o.zone())
	if zone := strings.TrimSpace(o.Zone); zone != "" {
		e.RawTime = carriers.Text(e.RawTime+" "+zone, maxTime)
	}
	return e
}

func (o occurrence) place() string {
	var parts []string
	for _, part := range []string{o.Retail, o.Site, o.Province} {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// eta reads the expected day, as last changed. Noon UTC is that day in all of
// Canada and nearly everywhere else.
func (d detail) eta() *time.Time {
	day := strings.TrimSpace(d.ChangedExpected)
	if day == "" {
		day = strings.TrimSpace(d.Expected)
	}
	var clock carriers.Event
	clock.SetTime(day+"T12:00:00Z", nil)
	return clock.OccurredAt
}

// refusal is the error that an answer's messages mean, with what HTTP said; nil
// if it has none.
func (a answer) refusal(status int, body []byte) *carriers.Error {
	list := a.messages.List
	if a.Messages != nil {
		list = append(list, a.Messages.List...)
	}
	if len(list) == 0 {
		return nil
	}
	said, kind := list[0], carriers.ErrUnavailable
	for _, m := range list {
		if known := m.kind(); known != "" {
			said, kind = m, known
			break
		}
	}
	failure := carriers.Malformed("Canada Post: "+said.Code+" "+said.Description, body)
	failure.Kind, failure.HTTPStatus = kind, status
	return failure
}

// kind is what a message means; empty if its code is not known.
func (m message) kind() carriers.ErrorKind {
	if strings.Contains(strings.ToLower(m.Description), throttled) {
		return carriers.ErrRateLimited
	}
	return refusals[strings.TrimSpace(m.Code)]
}

// refined adds to what HTTP says the messages of the body. A body without any
// is not of the service: another host's 404 must not look like an unknown parcel.
func refined(failure *carriers.Error) *carriers.Error {
	var a answer
	if carriers.DecodeXML(failure.Raw, &a) == nil {
		if told := a.refusal(failure.HTTPStatus, failure.Raw); told != nil {
			if told.Kind == carriers.ErrUnavailable { // an unknown code: HTTP knows better
				told.Kind = failure.Kind
			}
			told.After = failure.After
			return told
		}
	}
	if failure.Kind == carriers.ErrNotFound {
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to Canada Post's tracking service"
	}
	return failure
}
