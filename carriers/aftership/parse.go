package aftership

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// open takes an answer out of its envelope.
func open(body []byte) (envelope, *carriers.Error) {
	var e envelope
	if failure := carriers.Decode(body, &e); failure != nil {
		return e, failure
	}
	switch code := string(e.Meta.V.Code); {
	case code == "":
		return e, carriers.Malformed("the answer has no envelope", body)
	case code != "200" && code != "201": // an error inside a success
		failure := carriers.Malformed("AfterShip: "+string(e.Meta.V.Message), body)
		failure.Kind = kindOf(code)
		return e, failure
	}
	return e, nil
}

// parse reads an answer about one parcel.
func parse(body []byte) (*carriers.Tracking, *carriers.Error) {
	e, failure := open(body)
	if failure != nil {
		return nil, failure
	}
	t, failure := decode(e.inner(), body)
	if failure != nil {
		return nil, failure
	}
	return t.tracking(body), nil
}

func decode(raw, body []byte) (tracking, *carriers.Error) {
	var t tracking
	if err := json.Unmarshal(raw, &t); err != nil || t.ID == "" || t.TrackingNumber == "" {
		return t, carriers.Malformed("the answer holds no parcel", body)
	}
	return t, nil
}

// parseList reads an answer about several parcels, by their ids. One that cannot
// be read is left out.
func parseList(body []byte) (map[string]*carriers.Tracking, *carriers.Error) {
	all, failure := openList(body)
	if failure != nil {
		return nil, failure
	}
	found := make(map[string]*carriers.Tracking, len(all))
	for _, raw := range all {
		if t, failure := decode(raw, body); failure == nil {
			found[string(t.ID)] = t.tracking(raw)
		}
	}
	return found, nil
}

// parseNumber finds a parcel in a list by its number.
func parseNumber(body []byte, number string) (*carriers.Tracking, *carriers.Error) {
	all, failure := openList(body)
	if failure != nil {
		return nil, failure
	}
	for _, raw := range all {
		if t, failure := decode(raw, body); failure == nil && strings.EqualFold(string(t.TrackingNumber), strings.TrimSpace(number)) {
			return t.tracking(raw), nil
		}
	}
	return nil, carriers.Malformed("AfterShip follows this number, but its list leaves it out", body)
}

func openList(body []byte) ([]json.RawMessage, *carriers.Error) {
	e, failure := open(body)
	if failure != nil {
		return nil, failure
	}
	var all list
	if err := json.Unmarshal(e.Data, &all); err != nil || all.Trackings == nil {
		return nil, carriers.Malformed("the answer holds no list of parcels", body)
	}
	return all.Trackings, nil
}

func (t tracking) tracking(raw []byte) *carriers.Tracking {
	scans := t.Checkpoints[:min(len(t.Checkpoints), maxEvents)]
	events := make([]carriers.Event, len(scans))
	for i, raw := range scans {
		events[i] = read(raw)
		events[i].Sequence = i
	}
	carriers.MidnightsAreDates(events)
	return &carriers.Tracking{
		Service: string(t.ID),
		Header:  t.header(events),
		Events:  events,
		ETA:     t.eta(),
		URL:     page(string(t.Link)),
		Raw:     raw,
	}
}

func read(raw json.RawMessage) carriers.Event {
	var c checkpoint
	if err := json.Unmarshal(raw, &c); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	words, code, country := c.Message, c.Subtag, c.Country
	if words == "" {
		words = c.SubtagMessage
	}
	if code == "" {
		code = c.Tag
	}
	if country == "" {
		country = c.OldCountry
	}
	e := carriers.Event{
		Code:        carriers.Text(string(code), carriers.MaxCode),
		Description: carriers.Text(string(words), carriers.MaxDescription),
		Location:    carriers.Text(c.place(), carriers.MaxLocation),
	}
	e.Status, e.Reason = meaning(c.Tag, c.Subtag)
	e.SetTime(string(c.Time), zoneOf(country))
	return e
}

// header is AfterShip's summary. A parcel that was delivered to its sender is
// "Delivered" too. It has the time of the newest scan if that one says the same.
func (t tracking) header(events []carriers.Event) carriers.Header {
	status, reason := meaning(t.Tag, t.Subtag)
	if status == carriers.StatusInfo {
		return carriers.Header{}
	}
	header := carriers.Header{Status: status, Reason: reason}
	if n := len(events); n > 0 && events[n-1].Status == status {
		header.At = events[n-1].OccurredAt
	}
	if status == carriers.StatusDelivered && t.ReturnToSender.V {
		header.Status = carriers.StatusReturned
	}
	return header
}

// eta reads the expected delivery, the courier's before AfterShip's own. It is
// a day, or a time that may lack its offset.
func (t tracking) eta() *time.Time {
	raw := ""
	for _, found := range []text{t.CourierETA.V.Max, t.CourierETA.V.Date, t.OwnETA.V.Max, t.OwnETA.V.Date} {
		if raw == "" {
			raw = string(found)
		}
	}
	zone := zoneOf(t.Destination)
	var arrival carriers.Event
	arrival.SetTime(raw, zone)
	day, clock, _ := strings.Cut(arrival.LocalTime, "T")
	switch {
	case day == "":
		return nil
	case clock != "00:00:00":
		return arrival.OccurredAt
	case zone == nil:
		arrival.SetTime(day+"T12:00:00Z", nil) // noon UTC is that day nearly everywhere
	default:
		arrival.SetTime(day+"T23:59:59", zone)
	}
	return arrival.OccurredAt
}

func (c checkpoint) place() string {
	if c.Location != "" {
		return string(c.Location)
	}
	country := c.CountryName
	if country == "" {
		country = c.Country
	}
	var there []string
	for _, part := range []text{c.City, c.State, country} {
		if part != "" {
			there = append(there, string(part))
		}
	}
	return strings.Join(there, ", ")
}

func zoneOf(country text) *time.Location {
	return carriers.ZoneOf(alpha2[strings.ToUpper(string(country))])
}

// page is the parcel's page at its courier, of which there are a thousand.
func page(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Port() != "" {
		return ""
	}
	return u.String()
}
