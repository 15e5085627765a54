package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// depot is a fake carrier whose clock the test moves.
type depot struct {
	*parcels

	mux   *http.ServeMux
	clock time.Time
}

func newDepot(t *testing.T) *depot {
	t.Helper()
	d := &depot{mux: http.NewServeMux(), clock: time.Date(2026, 3, 2, 8, 0, 30, 0, time.UTC)}
	d.parcels = newParcels(func() time.Time { return d.clock })
	d.register(d.mux)
	return d
}

func (d *depot) call(t *testing.T, method, target, body string) (int, http.Header, []byte) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer tok_test")
	r.Header.Set("DHL-API-Key", "dhl_test")
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.Bytes()
}

type listed struct {
	Parcels []wireParcel  `json:"parcels"`
	Errors  []wireRefusal `json:"errors"`
}

func (d *depot) list(t *testing.T, numbers string) listed {
	t.Helper()
	status, _, body := d.call(t, http.MethodGet, "/carrier/v1/parcels?numbers="+numbers, "")
	var got listed
	if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
		t.Fatalf("list: %d %s (%v)", status, body, err)
	}
	return got
}

func TestParcelJourneys(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"delivered": {"info_received", "picked_up", "in_transit", "in_transit", "in_transit", "out_for_delivery", "delivered"},
		"slow": {
			"info_received", "picked_up", "in_transit", "in_transit", "in_transit", "in_transit", "out_for_delivery", "delivered",
		},
		"exception": {
			"info_received", "picked_up", "in_transit", "in_transit", "in_transit", "exception", "in_transit", "out_for_delivery", "delivered",
		},
		"pickup": {
			"info_received", "picked_up", "in_transit", "in_transit", "in_transit", "out_for_delivery", "delivery_failed",
			"available_for_pickup", "delivered",
		},
		"returned": {
			"info_received", "picked_up", "in_transit", "in_transit", "in_transit", "out_for_delivery", "delivery_failed",
			"returning", "in_transit", "returned",
		},
		"customs": {
			"info_received", "picked_up", "in_transit", "in_transit", "in_transit", "exception", "in_transit", "in_transit",
			"out_for_delivery", "delivered",
		},
		"lost": {"info_received", "picked_up", "in_transit", "in_transit", "exception"},
	}
	for scenario, want := range tests {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			d := newDepot(t)
			number := ParcelNumber(scenario, d.clock, 7)
			var seen []string
			ids := map[string]string{}
			for range 24 * 14 {
				got := d.list(t, number)
				if len(got.Parcels) != 1 {
					t.Fatalf("%+v", got)
				}
				p := got.Parcels[0]
				milestones := seen[:0:0]
				for _, e := range p.Events {
					if at, err := time.Parse(time.RFC3339, e.Time); err != nil || at.After(d.clock) {
						t.Fatalf("event of %q at %s", e.Time, d.clock)
					}
					if before, known := ids[e.ID]; known && before != e.Time {
						t.Fatalf("event %s moved from %s to %s", e.ID, before, e.Time)
					}
					ids[e.ID] = e.Time
					if e.Status != "info" {
						milestones = append(milestones, e.Status)
					}
				}
				seen = milestones
				if p.Status != seen[len(seen)-1] {
					t.Fatalf("header %s after %v", p.Status, seen)
				}
				d.clock = d.clock.Add(time.Hour)
			}
			if strings.Join(seen, " ") != strings.Join(want, " ") {
				t.Errorf("journey %v, want %v", seen, want)
			}
		})
	}
}

