package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// stripeObject is an object on Stripe's wire.
type stripeObject map[string]any

// stripePage answers with a part of a list that is given oldest first; Stripe
// lists the newest first, and pages by starting_after and ending_before.
func stripePage(q *request, url string, all []stripeObject) reply {
	slices.Reverse(all)
	limit, err := strconv.Atoi(q.FormValue("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 10
	}
	at := func(id string) int {
		return slices.IndexFunc(all, func(o stripeObject) bool { return o["id"] == id })
	}
	from, to := 0, len(all)
	if id := q.FormValue("starting_after"); id != "" {
		if from = at(id) + 1; from == 0 {
			return badParam("starting_after", "resource_missing", "No such object: '"+id+"'")
		}
	}
	before := q.FormValue("ending_before")
	if before != "" {
		if to = at(before); to < 0 {
			return badParam("ending_before", "resource_missing", "No such object: '"+before+"'")
		}
	}
	more := to-from > limit
	switch {
	case more && before != "":
		from = to - limit
	case more:
		to = from + limit
	}
	return jsonReply(http.StatusOK, stripeObject{"object": "list", "url": url, "has_more": more, "data": all[from:to]})
}

// listStripeEvents lists the webhooks of the account, by type and time.
func (s *Server) listStripeEvents(q *request) reply {
	if err := q.ParseForm(); err != nil {
		return badRequest("", "The query is not form-encoded.")
	}
	var types []string
	for name, values := range q.Form {
		if name == "type" || strings.HasPrefix(name, "types[") {
			types = append(types, values...)
		}
	}
	if len(types) > 20 {
		return badParam("types", "", "At most 20 types.")
	}
	since, err := strconv.ParseInt(q.FormValue("created[gte]"), 10, 64)
	if err != nil && q.FormValue("created[gte]") != "" {
		return badParam("created[gte]", "parameter_invalid_integer", "Invalid integer: "+q.FormValue("created[gte]"))
	}
	all := []stripeObject{}
	for _, body := range s.webhooks.pastOf(stripeFormat(), q.account) {
		var meta struct {
			Type    string `json:"type"`
			Created int64  `json:"created"`
		}
		var event stripeObject
		if json.Unmarshal(body, &meta) != nil || json.Unmarshal(body, &event) != nil {
			panic("stripeNews made what is no JSON")
		}
		if meta.Created >= since && (len(types) == 0 || slices.Contains(types, meta.Type)) {
			all = append(all, event)
		}
	}
	return stripePage(q, "/v1/events", all)
}
