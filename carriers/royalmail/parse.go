package royalmail

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

// parse reads an answer about one parcel.
func parse(body []byte, number string) (*carriers.Tracking, *carriers.Error) {
	found, failure := pieces(body)
	if failure != nil {
		return nil, failure
	}
	for _, p := range found {
		if len(found) == 1 || p.has(number) {
			return p.tracking(number, body), nil
		}
	}
	return nil, &carriers.Error{
		Kind: carriers.ErrNotFound, HTTPStatus: http.StatusOK, Message: "the answer holds no parcel of this number", Raw: body,
	}
}

// pieces are the mail pieces of an answer of which something is told.
func pieces(body []byte) ([]mailPiece, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	var found []mailPiece
	for _, raw := range a.MailPieces {
		var p mailPiece
		if json.Unmarshal(raw, &p) == nil && (len(p.Events) > 0 || p.Summary.V.LastCode != "" || p.Summary.V.StatusCategory != "") {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return nil, refused(body)
	}
	return found, nil
}

// has reports whether one of the piece's numbers is the one asked for.
func (p mailPiece) has(number string) bool {
	number = strings.Join(strings.Fields(number), "")
	for _, own := range []text{p.ID, p.Summary.V.Barcode, p.Summary.V.ItemID} {
		if strings.EqualFold(string(own), number) {
			return true
		}
	}
	return false
}

func (p mailPiece) tracking(number string, body []byte) *carriers.Tracking {
	list := p.Events[:min(len(p.Events), maxEvents)]
	events := make([]carriers.Event, len(list))
	for i, raw := range list {
		events[i] = read(raw, p.zone())
		events[i].Sequence = len(list) - 1 - i // Royal Mail lists the newest first
	}
	carriers.MidnightsAreDates(events)
	return &carriers.Tracking{
		Header: p.header(),
		Events: events,
		ETA:    p.eta(),
		URL:    "https://www.royalmail.com/track-your-item#/tracking-results/" + url.PathEscape(number),
		Raw:    body,
	}
}

func read(raw json.RawMessage, zone *time.Location) carriers.Event {
	var wire event
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	m := meaningOf(wire.Code)
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Code:        carriers.Text(string(wire.Code), carriers.MaxCode),
		Description: carriers.Text(string(wire.Name), carriers.MaxDescription),
		Location:    carriers.Text(string(wire.Location), carriers.MaxLocation),
	}
	e.SetTime(string(wire.Time), zone)
	return e
}

func meaningOf(code text) meaning {
	m := byEventCode[strings.ToUpper(string(code))]
	if m.status == "" {
		m.status = carriers.StatusInfo
	}
	return m
}

// header reads Royal Mail's own summary. It stays "delivered" while later scans
// come in, so that the time of the last scan is then not the delivery's.
func (p mailPiece) header() carriers.Header {
	s := p.Summary.V
	h := carriers.Header{Status: byCategory[strings.ToUpper(string(s.StatusCategory))]}
	last := meaningOf(s.LastCode)
	if last.status == h.Status {
		h.Reason = last.reason
	}
	if h.Status == "" || (h.Status == carriers.StatusDelivered && last.status != h.Status) {
		return h
	}
	var clock carriers.Event
	clock.SetTime(string(s.LastTime), p.zone())
	h.At = clock.OccurredAt
	return h
}

// zone is Britain's for a parcel that never leaves it, otherwise not known.
func (p mailPiece) zone() *time.Location {
	if p.Summary.V.From == "GBR" && p.Summary.V.To == "GBR" {
		return carriers.ZoneOf("GB")
	}
	return nil
}

// eta is the end of the time in which Royal Mail expects to deliver, of the day
// where it names no hour.
func (p mailPiece) eta() *time.Time {
	date, end := string(p.Estimated.V.Date), string(p.Estimated.V.End)
	zone := p.zone()
	if p.Summary.V.To == "GBR" {
		zone = carriers.ZoneOf("GB")
	}
	texts := []string{date + "T" + end, date + "T23:59:59"}
	if zone == nil {
		texts[1] = date + "T12:00:00Z" // noon UTC is that day nearly everywhere
	}
	for _, raw := range texts {
		var clock carriers.Event
		clock.SetTime(raw, zone)
		if clock.OccurredAt != nil {
			return clock.OccurredAt
		}
	}
	return nil
}
