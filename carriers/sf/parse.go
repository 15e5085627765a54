package sf

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// open takes the answer of the interface out of the platform's envelope.
func open(body []byte) (result, *carriers.Error) {
	var e envelope
	if failure := carriers.Decode(body, &e); failure != nil {
		return result{}, failure
	}
	switch e.Code {
	case "A1000":
	case "":
		return result{}, carriers.Malformed("the answer holds no result code", body)
	default:
		return result{}, refused(e.Code, e.Message, body)
	}
	inner := []byte(e.Data)
	var quoted string
	if json.Unmarshal(e.Data, &quoted) == nil {
		inner = []byte(quoted)
	}
	var r result
	if failure := carriers.Decode(inner, &r); failure != nil {
		return result{}, carriers.Malformed("the answer within the answer cannot be read", body)
	}
	return r, nil
}

// parse reads one answer for each parcel, in their order.
func parse(body []byte, parcels []carriers.Parcel) ([]carriers.Answer, *carriers.Error) {
	r, failure := open(body)
	if failure != nil {
		return nil, failure
	}
	list := r.Data.V.Parcels
	switch {
	case r.ErrorCode != "" && r.ErrorCode != "S0000":
		return nil, refused(r.ErrorCode, r.ErrorText, body)
	case !strings.EqualFold(string(r.Success), "true"):
		return nil, carriers.Malformed("SF did not succeed and does not say why", body)
	case list == nil:
		return nil, carriers.Malformed("the answer holds no list of parcels", body)
	}
	known := make(map[string]carriers.Answer, len(list))
	for _, raw := range list {
		var p parcel
		if json.Unmarshal(raw, &p) != nil {
			continue // its number is missing then
		}
		if found, again := known[fold(string(p.Number))]; !again || found.Err != nil {
			known[fold(string(p.Number))] = p.answer(raw)
		}
	}
	answers := make([]carriers.Answer, len(parcels))
	for i, asked := range parcels {
		found, ok := known[fold(asked.Number)]
		switch {
		case ok:
			answers[i] = found
		case len(list) == 0:
			answers[i].Err = unknown(body)
		default:
			answers[i].Err = carriers.Malformed("the answer says nothing about this number", body)
		}
	}
	return answers, nil
}

func fold(number string) string { return strings.ToUpper(strings.TrimSpace(number)) }

// refused is the error of a code. What is not in the table is kept for somebody
// to look at.
func refused(code, message text, body []byte) *carriers.Error {
	failure := carriers.Malformed("SF failed with a code that is not known: "+string(code), body)
	if known, ok := refusals[string(code)]; ok {
		failure.Kind, failure.Message = known.kind, known.message
	}
	if message != "" {
		failure.Message += ": " + carriers.Text(string(message), carriers.MaxLocation)
	}
	return failure
}

// unknown is the error of a number without routes. SF answers so too when it
// may not show them.
func unknown(raw []byte) *carriers.Error {
	failure := carriers.Malformed("SF shows no routes of this number; of parcels that this account did not send "+
		"it shows them with the last four digits of the recipient's or sender's phone only", raw)
	failure.Kind = carriers.ErrNotFound
	return failure
}

func (p parcel) answer(raw []byte) carriers.Answer {
	if len(p.Routes) == 0 {
		return carriers.Answer{Err: unknown(raw)}
	}
	list := p.Routes[max(len(p.Routes)-maxEvents, 0):]
	routes := make([]route, len(list))
	for i, one := range list {
		if json.Unmarshal(one, &routes[i]) != nil {
			routes[i] = route{Remark: text(one)}
		}
	}
	delivered := slices.ContainsFunc(routes, func(r route) bool { return r.Code == signedFor })
	events := make([]carriers.Event, len(routes))
	for i, r := range routes {
		events[i] = r.event(delivered)
	}
	number(events)
	carriers.MidnightsAreDates(events)
	return carriers.Answer{Tracking: &carriers.Tracking{
		Events: events, Raw: raw,
		URL: "https://www.sf-express.com/chn/sc/waybill/waybill-detail/" + url.PathEscape(string(p.Number)),
	}}
}

// event reads a route. SF's times are Beijing's.
func (r route) event(delivered bool) carriers.Event {
	known, ok := codes[string(r.Code)]
	if !ok || (r.Code == signature && delivered) {
		known = meaning{status: carriers.StatusInfo}
	}
	e := carriers.Event{
		Status: known.status, Reason: known.reason,
		Code:        carriers.Text(string(r.Code), carriers.MaxCode),
		Description: carriers.Text(string(r.Remark), carriers.MaxDescription),
		Location:    carriers.Text(string(r.Address), carriers.MaxLocation),
	}
	e.SetTime(string(r.Time), carriers.ZoneOf("CN"))
	return e
}

// number gives events their sequence. SF lists the oldest first; a list that
// begins later than it ends is read the other way round.
func number(events []carriers.Event) {
	first, last := "", ""
	for i, e := range events {
		events[i].Sequence = i
		if e.LocalTime != "" {
			if first == "" {
				first = e.LocalTime
			}
			last = e.LocalTime
		}
	}
	if first > last {
		for i := range events {
			events[i].Sequence = len(events) - 1 - i
		}
	}
}
