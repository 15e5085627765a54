package sandbox

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxParcels bounds the registrations kept in memory; the oldest go first.
const maxParcels = 100_000

// parcels are the fake carriers. What a parcel has been through is a function
// of its number, its registration and the time alone: nothing moves in memory.
type parcels struct {
	now     func() time.Time
	pace    float64  // how many times faster than real parcels these travel; set before serving
	journal *journal // set before serving
	atlas   map[string]*place
	gate    gate
	lookout *lookout

	mu    sync.Mutex
	known map[string]registration
	order []string // oldest first
}

// registration is what a parcel was told to do.
type registration struct {
	Number      string    `json:"number"`
	Start       time.Time `json:"start"`
	Scenario    string    `json:"scenario"`
	Pace        float64   `json:"pace,omitempty"`   // 0: the sandbox's own
	Origin      string    `json:"origin,omitempty"` // country codes
	Destination string    `json:"destination,omitempty"`
}

func newParcels(now func() time.Time) *parcels {
	p := &parcels{now: now, pace: 1, journal: &journal{}, atlas: newAtlas(), gate: gate{now: now}, known: make(map[string]registration)}
	p.lookout = newLookout(p)
	return p
}

func (p *parcels) register(mux *http.ServeMux) {
	mux.HandleFunc("GET /carrier/v1/parcels", p.gate.guard(authorized(p.list)))
	mux.HandleFunc("POST /carrier/v1/parcels", authorized(p.create))
	mux.HandleFunc("POST /carrier/v1/webhooks", authorized(p.lookout.register))
	mux.HandleFunc("GET /dhl/shipments", p.gate.guard(p.dhlShipments))
	mux.HandleFunc("GET /carrier/usage", p.gate.usage)
	mux.HandleFunc("POST /carrier/outage", p.gate.setOutage)
}

// ParcelNumber names a parcel at the sandbox carrier that follows a scenario
// from a moment on. All that it will go through is in the number, so that it
// needs no registration and outlives restarts. Serial tells parcels of one
// second apart.
func ParcelNumber(scenario string, start time.Time, serial int) string {
	return fmt.Sprintf("SBX%d%s%s", scenarioDigit(scenario), base36(start.Unix(), 7), base36(int64(serial), 4))
}

// DHLParcelNumber is a ParcelNumber in the form of DHL's German parcels, check
// digit included, for accounts of the kind "dhl".
func DHLParcelNumber(scenario string, start time.Time, serial int) string {
	digits := fmt.Sprintf("0034%d%010d%04d", scenarioDigit(scenario), start.Unix(), serial%10_000)
	return digits + strconv.Itoa(checkDigit(digits))
}

// base36 writes the last digits of a number.
func base36(n int64, digits int) string {
	text := strings.Repeat("0", digits) + strings.ToUpper(strconv.FormatInt(n, 36))
	return text[len(text)-digits:]
}

// checkDigit is GS1's: weights 3 and 1 in turn from the right.
func checkDigit(digits string) int {
	sum := 0
	for i := range len(digits) {
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return (10 - sum%10) % 10
}

var (
	sandboxForm = regexp.MustCompile(`^SBX[A-Z0-9-]{1,36}$`)
	dhlForm     = regexp.MustCompile(`^[A-Z0-9]{8,39}$`)
	ownForm     = regexp.MustCompile(`^SBX([1-9])([0-9A-Z]{7})[0-9A-Z]{4}$`)
	germanForm  = regexp.MustCompile(`^0034([1-9])([0-9]{10})[0-9]{5}$`)
)

func normalized(number string) string { return strings.ToUpper(strings.TrimSpace(number)) }

// journey finds the journey of a number: as registered, as the number itself
// says, or, for a number of the given form that was never seen, as its digits
// happen to decide from now on. It reports false for any other number.
func (p *parcels) journey(number string, form *regexp.Regexp) (journey, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.known[number]
	if !ok {
		r, ok = written(number)
	}
	if !ok {
		if !form.MatchString(number) {
			return journey{}, false
		}
		r = registration{Number: number, Start: p.now(), Scenario: scenarioOf(seed(number, "scenario"))}
		p.keep(r)
		p.journal.write(entry{Parcel: &r})
	}
	return p.plan(r), true
}

// written reads the registration that a number carries.
func written(number string) (registration, bool) {
	digit, unix := "", int64(0)
	if parts := ownForm.FindStringSubmatch(number); parts != nil {
		digit = parts[1]
		unix, _ = strconv.ParseInt(parts[2], 36, 64) // seven digits to base 36 always fit
	} else if parts := germanForm.FindStringSubmatch(number); parts != nil && checkDigit(number[:19]) == int(number[19]-'0') {
		digit = parts[1]
		unix, _ = strconv.ParseInt(parts[2], 10, 64) // ten digits always fit
	}
	start := time.Unix(unix, 0)
	if digit == "" || start.Year() < 2010 || start.Year() > 2090 {
		return registration{}, false
	}
	return registration{Number: number, Start: start, Scenario: scenarios[digit[0]-'1'].name}, true
}

// keep remembers a registration; p.mu is held.
func (p *parcels) keep(r registration) {
	if _, known := p.known[r.Number]; !known {
		p.order = append(p.order, r.Number)
	}
	p.known[r.Number] = r
	if len(p.order) > maxParcels {
		delete(p.known, p.order[0])
		p.order = p.order[1:]
	}
}

// snapshot lists the registrations, oldest first.
func (p *parcels) snapshot() []registration {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]registration, len(p.order))
	for i, number := range p.order {
		all[i] = p.known[number]
	}
	return all
}

// seed draws a number that depends on the parcel alone.
func seed(number, purpose string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose + "|" + number)) // a hash takes everything
	// FNV's low bits follow the last characters closely; mix them.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x
}