func TestParcelsSurviveRestarts(t *testing.T) {
	t.Parallel()
	first, second := newDepot(t), newDepot(t)
	second.clock = first.clock.Add(40 * time.Hour)
	numbers := ParcelNumber("pickup", first.clock, 1) + ",SBX-ANY"
	const registered = `{"number":"SBX-ANY","scenario":"customs","start":"2026-03-02T00:00:00Z","origin":"CN","destination":"BR"}`
	for _, d := range []*depot{first, second} {
		if status, _, body := d.call(t, http.MethodPost, "/carrier/v1/parcels", registered); status != http.StatusCreated {
			t.Fatalf("register: %d %s", status, body)
		}
	}
	first.list(t, numbers)
	first.clock = second.clock
	a, _ := json.Marshal(first.list(t, numbers))
	b, _ := json.Marshal(second.list(t, numbers))
	if !bytes.Equal(a, b) {
		t.Errorf("a restart changed the past:\n%s\n%s", a, b)
	}
}

func TestParcelsInTheJournal(t *testing.T) {
	t.Parallel()
	clock := time.Date(2026, 3, 2, 8, 0, 30, 0, time.UTC)
	opts := Options{Now: func() time.Time { return clock }, Journal: filepath.Join(t.TempDir(), "journal"), ParcelPace: 60}
	ask := func(method, target, body string) string {
		s, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer tok_test")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Body.String()
	}
	if got := ask(http.MethodPost, "/carrier/v1/parcels", `{"number":"SBX-TOLD","scenario":"customs","pace":900}`); !strings.Contains(got, "ANN") {
		t.Fatal(got)
	}
	ask(http.MethodGet, "/carrier/v1/parcels?numbers=SBX1", "")
	clock = clock.Add(10 * time.Minute)
	got := ask(http.MethodGet, "/carrier/v1/parcels?numbers=SBX-TOLD,SBX1", "")
	if !strings.Contains(got, "delivered") || strings.Count(got, "2026-03-02T") == 0 || !strings.Contains(got, "CUD") {
		t.Errorf("registered parcel after a restart: %s", got)
	}
	if !strings.Contains(got, "SRT") || strings.Count(got, `"ANN"`) != 2 {
		t.Errorf("a parcel that was asked for began anew: %s", got)
	}
}

func TestParcelPace(t *testing.T) {
	t.Parallel()
	d := newDepot(t)
	d.pace = 1440 // three days in three minutes
	number := ParcelNumber("delivered", d.clock, 1)
	d.list(t, number)
	d.clock = d.clock.Add(4 * time.Minute)
	if got := d.list(t, number).Parcels[0]; got.Status != "delivered" {
		t.Errorf("status %s after four minutes, want delivered", got.Status)
	}
}

func TestAnyParcelLives(t *testing.T) {
	t.Parallel()
	d := newDepot(t)
	scenarioCount := map[string]int{}
	for i := range 500 {
		number := "SBX" + base36(int64(i*7919), 6)
		got := d.list(t, number)
		switch {
		case len(got.Parcels) == 1:
			scenarioCount[got.Parcels[0].Scenario]++
		case len(got.Errors) == 1 && got.Errors[0].Code == "not_found":
			scenarioCount["never_found"]++
		default:
			t.Fatalf("%s: %+v", number, got)
		}
	}
	for _, s := range scenarios {
		if scenarioCount[s.name] == 0 {
			t.Errorf("no parcel of 500 goes the way %q", s.name)
		}
	}
	if n := scenarioCount["delivered"]; n < 200 || n > 350 {
		t.Errorf("%d of 500 parcels are simply delivered, want about 275", n)
	}
}

