package fedex

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// results are what an answer says of each number.
type results map[string]json.RawMessage

// read splits an answer by its numbers.
func read(body []byte) (results, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	if a.Output.V.Complete == nil {
		return nil, refused(a.Errors, "the answer holds no list of results", body)
	}
	found := results{}
	for _, raw := range a.Output.V.Complete {
		var c complete
		if json.Unmarshal(raw, &c) == nil {
			found[fold(string(c.Number))] = raw
		}
	}
	return found, nil
}

func fold(number string) string { return strings.ToUpper(strings.Join(strings.Fields(number), "")) }

// answer finds what was said of a parcel.
func (r results) answer(parcel carriers.Parcel) carriers.Answer {
	raw, ok := r[fold(parcel.Number)]
	if !ok {
		return carriers.Answer{Err: carriers.Malformed("the answer says nothing about this number", nil)}
	}
	var c complete
	if failure := carriers.Decode(raw, &c); failure != nil {
		return carriers.Answer{Err: failure}
	}
	var legs []leg
	var errors carriers.LenientList
	for _, raw := range c.Results {
		var one result
		switch {
		case json.Unmarshal(raw, &one) != nil:
		case len(one.Scans) == 0 && one.Latest.V.Code == "" && one.Latest.V.DerivedCode == "":
			errors = append(errors, one.Error)
		default:
			legs = append(legs, one.leg())
		}
	}
	if len(legs) == 0 {
		return carriers.Answer{Err: refused(errors, "the answer holds no result for this number", raw)}
	}
	return carriers.Answer{Tracking: choose(legs, parcel.Since).tracking(parcel.Number, raw)}
}

func (j journey) tracking(number string, raw []byte) *carriers.Tracking {
	t := &carriers.Tracking{
		Events: j.events(),
		URL:    "https://www.fedex.com/fedextrack/?trknbr=" + url.QueryEscape(number),
		Raw:    raw,
	}
	for _, leg := range j { // the last that has one counts
		if header := leg.result.header(); header.Status != "" {
			t.Header = header
		}
		if eta := leg.result.eta(); eta != nil {
			t.ETA = eta
		}
	}
	return t
}

func event(raw json.RawMessage) carriers.Event {
	var s scan
	if err := json.Unmarshal(raw, &s); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	description := string(s.EventDescription)
	if more := string(s.ExceptionDescription); more != "" && !strings.EqualFold(more, description) {
		description = strings.TrimPrefix(description+": "+more, ": ")
	}
	at := s.Location.V
	code := s.EventType
	if code == "" {
		code = s.DerivedCode
	}
	e := carriers.Event{
		Code:        carriers.Text(string(code+" "+s.ExceptionCode), carriers.MaxCode),
		Description: carriers.Text(description, carriers.MaxDescription),
		Location:    carriers.Text(joined(at.City, at.State, at.Country), carriers.MaxLocation),
	}
	e.Status, e.Reason = meaningOf(s.EventType, s.DerivedCode, s.ExceptionCode, s.Delay.V)
	e.SetTime(string(s.Date), at.zone())
	return e
}

func joined(parts ...text) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, string(p))
		}
	}
	return strings.Join(out, ", ")
}

// header reads FedEx's own summary, which has a time of its own only when the
// parcel was delivered.
func (r result) header() carriers.Header {
	var exception ancillary
	for _, raw := range r.Latest.V.Ancillary {
		if json.Unmarshal(raw, &exception) == nil && exception.Reason != "" {
			break
		}
	}
	status, reason := meaningOf(r.Latest.V.Code, r.Latest.V.DerivedCode, exception.Reason, r.Latest.V.Delay.V)
	if status == carriers.StatusInfo {
		return carriers.Header{}
	}
	h := carriers.Header{Status: status, Reason: reason}
	if status == carriers.StatusDelivered {
		h.At = instant(r.date("ACTUAL_DELIVERY"), r.destination())
	}
	return h
}

// eta is the end of the time in which FedEx expects to deliver.
func (r result) eta() *time.Time {
	zone := r.destination()
	for _, raw := range []text{
		r.Estimated.V.Window.V.Ends, r.date("ESTIMATED_DELIVERY"), r.Standard.V.Window.V.Ends, r.date("COMMITMENT"),
	} {
		if at := instant(raw, zone); at != nil {
			return at
		}
		if at := day(raw, zone); at != nil {
			return at
		}
	}
	return nil
}
