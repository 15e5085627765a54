package laposte

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
	key    = "okapi/0123456789abcdef=="
	number = "6A12345678901"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// once replaces the first occurrence, which must exist.
func once(t testing.TB, s, old, replacement string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("%q is not in the fixture", old)
	}
	return strings.Replace(s, old, replacement, 1)
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"api_key": key}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(fixture(t, "batch.json")), &elements); err != nil {
		t.Fatal(err)
	}
	success := string(elements[0])
	reply := func(status int, body string) carrierstest.Reply {
		return carrierstest.Reply{Status: status, Body: body}
	}
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     account(""),
		Secrets:     []string{key},
		Parcel:      carriers.Parcel{Number: number},
		Success:     reply(http.StatusOK, success),
		NotFound:    reply(http.StatusNotFound, `{"returnCode":404,"returnMessage":"Ressource non trouvée","idShip":"`+number+`"}`),
		Auth:        reply(http.StatusUnauthorized, `{"code":"UNAUTHORIZED","message":"BAD_APP_KEY"}`),
		Limited:     reply(http.StatusTooManyRequests, `{"code":"TOO_MANY_REQUESTS","message":"max quota reached"}`),
		UnknownCode: reply(http.StatusOK, once(t, success, `"DI1"`, `"DI9"`)),
		UnknownDate: reply(http.StatusOK, once(t, success, `"date": "2026-05-06T11:02:00+02:00"`, `"date": "mercredi à 11 h"`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusMultiStatus, []byte(fixture(f, "batch.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	numbers := []string{"lx000012345fr", number, "6A12345678918", "123", "not mentioned"}
	got, failure := parse([]byte(fixture(t, "batch.json")), numbers, http.StatusMultiStatus)
	if failure != nil {
		t.Fatal(failure)
	}
	for _, answer := range got {
		if answer.Err != nil {
			answer.Err.Raw = nil
			continue
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

// TestRequest asks for more than a batch, of which one number is refused.
func TestRequest(t *testing.T) {
	t.Parallel()
	var urls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		urls = append(urls, r.Method+" "+r.URL.String())
		if r.Header.Get("X-Okapi-Key") != key {
			t.Errorf("headers %v", r.Header)
		}
		id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		switch id {
		case "A,B,A,A,A,A,A,A,A,A":
			_, _ = w.Write([]byte(`[{"returnCode":200,"shipment":{"idShip":"B","event":[]}},{"returnCode":404,"idShip":"A"}]`))
		case "B":
			_, _ = w.Write([]byte(`{"returnCode":200,"shipment":{"idShip":"B","event":[]}}`))
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"returnCode":400,"returnMessage":"Invalide","idShip":"x"}`))
		}
	}))
	defer server.Close()
	parcels := make([]carriers.Parcel, 12)
	for i := range parcels {
		parcels[i].Number = "A"
	}
	parcels[1].Number, parcels[10].Number, parcels[11].Number = "B", "1/2,3?", "B"
	var kinds []string
	for _, answer := range New(server.Client()).Track(t.Context(), account(server.URL+"/"), parcels) {
		kind := "tracking"
		if answer.Err != nil {
			kind = string(answer.Err.Kind)
		}
		kinds = append(kinds, kind)
	}
	want := slices.Concat([]string{"not_found", "tracking"}, slices.Repeat([]string{"not_found"}, 8), []string{"bad_request", "tracking"})
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	wantURLs := []string{
		"GET /suivi/v2/idships/A,B,A,A,A,A,A,A,A,A?lang=fr_FR",
		"GET /suivi/v2/idships/1%2F2%2C3%3F,B?lang=fr_FR",
		"GET /suivi/v2/idships/1%2F2%2C3%3F?lang=fr_FR",
		"GET /suivi/v2/idships/B?lang=fr_FR",
	}
	if diff := cmp.Diff(wantURLs, urls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		codes  string
		want   carriers.Status
		reason carriers.Reason
	}{
		{"DR1", carriers.StatusInfoReceived, ""},
		{"PC1 PC2", carriers.StatusPickedUp, ""},
		{"ET1 et2 ET3 ET4 EP1 DO2 PB2", carriers.StatusInTransit, ""},
		{"DO1", carriers.StatusInTransit, carriers.ReasonCustoms},
		{"DO3", carriers.StatusException, carriers.ReasonCustoms},
		{"PB1", carriers.StatusException, ""},
		{"MD2", carriers.StatusOutForDelivery, ""},
		{"ND1 AN1", carriers.StatusDeliveryFailed, ""},
		{"AG1", carriers.StatusAvailableForPickup, ""},
		{"RE1", carriers.StatusReturning, ""},
		{"DI1", carriers.StatusDelivered, ""},
		{"DI2", carriers.StatusReturned, ""}, // to the sender
		{"DI3 DI D DI11 200", carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		for code := range strings.FieldsSeq(tt.codes) {
			if got := meaningOf(code); got.status != tt.want || got.reason != tt.reason {
				t.Errorf("meaningOf(%q) = %v, want %s %s", code, got, tt.want, tt.reason)
			}
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
		{"unknown", 404, `{"returnCode":404,"idShip":"1"}`, carriers.ErrNotFound},
		{"unknown in a good answer", 200, `{"returnCode":"404"}`, carriers.ErrNotFound},
		{"unknown in a list", 207, `[{"returnCode":404,"idShip":"` + number + `"}]`, carriers.ErrNotFound},
		{"no number", 400, `{"returnCode":400,"returnMessage":"Invalide"}`, carriers.ErrBadRequest},
		{"no number, without a body", 400, ``, carriers.ErrBadRequest},
		{"a key in a good answer", 200, `{"code":"UNAUTHORIZED","message":"BAD_APP_KEY"}`, carriers.ErrAuth},
		{"a key", 401, `{"returnCode":401}`, carriers.ErrAuth},
		{"a product without a contract", 403, `{"code":"FORBIDDEN"}`, carriers.ErrForbidden},
		{"a failure in a good answer", 200, `{"returnCode":500,"returnMessage":"Erreur"}`, carriers.ErrUnavailable},
		{"a timeout behind it", 504, `{"returnCode":504}`, carriers.ErrUnavailable},
		{"an unknown code", 200, `{"returnCode":104}`, carriers.ErrUnavailable},
		{"good, without a word", 200, `{"returnCode":200}`, carriers.ErrMalformed},
		{"good, with an odd word", 200, `{"returnCode":200,"shipment":7}`, carriers.ErrMalformed},
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
			if got.Err == nil || got.Err.Kind != tt.want {
				t.Errorf("%+v, want %s", got.Err, tt.want)
			}
		})
	}
}
