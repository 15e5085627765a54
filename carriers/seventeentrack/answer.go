package seventeentrack

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// open takes what was asked for out of the envelope.
func open(body []byte) (json.RawMessage, *carriers.Error) {
	var e envelope
	if failure := carriers.Decode(body, &e); failure != nil {
		return nil, failure
	}
	var o outcomes
	wellFormed := json.Unmarshal(e.Data, &o) == nil
	switch {
	case e.Code == "":
		return nil, carriers.Malformed("the answer holds no code", body)
	case len(o.Errors.V) > 0:
		return nil, refused(o.Errors.V[0], body)
	case e.Code != "0":
		return nil, refused(wireError{Code: e.Code}, body)
	case !wellFormed || string(e.Data) == "null":
		return nil, carriers.Malformed("the answer holds no data", body)
	}
	return e.Data, nil
}

// refused is the error of a code. What is not in the table is kept for somebody
// to look at.
func refused(e wireError, raw []byte) *carriers.Error {
	failure := carriers.Malformed("17TRACK failed with a code that is not known: "+string(e.Code), raw)
	if known, ok := refusals[string(e.Code)]; ok {
		failure.Kind, failure.Message = known.kind, known.message
	}
	if e.Message != "" {
		failure.Message += ": " + carriers.Text(string(e.Message), carriers.MaxLocation)
	}
	return failure
}

// verdict is why a number was rejected.
type verdict struct {
	code    text
	failure *carriers.Error
}

// read sorts an answer by numbers.
func read(body []byte) (taken map[string][]json.RawMessage, turnedDown map[string]verdict, failure *carriers.Error) {
	data, failure := open(body)
	if failure != nil {
		return nil, nil, failure
	}
	var o outcomes
	if failure := carriers.Decode(data, &o); failure != nil {
		return nil, nil, failure
	}
	if o.Accepted == nil && o.Rejected == nil {
		return nil, nil, carriers.Malformed("the answer holds no list of numbers", body)
	}
	taken, turnedDown = map[string][]json.RawMessage{}, map[string]verdict{}
	for _, raw := range o.Accepted {
		var a accepted
		if json.Unmarshal(raw, &a) == nil {
			number := fold(string(a.Number))
			taken[number] = append(taken[number], raw)
		}
	}
	for _, raw := range o.Rejected {
		var r rejected
		if json.Unmarshal(raw, &r) == nil {
			turnedDown[fold(string(r.Number))] = verdict{r.Error.V.Code, refused(r.Error.V, raw)}
		}
	}
	return taken, turnedDown, nil
}

// parse reads one answer for each parcel, in their order, and tells the places
// of those that 17TRACK does not follow.
func parse(body []byte, parcels []carriers.Parcel) (answers []carriers.Answer, unknown []int, failure *carriers.Error) {
	taken, turnedDown, failure := read(body)
	if failure != nil {
		return nil, nil, failure
	}
	answers = make([]carriers.Answer, len(parcels))
	for i, parcel := range parcels {
		number := fold(parcel.Number)
		found := choose(taken[number], parcel)
		switch {
		case found != nil:
			answers[i].Tracking = found
		case len(taken[number]) > 0:
			answers[i].Err = notYet(taken[number][0])
		case turnedDown[number].failure != nil:
			answers[i].Err = turnedDown[number].failure
			if turnedDown[number].code == unregistered {
				unknown = append(unknown, i)
			}
		default:
			answers[i].Err = carriers.Malformed("the answer says nothing about this number", body)
		}
	}
	return answers, unknown, nil
}

// choose finds the parcel among all that a number was registered as: of the
// carrier that is known, else the one that has news, else the first.
func choose(list []json.RawMessage, parcel carriers.Parcel) *carriers.Tracking {
	wanted := serviceKey(parcel.Service)
	if wanted == 0 {
		wanted = keys[parcel.Carrier]
	}
	var found []*carriers.Tracking
	for _, raw := range list {
		var a accepted
		if json.Unmarshal(raw, &a) != nil {
			continue
		}
		if t := a.tracking(raw); t != nil {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if i := slices.IndexFunc(found, func(t *carriers.Tracking) bool { return wanted > 0 && serviceKey(t.Service) == wanted }); i >= 0 {
		return found[i]
	}
	return found[0]
}

// parseRegister reads what became of numbers that were to be registered, in
// their order. All of them are unknown until 17TRACK has looked.
func parseRegister(body []byte, parcels []carriers.Parcel) ([]*carriers.Error, *carriers.Error) {
	taken, turnedDown, failure := read(body)
	if failure != nil {
		return nil, failure
	}
	outcome := make([]*carriers.Error, len(parcels))
	for i, parcel := range parcels {
		number := fold(parcel.Number)
		switch {
		case len(taken[number]) > 0:
			outcome[i] = notYet(taken[number][0])
		case turnedDown[number].failure != nil:
			outcome[i] = turnedDown[number].failure
		default:
			outcome[i] = carriers.Malformed("the answer says nothing about this number", body)
		}
	}
	return outcome, nil
}

// notYet is the error of a number that 17TRACK follows without news of it.
func notYet(raw []byte) *carriers.Error {
	return &carriers.Error{
		Kind: carriers.ErrNotFound, HTTPStatus: http.StatusOK, Raw: raw,
		Message: "17TRACK follows this number and has no news of it yet",
	}
}

func fold(number string) string { return strings.ToUpper(strings.TrimSpace(number)) }