func TestParcelRefusals(t *testing.T) {
	t.Parallel()
	d := newDepot(t)
	d.clock = d.clock.Truncate(time.Minute).Add(5 * time.Second)
	never, throttled, good := ParcelNumber("never_found", d.clock, 1), ParcelNumber("throttled", d.clock, 1), ParcelNumber("slow", d.clock, 1)

	t.Run("each number on its own", func(t *testing.T) {
		got := d.list(t, never+","+throttled+","+good+",1Z999")
		codes := map[string]string{}
		for _, e := range got.Errors {
			codes[e.Number] = e.Code
		}
		if len(got.Parcels) != 1 || codes[never] != "not_found" || codes[throttled] != "throttled" || codes["1Z999"] != "not_found" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("throttled as a whole", func(t *testing.T) {
		status, header, _ := d.call(t, http.MethodGet, "/carrier/v1/parcels?numbers="+throttled, "")
		if status != http.StatusTooManyRequests || header.Get("Retry-After") != "15" {
			t.Errorf("%d, Retry-After %q, want 429 and 15", status, header.Get("Retry-After"))
		}
	})
	t.Run("bad orders", func(t *testing.T) {
		for body, want := range map[string]int{
			`{`:                          http.StatusBadRequest,
			`{"numbers":"x"}`:            http.StatusBadRequest,
			`{"scenario":"teleported"}`:  http.StatusUnprocessableEntity,
			`{"origin":"Atlantis"}`:      http.StatusUnprocessableEntity,
			`{"pace":-1}`:                http.StatusUnprocessableEntity,
			`{"number":"<script>"}`:      http.StatusUnprocessableEntity,
			`{"scenario":"never_found"}`: http.StatusCreated,
		} {
			if status, _, answer := d.call(t, http.MethodPost, "/carrier/v1/parcels", body); status != want {
				t.Errorf("POST %s: %d %s, want %d", body, status, answer, want)
			}
		}
	})
	t.Run("no token", func(t *testing.T) {
		for _, token := range []string{"", "Bearer ", "Bearer tok_", "Bearer secret", "tok_test"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/carrier/v1/parcels", nil)
			r.Header.Set("Authorization", token)
			w := httptest.NewRecorder()
			d.mux.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("token %q: %d, want 401", token, w.Code)
			}
		}
	})
}

func TestParcelMemoryIsBounded(t *testing.T) {
	t.Parallel()
	d := newDepot(t)
	for i := range maxParcels + 10 {
		d.journey("SBXZ"+base36(int64(i), 6), sandboxForm)
	}
	if len(d.known) > maxParcels || len(d.order) > maxParcels {
		t.Errorf("%d parcels are kept, want at most %d", len(d.known), maxParcels)
	}
}

func TestDHLWire(t *testing.T) {
	t.Parallel()
	d := newDepot(t)
	d.clock = d.clock.Truncate(time.Minute).Add(5 * time.Second)
	get := func(query string) (int, http.Header, string) {
		status, header, body := d.call(t, http.MethodGet, "/dhl/shipments?"+query, "")
		return status, header, string(body)
	}
	german := DHLParcelNumber("returned", d.clock.Add(-200*time.Hour), 1)
	if len(german) != 20 || !germanForm.MatchString(german) {
		t.Fatalf("%q is no number of a German parcel", german)
	}
	t.Run("a return is a transit to DHL", func(t *testing.T) {
		status, _, body := get("trackingNumber=" + german)
		if status != http.StatusOK || !strings.Contains(body, `"service":"parcel-de"`) ||
			!strings.Contains(body, `"statusCode":"transit","status":"The shipment is being returned to the sender"`) {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("another division does not know it", func(t *testing.T) {
		if status, _, body := get("service=express&trackingNumber=" + german); status != http.StatusNotFound ||
			!strings.Contains(body, `"title":"No result found"`) {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		if status, _, _ := get("trackingNumber=" + DHLParcelNumber("never_found", d.clock, 2)); status != http.StatusNotFound {
			t.Errorf("%d, want 404", status)
		}
	})
	t.Run("throttled", func(t *testing.T) {
		status, header, body := get("trackingNumber=" + DHLParcelNumber("throttled", d.clock, 3))
		if status != http.StatusTooManyRequests || header.Get("Retry-After") != "15" || !strings.Contains(body, `"status":429`) {
			t.Errorf("%d %v %s", status, header, body)
		}
	})
	t.Run("no number", func(t *testing.T) {
		if status, _, _ := get(""); status != http.StatusBadRequest {
			t.Errorf("%d, want 400", status)
		}
	})
	t.Run("no key", func(t *testing.T) {
		w := httptest.NewRecorder()
		d.mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/dhl/shipments?trackingNumber=1", nil))
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"title":"Unauthorized"`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
