package australiapost

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// maxEvents bounds what one answer may add.
const maxEvents = 500

// parse reads one answer for each number, in their order.
func parse(body []byte, numbers []string) ([]carriers.Answer, *carriers.Error) {
	var a answer
	if failure := carriers.Decode(body, &a); failure != nil {
		return nil, failure
	}
	var results []json.RawMessage
	if err := json.Unmarshal(a.Results, &results); err != nil || results == nil {
		if failure := refused(a.Errors, http.StatusOK, body); failure != nil {
			return nil, failure
		}
		return nil, carriers.Malformed("the answer holds no list of results", body)
	}
	known := make(map[string]carriers.Answer, len(numbers))
	for _, raw := range results {
		var r result
		if json.Unmarshal(raw, &r) == nil && r.ID != "" {
			known[canonical(string(r.ID))] = r.answer(raw)
		}
	}
	answers := make([]carriers.Answer, len(numbers))
	for i, number := range numbers {
		found, ok := known[canonical(number)]
		if !ok {
			found.Err = carriers.Malformed("the answer says nothing about this number", body)
		}
		answers[i] = found
	}
	return answers, nil
}

func canonical(number string) string {
	return strings.ToUpper(strings.Join(strings.Fields(number), ""))
}

func (r result) answer(raw []byte) carriers.Answer {
	if failure := refused(r.Errors, http.StatusOK, raw); failure != nil {
		return carriers.Answer{Err: failure}
	}
	if r.Items == nil {
		return carriers.Answer{Err: carriers.Malformed("the answer says nothing about this number", raw)}
	}
	return carriers.Answer{Tracking: r.tracking(raw)}
}

func (r result) tracking(raw []byte) *carriers.Tracking {
	articles := r.articles()
	summary := statuses[fold(string(r.Status))]
	if len(articles) == 1 {
		if own, known := statuses[fold(string(articles[0].Status))]; known {
			summary = own
		}
	}
	var scans []json.RawMessage
	for _, article := range articles {
		scans = append(scans, article.Events...)
	}
	scans = scans[:min(len(scans), maxEvents)]
	events := make([]carriers.Event, len(scans))
	for i, raw := range scans {
		events[i] = read(raw)
		events[i].Sequence = len(scans) - 1 - i // the newest comes first
	}
	if summary.status == carriers.StatusDelivered && len(articles) == 1 {
		markDelivery(events)
	}
	carriers.MidnightsAreDates(events)
	return &carriers.Tracking{
		Header: carriers.Header{Status: summary.status, Reason: summary.reason},
		Events: events,
		URL:    "https://auspost.com.au/mypost/track/details/" + url.PathEscape(string(r.ID)),
		Raw:    raw,
	}
}

// articles are those of the result: of its consignments' articles, the one of
// the number if there is one, else all.
func (r result) articles() []item {
	var all []item
	for _, raw := range r.Items {
		var one item
		if json.Unmarshal(raw, &one) != nil {
			continue
		}
		if one.Items == nil {
			all = append(all, one)
		}
		for _, raw := range one.Items {
			var article item
			if json.Unmarshal(raw, &article) == nil {
				all = append(all, article)
			}
		}
	}
	for _, article := range all {
		if canonical(string(article.ArticleID)) == canonical(string(r.ID)) {
			return []item{article}
		}
	}
	return all
}

func read(raw json.RawMessage) carriers.Event {
	var wire scan
	if err := json.Unmarshal(raw, &wire); err != nil {
		return carriers.Event{Status: carriers.StatusInfo, Description: carriers.Text(string(raw), carriers.MaxDescription)}
	}
	m := meaningOf(string(wire.Description))
	e := carriers.Event{
		Status:      m.status,
		Reason:      m.reason,
		Description: carriers.Text(string(wire.Description), carriers.MaxDescription),
		Location:    carriers.Text(string(wire.Location), carriers.MaxLocation),
	}
	e.SetTime(string(wire.Date), nil)
	return e
}

// markDelivery finds the scan that a delivered article's summary rests on.
func markDelivery(events []carriers.Event) {
	for i := range events { // the newest comes first
		if isDelivery(events[i].Description) {
			events[i].Status, events[i].Reason = carriers.StatusDelivered, ""
			return
		}
	}
}

// refused is what errors mean, with what HTTP said; nil if there are none.
func refused(list carriers.LenientList, status int, raw []byte) *carriers.Error {
	for _, one := range list {
		var r refusal
		if json.Unmarshal(one, &r) != nil || r.Code == "" {
			continue
		}
		failure := carriers.Malformed(strings.TrimSpace("Australia Post: "+string(r.Code)+" "+string(r.Name)+" "+string(r.Message)), raw)
		failure.Kind, failure.HTTPStatus = carriers.ErrUnavailable, status
		if kind, known := refusals[string(r.Code)]; known {
			failure.Kind = kind
		}
		return failure
	}
	return nil
}

// refined adds to what HTTP says the errors of the body. Unknown numbers are
// told inside an answer, so another host's 404 must not look like one.
func refined(failure *carriers.Error) *carriers.Error {
	var a answer
	if json.Unmarshal(failure.Raw, &a) == nil {
		if told := refused(a.Errors, failure.HTTPStatus, failure.Raw); told != nil {
			if told.Kind == carriers.ErrUnavailable { // an unknown code: HTTP knows better
				told.Kind = failure.Kind
			}
			told.After = failure.After
			return told
		}
	}
	if failure.Kind == carriers.ErrNotFound {
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to Australia Post's tracking API"
	}
	return failure
}
