package dhl

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/sandbox"
)

// TestJourneys follows whole journeys at the sandbox, which speaks DHL's format
// in the ways of several divisions, as a stored shipment would be followed.
func TestJourneys(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 6, 0, 30, 0, time.UTC)
	delivered := []carriers.Status{
		carriers.StatusInfoReceived, carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusOutForDelivery, carriers.StatusDelivered,
	}
	tests := []struct {
		scenario string
		want     []carriers.Status
	}{
		{"delivered", delivered},
		{"slow", delivered},
		{"throttled", delivered},
		{"exception", []carriers.Status{
			carriers.StatusInfoReceived, carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusException,
			carriers.StatusInTransit, carriers.StatusOutForDelivery, carriers.StatusDelivered,
		}},
		{"pickup", []carriers.Status{
			carriers.StatusInfoReceived, carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusOutForDelivery,
			carriers.StatusDeliveryFailed, carriers.StatusAvailableForPickup, carriers.StatusDelivered,
		}},
		{"returned", []carriers.Status{
			carriers.StatusInfoReceived, carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusOutForDelivery,
			carriers.StatusDeliveryFailed, carriers.StatusReturning, carriers.StatusReturned,
		}},
		{"customs", []carriers.Status{
			carriers.StatusInfoReceived, carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusException,
			carriers.StatusInTransit, carriers.StatusOutForDelivery, carriers.StatusDelivered,
		}},
		{"lost", []carriers.Status{
			carriers.StatusInfoReceived, carriers.StatusPickedUp, carriers.StatusInTransit, carriers.StatusException,
		}},
		{"never_found", nil},
	}
	for _, tt := range tests {
		for _, division := range []string{"parcel-de", "express", "ecommerce"} {
			t.Run(tt.scenario+" "+division, func(t *testing.T) {
				t.Parallel()
				f := newFollower(t, start)
				number := f.announce(t, division, tt.scenario)
				if diff := cmp.Diff(tt.want, f.follow(t, number, division)); diff != "" {
					t.Errorf("statuses (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// follower polls a parcel and stores its scans as the service does.
type follower struct {
	server  *httptest.Server
	clock   time.Time
	account carriers.Account
}

func newFollower(t *testing.T, start time.Time) *follower {
	t.Helper()
	f := &follower{clock: start}
	s, err := sandbox.New(sandbox.Options{Now: func() time.Time { return f.clock }})
	if err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		f.server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	f.account = carriers.Account{BaseURL: f.server.URL + "/dhl", Fields: map[string]string{"api_key": secret}}
	return f
}

// announce makes a parcel with a number of the division's form.
func (f *follower) announce(t *testing.T, division, scenario string) string {
	t.Helper()
	number := map[string]string{
		"parcel-de": sandbox.DHLParcelNumber(scenario, f.clock, 1), "express": "4930127708", "ecommerce": "GM6050000123456789",
	}[division]
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/carrier/v1/parcels", strings.NewReader(
		`{"number":"`+number+`","scenario":"`+scenario+`","origin":"CN","destination":"NL"}`))
	if division == "parcel-de" {
		return number
	}
	request.Header.Set("Authorization", "Bearer tok_test")
	answer := httptest.NewRecorder()
	f.server.Config.Handler.ServeHTTP(answer, request)
	if answer.Code != 201 {
		t.Fatalf("announce: %d %s", answer.Code, answer.Body)
	}
	return number
}

// follow polls every two hours until a day after the end, or for twelve days, and
// returns the statuses in turn.
func (f *follower) follow(t *testing.T, number, division string) []carriers.Status {
	t.Helper()
	var statuses []carriers.Status
	stored := map[string]carriers.Scan{}
	in := carriers.StatusInput{Since: f.clock, Destination: carriers.ZoneOf("NL")}
	parcel := carriers.Parcel{Number: number}
	for end, polls := 0, 0; end < 12 && polls < 12*12; polls++ {
		f.clock = f.clock.Add(2 * time.Hour)
		answer := New(f.server.Client()).Track(t.Context(), f.account, []carriers.Parcel{parcel})[0]
		if answer.Err != nil {
			if answer.Err.Kind != carriers.ErrNotFound {
				t.Fatal(answer.Err)
			}
			continue
		}
		parcel.Service = answer.Tracking.Service
		if parcel.Service != division {
			t.Fatalf("division %q, want %q", parcel.Service, division)
		}
		for _, e := range answer.Tracking.Events {
			key := carriers.Key("dhl", number, e)
			if _, known := stored[key]; !known {
				stored[key] = carriers.Scan{Event: e, ReceivedAt: f.clock}
			}
			if e.OccurredAt == nil || carriers.Suspect(e, f.clock) {
				t.Fatalf("time was not understood: %+v", e)
			}
		}
		in.Scans = in.Scans[:0]
		for _, scan := range stored {
			in.Scans = append(in.Scans, scan)
		}
		last := in.Header
		in.Header, in.LastHeader, in.Now = answer.Tracking.Header, &last, f.clock
		got := carriers.Compute(in)
		if got.Status != in.Previous {
			statuses = append(statuses, got.Status)
		}
		if carriers.Terminal(got.Status, got.Reason) {
			end++
		}
		in.Previous, in.Reason, in.DeliveredAt = got.Status, got.Reason, got.DeliveredAt
	}
	return statuses
}
