package dhlparcelde

import (
	"encoding/xml"
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
	var d document
	if failure := carriers.DecodeXML(body, &d); failure != nil {
		return nil, failure
	}
	pieces, code := d.named("piece-shipment"), d.code()
	if failure := refused(code, d.data, body); failure != nil {
		return nil, failure
	}
	if code == "" && len(pieces) == 0 {
		return nil, carriers.Malformed("the answer holds no list of parcels", body)
	}
	known := make(map[string]piece, len(numbers))
	for _, wire := range pieces {
		p := piece{wire}
		for _, name := range []string{"searched-piece-code", "piece-code", "piece-identifier"} {
			key := canonical(p.get(name))
			if other, seen := known[key]; key != "" && (!seen || other.before(p)) {
				known[key] = p
			}
		}
	}
	answers := make([]carriers.Answer, len(numbers))
	for i, number := range numbers {
		if p, ok := known[canonical(number)]; ok {
			answers[i] = p.answer(number, body)
			continue
		}
		answers[i].Err = carriers.Malformed("the answer says nothing about this number", body)
	}
	return answers, nil
}

func canonical(number string) string {
	return strings.ToUpper(strings.Join(strings.Fields(number), ""))
}

// refused is the error that a code means; nil if it means none.
func refused(code string, about data, raw []byte) *carriers.Error {
	if code == "" || code == "0" {
		return nil
	}
	failure := carriers.Malformed("DHL: "+code+" "+about.first("error", "piece-status-desc", "status"), raw)
	failure.Kind, failure.HTTPStatus = carriers.ErrUnavailable, http.StatusOK
	if kind, known := refusals[code]; known {
		failure.Kind = kind
	}
	return failure
}

// piece is a parcel in an answer.
type piece struct{ data }

// before reports whether other is to be preferred: of a number that was used
// twice the parcel that moved last.
func (p piece) before(other piece) bool {
	if p.failed() != other.failed() {
		return p.failed()
	}
	mine, others := p.at(), other.at()
	return mine == nil || others != nil && mine.Before(*others)
}

func (p piece) failed() bool { return p.get("error-status") != "" && p.get("error-status") != "0" }

func (p piece) at() *time.Time {
	var clock carriers.Event
	clock.SetTime(p.get("status-timestamp"), carriers.ZoneOf("DE"))
	return clock.OccurredAt
}

func (p piece) answer(number string, body []byte) carriers.Answer {
	raw, err := xml.Marshal(p.data)
	if err != nil {
		raw = body
	}
	if failure := refused(p.get("error-status"), p.data, raw); failure != nil {
		return carriers.Answer{Err: failure}
	}
	list := p.named("piece-event")
	list = list[:min(len(list), maxEvents)]
	scans := make([]carriers.Event, len(list))
	for i, wire := range list {
		scans[i] = wire.event()
		scans[i].Sequence = i // DHL lists the oldest first
	}
	carriers.MidnightsAreDates(scans)
	return carriers.Answer{Tracking: &carriers.Tracking{
		Header: p.header(),
		Events: scans,
		ETA:    p.eta(),
		URL:    "https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=" + url.QueryEscape(number),
		Raw:    raw,
	}}
}

func (d data) meaning() meaning {
	return meaningOf(d.get("ice"), d.get("ric"), d.get("standard-event-code"), strings.EqualFold(d.get("ruecksendung"), "true"))
}

// event reads a scan. All clocks are German ones.
func (d data) event() carriers.Event {
	m := d.meaning()
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Code:        carriers.Text(strings.Join(d.present("standard-event-code", "ice", "ric"), " "), carriers.MaxCode),
		Description: carriers.Text(d.first("event-status", "event-text", "event-short-status"), carriers.MaxDescription),
		Location:    carriers.Text(strings.Join(d.present("event-location", "event-country"), ", "), carriers.MaxLocation),
	}
	e.SetTime(d.get("event-timestamp"), carriers.ZoneOf("DE"))
	return e
}

// present returns the values of those attributes that there are.
func (d data) present(names ...string) []string {
	var values []string
	for _, name := range names {
		if value := d.get(name); value != "" {
			values = append(values, value)
		}
	}
	return values
}

func (d data) first(names ...string) string {
	if values := d.present(names...); len(values) > 0 {
		return values[0]
	}
	return ""
}

// header reads DHL's own summary, in which a flag says whether the parcel was
// delivered.
func (p piece) header() carriers.Header {
	m := p.meaning()
	if p.get("delivery-event-flag") == "1" && m.reason != carriers.ReasonDestroyed && m.status != carriers.StatusReturned {
		m = meaningOf("DLVRD", "", "", strings.EqualFold(p.get("ruecksendung"), "true"))
	}
	if m.status == carriers.StatusInfo {
		return carriers.Header{}
	}
	return carriers.Header{Status: m.status, Reason: m.reason, At: p.at()}
}

// eta reads the expected day, and the end of the time frame if there is one.
func (p piece) eta() *time.Time {
	day, end := p.get("delivery-date"), p.get("delivery-timeframe-to")
	var clock carriers.Event
	clock.SetTime(day+" "+end, carriers.ZoneOf("DE"))
	if clock.OccurredAt == nil {
		clock.SetTime(day+" 23:59:59", carriers.ZoneOf("DE"))
	}
	return clock.OccurredAt
}
