package australiapost

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	key      = "ap_key_0123456789abcdef"
	password = "x7Kd93hsPwq0"
	number   = "33XQJ5012345"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// once replaces the only occurrence.
func once(t testing.TB, s, old, replacement string) string {
	t.Helper()
	if strings.Count(s, old) != 1 {
		t.Fatalf("%q is %d times in the fixture, want once", old, strings.Count(s, old))
	}
	return strings.Replace(s, old, replacement, 1)
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{
		"api_key": key, "password": password, "account_number": "0001234567",
	}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := once(t, fixture(t, "batch.json"), `"Signature captured"`, `"Onboard for delivery"`)
	ok := func(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     account(""),
		Secrets:     []string{key, password},
		Parcel:      carriers.Parcel{Number: number},
		Success:     ok(success),
		NotFound:    ok(`{"tracking_results":[{"tracking_id":"` + number + `","errors":[{"code":"ESB-10001","name":"Invalid tracking ID"}]}]}`),
		Auth:        carrierstest.Reply{Status: http.StatusUnauthorized, Body: `{"errors":[{"code":"API_002","name":"Unauthorised"}]}`},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"errors":[{"code":"429","name":"Too many requests"}]}`},
		UnknownCode: ok(fixture(t, "batch.json")),
		UnknownDate: ok(once(t, success, `2026-02-06T16:20:00+11:00`, `4.20 in the afternoon`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) { carrierstest.Fuzz(f, spec(f)) }

func TestParse(t *testing.T) {
	t.Parallel()
	numbers := []string{"lx870000114au", number, "7XX2000", "CONS0007", "NOT MENTIONED"}
	got, failure := parse([]byte(fixture(t, "batch.json")), numbers)
	if failure != nil {
		t.Fatal(failure)
	}
	for _, answer := range got {
		if answer.Err != nil {
			answer.Err.Raw = nil
			continue
		}
		if !json.Valid(answer.Tracking.Raw) || strings.Count(string(answer.Tracking.Raw), "tracking_id") != 1 {
			t.Errorf("raw answer of one parcel: %s", answer.Tracking.Raw)
		}
		answer.Tracking.Raw = nil
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "batch.golden.json")
	if *update {
		if err := os.WriteFile(golden, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(fixture(t, "batch.golden.json"), string(text)+"\n"); diff != "" {
		t.Errorf("parse() (-want +got):\n%s", diff)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var got []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Clone(r.Context()))
		if strings.Contains(r.URL.RawQuery, "%") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(`{"tracking_results":[]}`))
	}))
	defer server.Close()
	parcels := slices.Repeat([]carriers.Parcel{{Number: "A"}}, batch)
	parcels = append(parcels, carriers.Parcel{Number: "1,2&3"}, carriers.Parcel{Number: "B"})
	if answers := New(server.Client()).Track(t.Context(), account(server.URL+"/test/"), parcels); len(answers) != len(parcels) {
		t.Errorf("%d answers to %d questions", len(answers), len(parcels))
	}
	var urls []string
	for _, r := range got {
		urls = append(urls, r.Method+" "+r.URL.String())
		user, pass, _ := r.BasicAuth()
		if user != key || pass != password || r.Header.Get("Account-Number") != "0001234567" {
			t.Errorf("headers %v", r.Header)
		}
	}
	want := []string{
		"GET /test/shipping/v1/track?tracking_ids=A,A,A,A,A,A,A,A,A,A",
		"GET /test/shipping/v1/track?tracking_ids=1%2C2%263,B",
		"GET /test/shipping/v1/track?tracking_ids=1%2C2%263", // refused together, so asked for one by one
		"GET /test/shipping/v1/track?tracking_ids=B",
	}
	if diff := cmp.Diff(want, urls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		description string
		want        carriers.Status
		reason      carriers.Reason
	}{
		{"Shipping information approved by Australia Post", carriers.StatusInfoReceived, ""},
		{"Received by Australia Post", carriers.StatusPickedUp, ""},
		{"Received item from Sender (Outbound)", carriers.StatusPickedUp, ""},
		{"item  processed at facility", carriers.StatusInTransit, ""},
		{"In transit to next facility in KEW VIC", carriers.StatusInTransit, ""},
		{"Arrived in New Zealand", carriers.StatusInTransit, ""},
		{"Item is in Customs", carriers.StatusInTransit, carriers.ReasonCustoms},
		{"Item cleared by Customs", carriers.StatusInTransit, ""},
		{"Onboard for delivery", carriers.StatusOutForDelivery, ""},
		{"Awaiting collection at KEW LPO", carriers.StatusAvailableForPickup, ""},
		{"Unsuccessful Delivery", carriers.StatusDeliveryFailed, ""},
		{"Return to sender", carriers.StatusReturning, ""},
		{"Delivered", carriers.StatusInfo, ""}, // the summary must say so
		{"Not onboard for delivery", carriers.StatusInfo, ""},
		{"", carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		if got := meaningOf(tt.description); got.status != tt.want || got.reason != tt.reason {
			t.Errorf("meaningOf(%q) = %v, want %s %s", tt.description, got, tt.want, tt.reason)
		}
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status string
		want   carriers.Status
		reason carriers.Reason
		event  carriers.Status // of a scan "Delivered"
	}{
		{"Delivered", carriers.StatusDelivered, "", carriers.StatusDelivered},
		{"In transit", carriers.StatusInTransit, "", carriers.StatusInfo},
		{"Possible delay", carriers.StatusInTransit, carriers.ReasonDelay, carriers.StatusInfo},
		{"Held by courier", carriers.StatusException, carriers.ReasonHeld, carriers.StatusInfo},
		{"Awaiting collection", carriers.StatusAvailableForPickup, "", carriers.StatusInfo},
		{"On Board for Delivery", carriers.StatusOutForDelivery, "", carriers.StatusInfo},
		{"Unsuccessful Delivery", carriers.StatusDeliveryFailed, "", carriers.StatusInfo},
		{"To be Re-Delivered", carriers.StatusInTransit, "", carriers.StatusInfo},
		{"Cannot be delivered", carriers.StatusException, carriers.ReasonUndeliverable, carriers.StatusInfo},
		{"Article damaged", carriers.StatusException, carriers.ReasonDamaged, carriers.StatusInfo},
		{"Cancelled", carriers.StatusCanceled, "", carriers.StatusInfo},
		{"Initiated", carriers.StatusInfoReceived, "", carriers.StatusInfo},
		{"Created", carriers.StatusInfoReceived, "", carriers.StatusInfo},
		{"Unknown", "", "", carriers.StatusInfo},
		{"Undelivered", "", "", carriers.StatusInfo},
	}
	for _, tt := range tests {
		body := `{"tracking_results":[{"tracking_id":"1","trackable_items":[{"article_id":"1","status":"` + tt.status +
			`","events":[{"description":"Delivered","date":"2026-02-06T11:42:10+11:00"}]}]}]}`
		got, failure := parse([]byte(body), []string{"1"})
		if failure != nil {
			t.Fatal(failure)
		}
		tracking := got[0].Tracking
		if tracking.Header != (carriers.Header{Status: tt.want, Reason: tt.reason}) || tracking.Events[0].Status != tt.event {
			t.Errorf("%s: header %+v, scan %s", tt.status, tracking.Header, tracking.Events[0].Status)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   carriers.ErrorKind
	}{
		{"an invalid id", 200, `{"tracking_results":[{"tracking_id":"` + number + `","errors":[{"code":"ESB-10001"}]}]}`, carriers.ErrNotFound},
		{"a single error", 200, `{"tracking_results":[{"tracking_id":"` + number + `","errors":{"code":"ESB-10001"}}]}`, carriers.ErrNotFound},
		{"a product without tracking", 200, `{"tracking_results":[{"tracking_id":"` + number + `","errors":[{"code":"ESB-10002"}]}]}`, carriers.ErrBadRequest},
		{"an unknown error", 200, `{"tracking_results":[{"tracking_id":"` + number + `","errors":[{"code":"ESB-20050"}]}]}`, carriers.ErrUnavailable},
		{"not mentioned", 200, `{"tracking_results":[]}`, carriers.ErrMalformed},
		{"mentioned without a word", 200, `{"tracking_results":[{"tracking_id":"` + number + `"}]}`, carriers.ErrMalformed},
		{"too many ids", 400, `{"errors":[{"code":"51101","name":"TOO_MANY_AP_TRACKING_IDS"}]}`, carriers.ErrBadRequest},
		{"too many ids in a good answer", 200, `{"errors":[{"code":51101}]}`, carriers.ErrBadRequest},
		{"credentials", 401, `{"errors":[{"code":"API_001"}]}`, carriers.ErrAuth},
		{"not this account's", 403, `{"errors":[{"code":"API_003"}]}`, carriers.ErrForbidden},
		{"an error in a good answer", 200, `{"errors":[{"code":"x"}]}`, carriers.ErrUnavailable},
		{"another site's 404", 404, "<html></html>", carriers.ErrMalformed},
		{"another service's 404", 404, `{"title":"Not found"}`, carriers.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			got := New(server.Client()).Track(t.Context(), account(server.URL), []carriers.Parcel{{Number: number}})[0]
			if got.Err == nil || got.Err.Kind != tt.want || got.Err.HTTPStatus != tt.status {
				t.Errorf("%+v, want %s", got.Err, tt.want)
			}
		})
	}
}
