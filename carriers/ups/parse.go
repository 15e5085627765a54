package ups

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads an answer about one parcel.
func parse(body []byte, asked carriers.Parcel) (*carriers.Tracking, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	codes := remarks(a.Response.V.Errors)
	var packages []parcel
	for _, raw := range a.TrackResponse.V.Shipment {
		var s shipment
		if json.Unmarshal(raw, &s) != nil {
			continue
		}
		codes = append(codes, remarks(s.Warnings)...)
		packages = append(packages, s.packages()...)
	}
	if len(packages) == 0 {
		return nil, refused(codes, body)
	}
	p, ok := choose(packages, asked.Number)
	if !ok {
		return nil, &carriers.Error{
			Kind: carriers.ErrNotFound, HTTPStatus: http.StatusOK, Message: "the answer holds no package of this number", Raw: body,
		}
	}
	return p.tracking(asked.Number, body), nil
}

// packages are those of a shipment of which something is told.
func (s shipment) packages() []parcel {
	var out []parcel
	for _, raw := range s.Packages {
		var p parcel
		if json.Unmarshal(raw, &p) != nil || (len(p.Activity) == 0 && p.CurrentStatus.V == (status{})) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// choose finds the package that was asked for, or the only one: UPS may name it
// by another of its numbers. Of a number that was used twice the newest counts.
func choose(packages []parcel, number string) (parcel, bool) {
	if len(packages) == 1 {
		return packages[0], true
	}
	var found []parcel
	for _, p := range packages {
		if strings.EqualFold(string(p.TrackingNumber), strings.Join(strings.Fields(number), "")) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return parcel{}, false
	}
	return slices.MaxFunc(found, func(a, b parcel) int { return strings.Compare(a.newest(), b.newest()) }), true
}

// newest is the day of the newest activity, in a form that sorts.
func (p parcel) newest() string {
	var a activity
	if len(p.Activity) == 0 || json.Unmarshal(p.Activity[0], &a) != nil {
		return ""
	}
	return string(a.Date)
}

func (p parcel) tracking(number string, body []byte) *carriers.Tracking {
	list := p.Activity[:min(len(p.Activity), maxEvents)]
	events, instants := make([]carriers.Event, len(list)), make([]string, len(list))
	for i, raw := range list {
		events[i], instants[i] = event(raw)
		events[i].Sequence = len(list) - 1 - i // UPS lists the newest first
	}
	carriers.MidnightsAreDates(events)
	for i := range events {
		events[i].SetInstant(instants[i])
	}
	t := &carriers.Tracking{
		Events: events,
		ETA:    p.eta(),
		URL:    "https://www.ups.com/track?tracknum=" + url.QueryEscape(number),
		Raw:    body,
	}
	if m := p.CurrentStatus.V.meaning(); carriers.Milestone(m.status) {
		t.Header = carriers.Header{Status: m.status, Reason: m.reason}
	}
	return t
}

// event reads an activity, and its time in UTC as a text.
func event(raw json.RawMessage) (carriers.Event, string) {
	var a activity
	if err := json.Unmarshal(raw, &a); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}, ""
	}
	at := a.Location.V.Address.V
	country := at.CountryCode
	if country == "" {
		country = at.Country
	}
	m := a.Status.V.meaning()
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Code:        carriers.Text(a.Status.V.code(), carriers.MaxCode),
		Description: carriers.Text(string(a.Status.V.Description), carriers.MaxDescription),
		Location:    carriers.Text(place(at.City, at.State, country), carriers.MaxLocation),
	}
	offset := a.GMTOffset
	if a.GMTTime != "" {
		offset = "" // UTC itself counts before it
	}
	e.SetTime(moment(a.Date, a.Time, offset), carriers.ZoneAt(string(country), string(at.State), string(at.PostalCode)))
	return e, moment(a.GMTDate, a.GMTTime, "")
}

func place(parts ...text) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, string(p))
		}
	}
	return strings.Join(out, ", ")
}

var threeDigits = regexp.MustCompile(`^[0-9]{3}$`)

// code is the three-digit code where there is one, else the type and its letters.
func (s status) code() string {
	for _, c := range []text{s.StatusCode, s.Code} {
		if threeDigits.MatchString(string(c)) {
			return string(c)
		}
	}
	return strings.TrimSpace(string(s.Type + " " + s.Code))
}

// meaning goes by the three-digit code. Only without one do the type and the
// letters count: of a new code they tell too little.
func (s status) meaning() meaning {
	code := s.code()
	if threeDigits.MatchString(code) {
		return orInfo(byStatusCode[code])
	}
	kind, letters := strings.ToUpper(string(s.Type)), strings.ToUpper(string(s.Code))
	if m, ok := byTypeAndCode[[2]string{kind, letters}]; ok {
		return m
	}
	return orInfo(byType[kind])
}

func orInfo(m meaning) meaning {
	if m.status == "" {
		m.status = carriers.StatusInfo
	}
	return m
}
