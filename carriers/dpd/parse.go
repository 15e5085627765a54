package dpd

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads an answer about one parcel.
func parse(body []byte, number string) (*carriers.Tracking, *carriers.Error) {
	var e envelope
	if failure := carriers.DecodeXML(body, &e); failure != nil {
		return nil, failure
	}
	if e.Result == nil {
		return nil, carriers.Malformed("the answer holds no tracking result", body)
	}
	if e.Result.Info == nil && len(e.Result.Scans) == 0 {
		// DPD has no fault for it. (Not seen in an answer yet.)
		failure := carriers.Malformed("DPD does not know this number, or it is another customer's", body)
		failure.Kind = carriers.ErrNotFound
		return nil, failure
	}
	return e.Result.tracking(number, body), nil
}

func (r result) tracking(number string, body []byte) *carriers.Tracking {
	t := &carriers.Tracking{
		URL: "https://tracking.dpd.de/status/en_US/parcel/" + url.PathEscape(number),
		Raw: body,
	}
	current := -1
	for _, scan := range r.Scans[:min(len(r.Scans), maxEvents)] {
		if !scan.reached() {
			continue
		}
		if is(scan.Current) {
			current = len(t.Events)
		}
		e := scan.event()
		e.Sequence = len(t.Events)
		t.Events = append(t.Events, e)
	}
	if r.Info != nil && len(t.Events) == 0 && is(r.Info.Reached) {
		t.Events = append(t.Events, r.Info.event())
	}
	carriers.MidnightsAreDates(t.Events)
	if current >= 0 && t.Events[current].Status != carriers.StatusInfo {
		t.Header = carriers.Header{Status: t.Events[current].Status, At: t.Events[current].OccurredAt}
	}
	return t
}

func is(flag string) bool { return strings.EqualFold(strings.TrimSpace(flag), "true") }

// reached reports whether a stage lies behind the parcel. DPD lists those ahead
// of it, too.
func (s status) reached() bool { return !strings.EqualFold(strings.TrimSpace(s.Reached), "false") }

func (s status) event() carriers.Event {
	e := carriers.Event{
		Status:      meaningOf(s.Status),
		Code:        carriers.Text(s.Status, carriers.MaxCode),
		Description: carriers.Text(s.text(), carriers.MaxDescription),
		Location:    carriers.Text(s.Location, carriers.MaxLocation),
	}
	e.SetTime(s.Date, s.zone(), forms...)
	return e
}

func (s status) text() string {
	if text := strings.TrimSpace(strings.Join(s.Description, " ")); text != "" {
		return text
	}
	return s.Label
}

var countryAtEnd = regexp.MustCompile(`\(([A-Za-z]{2})\)\s*$`)

// zone is that of the country behind a place's name.
func (s status) zone() *time.Location {
	country := countryAtEnd.FindStringSubmatch(s.Location)
	if country == nil {
		return nil
	}
	return carriers.ZoneOf(country[1])
}

// refusal is the error that a fault in an answer means; nil if there is none. A
// fault with an unknown code means what HTTP said.
func refusal(body []byte, said *carriers.Error) *carriers.Error {
	var e envelope
	readable := carriers.DecodeXML(body, &e) == nil
	if !readable || e.Fault == nil {
		return nil
	}
	code, message := e.Fault.Code, e.Fault.Text
	for _, d := range e.Fault.Detail.List {
		switch {
		case d.ErrorCode != "":
			code, message = d.ErrorCode, d.ErrorMessage
		case d.FaultCode != "":
			code, message = d.FaultCode, d.Message
		}
	}
	failure := carriers.Malformed("DPD: "+code+" "+message, body)
	failure.Kind, failure.HTTPStatus, failure.After = said.Kind, said.HTTPStatus, said.After
	if kind, known := refusals[strings.ToUpper(strings.TrimSpace(code))]; known {
		failure.Kind = kind
	}
	return failure
}
