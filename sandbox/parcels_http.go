package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxNumbers is how many parcels one call may ask for.
const maxNumbers = 50

var carrierTokens = []string{"tok_", "ct_sandbox_"}

// wireParcel is a parcel as the sandbox carrier tells it.
type wireParcel struct {
	Number      string      `json:"number"`
	Scenario    string      `json:"scenario"`
	Origin      string      `json:"origin"`
	Destination string      `json:"destination"`
	Status      string      `json:"status"`
	Reason      string      `json:"reason,omitempty"`
	StatusAt    string      `json:"status_at,omitempty"`
	ETA         string      `json:"eta,omitempty"`
	Events      []wireEvent `json:"events"`
}

type wireEvent struct {
	ID          string `json:"id"`
	Time        string `json:"time"`
	Status      string `json:"status"`
	Reason      string `json:"reason,omitempty"`
	Code        string `json:"code"`
	Description string `json:"description"`
	Location    string `json:"location"`
}

// wireRefusal says why nothing is told of a number.
type wireRefusal struct {
	Number     string  `json:"number,omitempty"`
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	RetryAfter float64 `json:"retry_after,omitempty"`
}

// authorized lets callers with a token in, which names their account; any of the
// right form does.
func authorized(serve func(w http.ResponseWriter, r *http.Request, account string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer || !hasAnyPrefix(token, carrierTokens) {
			refuse(w, http.StatusUnauthorized, "unauthorized", "This token is not known.")
			return
		}
		serve(w, r, accountOf(token))
	}
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) && len(s) > len(prefix) {
			return true
		}
	}
	return false
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]wireRefusal{"error": {Code: code, Message: message}})
}

// list answers for several numbers; each is found, or refused on its own.
func (p *parcels) list(w http.ResponseWriter, r *http.Request, account string) {
	var numbers []string
	for number := range strings.SplitSeq(r.URL.Query().Get("numbers"), ",") {
		if number = normalized(number); number != "" {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) > maxNumbers {
		refuse(w, http.StatusBadRequest, "too_many_numbers", fmt.Sprintf("At most %d numbers a call.", maxNumbers))
		return
	}
	found, refused := []wireParcel{}, []wireRefusal{}
	wait := time.Duration(0)
	now := p.now()
	for _, number := range numbers {
		j, known := p.journey(number, sandboxForm)
		p.lookout.watch(account, j, now)
		switch pause := j.throttled(now); {
		case !known || len(j.until(now)) == 0:
			refused = append(refused, wireRefusal{Number: number, Code: "not_found", Message: "No parcel has this number."})
		case pause > 0:
			wait = max(wait, pause)
			refused = append(refused, wireRefusal{
				Number: number, Code: "throttled", Message: "Asked too often.", RetryAfter: pause.Seconds(),
			})
		default:
			found = append(found, j.wire(now))
		}
	}
	if wait > 0 && len(refused) == len(numbers) && len(found) == 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		refuse(w, http.StatusTooManyRequests, "throttled", "Asked too often.")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"parcels": found, "errors": refused})
}

// parcelOrder is what POST takes. Without a number one is made; registering a number
// again changes it, and its start only when that is given.
type parcelOrder struct {
	Number      string    `json:"number"`
	Scenario    string    `json:"scenario"`
	Pace        float64   `json:"pace"`
	Origin      string    `json:"origin"`
	Destination string    `json:"destination"`
	Start       time.Time `json:"start"`
}

func (p *parcels) create(w http.ResponseWriter, r *http.Request, account string) {
	var o parcelOrder
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil {
		refuse(w, http.StatusBadRequest, "malformed", "The body is not a parcel: "+err.Error())
		return
	}
	if message := p.check(&o); message != "" {
		refuse(w, http.StatusUnprocessableEntity, "invalid", message)
		return
	}
	j, now := p.enter(o), p.now()
	p.lookout.watch(account, j, now)
	writeJSON(w, http.StatusCreated, j.wire(now))
}

// check brings an order into its normal form and says what is wrong with it.
func (p *parcels) check(o *parcelOrder) string {
	o.Number, o.Origin, o.Destination = normalized(o.Number), normalized(o.Origin), normalized(o.Destination)
	if o.Number != "" && !sandboxForm.MatchString(o.Number) && !dhlForm.MatchString(o.Number) {
		return "number: letters and digits, up to 39."
	}
	if o.Scenario != "" && scenarios[scenarioDigit(o.Scenario)-1].name != o.Scenario {
		names := make([]string, len(scenarios))
		for i, s := range scenarios {
			names[i] = s.name
		}
		return "scenario: one of " + strings.Join(names, ", ") + "."
	}
	for _, code := range []string{o.Origin, o.Destination} {
		if code != "" && p.atlas[code] == nil {
			return "origin, destination: a country that the sandbox knows, such as DE, CN, BR or US."
		}
	}
	if o.Pace < 0 || o.Pace > 1e6 {
		return "pace: from 0 (the sandbox's own) to 1000000."
	}
	return ""
}

// enter registers a parcel.
func (p *parcels) enter(o parcelOrder) journey {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if o.Number == "" {
		for serial := len(p.known); ; serial++ {
			o.Number = ParcelNumber(o.Scenario, now, serial)
			if _, taken := p.known[o.Number]; !taken {
				break
			}
		}
		o.Start = now
	}
	r := p.known[o.Number]
	if r.Number == "" {
		r, _ = written(o.Number)
	}
	r.Number = o.Number
	r.Pace, r.Origin, r.Destination = o.Pace, o.Origin, o.Destination
	if !o.Start.IsZero() {
		r.Start = o.Start
	} else if r.Start.IsZero() {
		r.Start = now
	}
	switch {
	case o.Scenario != "":
		r.Scenario = o.Scenario
	case r.Scenario == "":
		r.Scenario = scenarios[0].name
	}
	p.keep(r)
	p.journal.write(entry{Parcel: &r})
	return p.plan(r)
}

// wire tells what is known of a parcel by now.
func (j journey) wire(now time.Time) wireParcel {
	out := wireParcel{
		Number: j.number, Scenario: j.scenario, Origin: j.from.code, Destination: j.to.code,
		Status: "unknown", Events: []wireEvent{},
	}
	for _, s := range j.until(now) {
		out.Events = append(out.Events, wireEvent{
			ID: s.id, Time: s.time.Format(time.RFC3339), Status: s.status, Reason: s.reason,
			Code: s.code, Description: s.text, Location: s.city + ", " + s.place.code,
		})
		if s.status != "info" {
			out.Status, out.Reason, out.StatusAt = s.status, s.reason, s.time.Format(time.RFC3339)
		}
	}
	if j.delivered.After(now) && len(out.Events) > 0 {
		out.ETA = j.delivered.Format(time.RFC3339)
	}
	return out
}
