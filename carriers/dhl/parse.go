package dhl

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads an answer about one parcel.
func parse(body []byte, parcel carriers.Parcel) (*carriers.Tracking, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	if a.Shipments == nil {
		return nil, carriers.Malformed("the answer holds no list of shipments", body)
	}
	var shipments []shipment
	for _, raw := range a.Shipments {
		var s shipment
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, carriers.Malformed("a shipment does not have the expected form", body)
		}
		shipments = append(shipments, s)
	}
	s, failure := choose(shipments, parcel)
	if failure != nil {
		return nil, failure
	}
	return s.tracking(parcel.Number, body), nil
}

// choose finds the parcel among the shipments of an answer: those of its
// division if that is known, of these the one of its number, or the one that
// holds it as a piece. Of a number that was used twice the newest counts.
func choose(shipments []shipment, parcel carriers.Parcel) (shipment, *carriers.Error) {
	if parcel.Service != "" {
		shipments = slices.DeleteFunc(shipments, func(s shipment) bool {
			return s.Service != "" && !strings.EqualFold(string(s.Service), parcel.Service)
		})
	}
	for _, fits := range []func(shipment) bool{
		func(s shipment) bool { return sameNumber(string(s.ID), parcel.Number) },
		func(s shipment) bool {
			return slices.ContainsFunc(s.Details.V.PieceIDs.V, func(id text) bool { return sameNumber(string(id), parcel.Number) })
		},
		// DHL may answer with the number it uses itself.
		func(shipment) bool { return len(shipments) == 1 },
	} {
		var found []shipment
		for _, s := range shipments {
			if fits(s) {
				found = append(found, s)
			}
		}
		if len(found) > 0 {
			return slices.MaxFunc(found, func(a, b shipment) int { return strings.Compare(a.newest(), b.newest()) }), nil
		}
	}
	return shipment{}, &carriers.Error{
		Kind: carriers.ErrNotFound, HTTPStatus: http.StatusOK,
		Message: "the answer holds no parcel of this number",
	}
}

func sameNumber(a, b string) bool {
	strip := func(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }
	return strip(a) == strip(b)
}

// newest is the time text of the shipment's status; ISO texts sort by time.
func (s shipment) newest() string {
	var head scan
	if json.Unmarshal(s.Status, &head) != nil {
		return ""
	}
	return string(head.Timestamp)
}

func (s shipment) tracking(number string, body []byte) *carriers.Tracking {
	list := s.Events.V
	list = list[:min(len(list), maxEvents)]
	events := make([]carriers.Event, len(list))
	for i, raw := range list {
		events[i] = s.event(raw)
		events[i].Sequence = len(list) - 1 - i // DHL lists the newest first
	}
	carriers.MidnightsAreDates(events)
	return &carriers.Tracking{
		Service: string(s.Service),
		Header:  s.header(events),
		Events:  events,
		ETA:     s.eta(),
		URL:     page(string(s.ServiceURL), number),
		Raw:     body,
	}
}

func (s shipment) event(raw json.RawMessage) carriers.Event {
	var wire scan
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	e := carriers.Event{
		Code:        carriers.Text(string(wire.StatusCode), carriers.MaxCode),
		Description: carriers.Text(wire.description(), carriers.MaxDescription),
		Location:    carriers.Text(wire.place(), carriers.MaxLocation),
	}
	e.Status, e.Reason = wire.meaning()
	e.SetTime(string(wire.Timestamp), s.zone(wire))
	return e
}

// header reads DHL's own summary. Its time repeats that of the newest event, in
// some divisions with a Z behind what is the place's wall clock: where the
// events name no offset, that Z means nothing.
func (s shipment) header(events []carriers.Event) carriers.Header {
	var wire scan
	if err := json.Unmarshal(s.Status, &wire); err != nil {
		return carriers.Header{}
	}
	status, reason := wire.meaning()
	if status == carriers.StatusInfo {
		return carriers.Header{}
	}
	raw := string(wire.Timestamp)
	if slices.ContainsFunc(events, func(e carriers.Event) bool { return e.LocalTime != "" && !carriers.HasOffset(e.RawTime) }) {
		raw = strings.TrimSuffix(raw, "Z")
	}
	var clock carriers.Event
	clock.SetTime(raw, s.zone(wire))
	return carriers.Header{Status: status, Reason: reason, At: clock.OccurredAt}
}

// zone is where a scan's clock stands: Germany for its parcel service, else the
// country of the scan if that keeps one time.
func (s shipment) zone(wire scan) *time.Location {
	if strings.EqualFold(string(s.Service), "parcel-de") {
		return carriers.ZoneOf("DE")
	}
	return carriers.ZoneOf(string(wire.Location.V.Address.V.Country))
}

// eta reads the expected delivery. Midnight stands for "in the course of that
// day", whatever offset is written behind it.
func (s shipment) eta() *time.Time {
	raw := string(s.Frame.V.Through)
	if raw == "" {
		raw = string(s.Estimated)
	}
	zone := carriers.ZoneOf(string(s.Destination.V.Address.V.Country))
	var clock carriers.Event
	clock.SetTime(raw, zone)
	if clock.LocalTime == "" || clock.OccurredAt != nil && !strings.HasSuffix(clock.LocalTime, "T00:00:00") {
		return clock.OccurredAt
	}
	day, _, _ := strings.Cut(clock.LocalTime, "T")
	if zone == nil && strings.HasSuffix(clock.LocalTime, "T00:00:00") {
		clock.SetTime(day+"T12:00:00Z", nil) // noon UTC is that day nearly everywhere
		return clock.OccurredAt
	}
	clock.SetTime(day+"T23:59:59", zone)
	return clock.OccurredAt
}

// description joins what DHL says about a scan, each text once and the bare
// code only when there is nothing else.
func (w scan) description() string {
	var texts []string
	for _, t := range []string{string(w.Status), string(w.Description), string(w.Remark)} {
		if t == "" || strings.EqualFold(t, string(w.StatusCode)) ||
			slices.ContainsFunc(texts, func(s string) bool { return strings.EqualFold(s, t) }) {
			continue
		}
		texts = append(texts, t)
	}
	if len(texts) == 0 {
		return string(w.Status)
	}
	return strings.Join(texts, ": ")
}

func (w scan) place() string {
	a := w.Location.V.Address.V
	locality, country := string(a.Locality), string(a.Country)
	switch {
	case locality == "":
		return country
	case country == "" || strings.HasSuffix(locality, country):
		return locality
	default:
		return locality + ", " + country
	}
}

var dhlHost = regexp.MustCompile(`(?:^|\.)dhl\.(?:com|[a-z]{2}|co\.[a-z]{2}|com\.[a-z]{2})$`)

// page is the public page of a parcel: DHL's own link where it is one of DHL's,
// since an answer could name any address, else the form that DHL's site uses.
func page(link, number string) string {
	if u, err := url.Parse(link); err == nil && dhlHost.MatchString(strings.ToLower(u.Hostname())) &&
		u.User == nil && u.Port() == "" && (u.Scheme == "https" || u.Scheme == "http") {
		u.Scheme = "https"
		return u.String()
	}
	return "https://www.dhl.com/global-en/home/tracking.html?tracking-id=" + url.QueryEscape(number)
}
