package sandbox

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

const (
	secret = "tok_0123456789abcdef"
	number = "SBX1000TEST0001"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
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

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "parcels.json")
	ok := func(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     carriers.Account{ID: "cra_1", Fields: map[string]string{"token": secret}},
		Secrets:     []string{secret},
		Parcel:      carriers.Parcel{Number: number},
		Success:     ok(success),
		NotFound:    ok(`{"parcels":[],"errors":[{"number":"` + number + `","code":"not_found","message":"No parcel has this number."}]}`),
		Auth:        carrierstest.Reply{Status: http.StatusUnauthorized, Body: `{"error":{"code":"unauthorized","message":"This token is not known."}}`},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"error":{"code":"throttled","message":"Asked too often."}}`},
		UnknownCode: ok(once(t, success, `"status": "out_for_delivery", "code"`, `"status": "beamed_up", "code"`)),
		UnknownDate: ok(once(t, success, `"time": "2026-03-04T09:15:00-03:00"`, `"time": "4 de março, às 9 horas"`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) { carrierstest.Fuzz(f, spec(f)) }

func TestTrackBatch(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		asked = append(asked, r.URL.String())
		body := `{"parcels":[{"number":"B","status":"delivered","status_at":"2026-03-04T09:15:00Z","events":[]}],"errors":[
			{"number":"a","code":"throttled","message":"Asked too often.","retry_after":2.5},
			{"number":"C","code":"forbidden"},{"number":"D","code":"invalid_number"},{"number":"E","code":"tired"}]}`
		_, _ = w.Write([]byte(body)) // the client reads or the test fails
	}))
	defer server.Close()
	account := carriers.Account{BaseURL: server.URL + "/", Fields: map[string]string{"token": secret}}
	numbers := []string{"E", "D", "C", "B", "A", "not mentioned"}
	parcels := make([]carriers.Parcel, len(numbers))
	for i, n := range numbers {
		parcels[i].Number = n
	}
	var got []string
	for _, answer := range New(server.Client()).Track(t.Context(), account, parcels) {
		if answer.Err != nil {
			got = append(got, string(answer.Err.Kind)+" "+answer.Err.After.String())
			continue
		}
		got = append(got, string(answer.Tracking.Header.Status)+" "+answer.Tracking.Header.At.Format(time.RFC3339))
	}
	want := []string{
		"unavailable 0s", "bad_request 0s", "forbidden 0s", "delivered 2026-03-04T09:15:00Z", "rate_limited 2.5s", "malformed 0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	wantAsked := []string{"/carrier/v1/parcels?numbers=E%2CD%2CC%2CB%2CA%2Cnot+mentioned"}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestTrackMoreThanABatch(t *testing.T) {
	t.Parallel()
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if n := strings.Count(r.URL.Query().Get("numbers"), ",") + 1; n > batch {
			t.Errorf("%d numbers in one call", n)
		}
		_, _ = w.Write([]byte(`{"parcels":[]}`)) // the client reads or the test fails
	}))
	defer server.Close()
	account := carriers.Account{BaseURL: server.URL, Fields: map[string]string{"token": secret}}
	if got := New(server.Client()).Track(t.Context(), account, make([]carriers.Parcel, 2*batch+1)); len(got) != 2*batch+1 || calls != 3 {
		t.Errorf("%d answers from %d calls, want %d from 3", len(got), calls, 2*batch+1)
	}
}
