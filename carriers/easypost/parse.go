package easypost

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads an answer that is one tracker.
func parse(body []byte) (*carriers.Tracking, *carriers.Error) {
	t, failure := decode(body)
	if failure != nil {
		return nil, failure
	}
	return t.tracking(body), nil
}

func decode(body []byte) (tracker, *carriers.Error) {
	var t tracker
	if failure := carriers.Decode(body, &t); failure != nil {
		return t, failure
	}
	if t.ID == "" || t.TrackingCode == "" {
		return t, carriers.Malformed("the answer is no tracker", body)
	}
	return t, nil
}

// parseList reads an answer of several trackers, by their ids. A tracker that
// cannot be read is left out.
func parseList(body []byte) (map[string]*carriers.Tracking, *carriers.Error) {
	var all list
	if failure := carriers.Decode(body, &all); failure != nil {
		return nil, failure
	}
	if all.Trackers == nil {
		return nil, carriers.Malformed("the answer holds no list of trackers", body)
	}
	found := make(map[string]*carriers.Tracking, len(all.Trackers))
	for _, raw := range all.Trackers {
		if t, failure := decode(raw); failure == nil {
			found[string(t.ID)] = t.tracking(raw)
		}
	}
	return found, nil
}

func (t tracker) tracking(raw []byte) *carriers.Tracking {
	scans := t.Details[:min(len(t.Details), maxEvents)]
	events, times := make([]carriers.Event, len(scans)), make([]string, len(scans))
	for i, raw := range scans {
		events[i], times[i] = read(raw)
		events[i].Sequence = i
	}
	carriers.MidnightsAreDates(events)
	for i := range events {
		events[i].RawTime = times[i]
	}
	return &carriers.Tracking{
		Service: string(t.ID),
		Header:  t.header(events),
		Events:  events,
		ETA:     t.eta(),
		URL:     page(string(t.PublicURL)),
		Raw:     raw,
	}
}

// read reads a scan. Its time text comes beside it, as sent.
func read(raw json.RawMessage) (e carriers.Event, sent string) {
	var d detail
	if err := json.Unmarshal(raw, &d); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}, ""
	}
	words := d.Message
	if words == "" {
		words = d.Description
	}
	e = carriers.Event{
		Code:        carriers.Text(joined("/", d.Status, d.StatusDetail, d.CarrierCode), carriers.MaxCode),
		Description: carriers.Text(string(words), carriers.MaxDescription),
		Location:    carriers.Text(d.Location.V.words(), carriers.MaxLocation),
	}
	e.Status, e.Reason = meaning(d.Status, d.StatusDetail)
	setTime(&e, string(d.Datetime), d.Location.V)
	return e, carriers.Text(string(d.Datetime), carriers.MaxCode)
}

// setTime reads a scan's time. EasyPost writes a Z behind every time, but knows
// the instant only where it knows the place well enough to find its zone; for
// others the Z stands behind the place's wall clock
// (https://docs.easypost.com/docs/trackers; in its own example a label made at
// 15:00 in Florida is at 15:00Z, without a city, and the later scans are right).
func setTime(e *carriers.Event, raw string, at location) {
	if at.City == "" || at.Country == "" {
		e.SetTime(strings.TrimSuffix(raw, "Z"), nil)
		return
	}
	e.SetTime(raw, nil)
	zone := carriers.ZoneOf(string(at.Country))
	if e.OccurredAt == nil || zone == nil || *e.Offset != 0 {
		return
	}
	there := e.OccurredAt.In(zone)
	_, seconds := there.Zone()
	minutes := seconds / 60
	e.LocalTime, e.Offset = there.Format("2006-01-02T15:04:05"), &minutes
}

// header is EasyPost's summary. It has the time of the newest scan if that one
// says the same.
func (t tracker) header(events []carriers.Event) carriers.Header {
	status, reason := meaning(t.Status, t.StatusDetail)
	if status == carriers.StatusInfo {
		return carriers.Header{}
	}
	header := carriers.Header{Status: status, Reason: reason}
	if n := len(events); n > 0 && events[n-1].Status == status {
		header.At = events[n-1].OccurredAt
	}
	return header
}

// eta reads the expected delivery: the carrier's own day and time at the
// destination, else EasyPost's, of which only the day means something.
func (t tracker) eta() *time.Time {
	day, clock := string(t.Carrier.V.EstDeliveryDay), string(t.Carrier.V.EstDeliveryTime)
	if day == "" {
		day, clock = string(t.EstDelivery), ""
	}
	day, _, _ = strings.Cut(day, "T")
	if day == "" {
		return nil
	}
	zone := carriers.ZoneOf(string(t.Carrier.V.Destination.V.Country))
	var arrival carriers.Event
	switch {
	case zone == nil:
		arrival.SetTime(day+"T12:00:00Z", nil) // noon UTC is that day nearly everywhere
	case clock != "":
		arrival.SetTime(day+"T"+clock, zone)
	default:
		arrival.SetTime(day+"T23:59:59", zone)
	}
	return arrival.OccurredAt
}

func (l location) words() string {
	return joined(", ", l.City, text(joined(" ", l.State, l.Zip)), l.Country)
}

// joined strings together what is there.
func joined(by string, parts ...text) string {
	var there []string
	for _, part := range parts {
		if part != "" {
			there = append(there, string(part))
		}
	}
	return strings.Join(there, by)
}

// page is the parcel's page at EasyPost; an answer could name any address.
func page(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Host != "track.easypost.com" || u.User != nil {
		return ""
	}
	return u.String()
}
