package dhlparcelde

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	key      = "gatewaykey0123456789"
	secret   = "gatewaysecret0123"
	username = "zt_account"
	password = `p&ss"wörd<1>`
	number   = "00340434777700000017"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// last replaces the last occurrence before the mark, which must exist.
func last(t testing.TB, s, old, replacement, mark string) string {
	t.Helper()
	end := strings.Index(s, mark)
	at := strings.LastIndex(s[:max(end, 0)], old)
	if at < 0 {
		t.Fatalf("%q is not in the fixture before %q", old, mark)
	}
	return s[:at] + replacement + s[at+len(old):]
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{
		"api_key": key + ":" + secret, "username": username, "password": password,
	}}
}

func said(code string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><data request-id="1"><data name="piece-shipment-list" code="` + code + `" error="x"/></data>`
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "batch.xml")
	ok := func(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }
	const first = `error-status="100"` // begins the second parcel
	return carrierstest.Spec{
		New:     func(c *http.Client) carriers.Carrier { return New(c) },
		Account: account(""),
		Secrets: []string{
			key, secret, password, url.QueryEscape(password), "p&amp;ss&#34;wörd&lt;1&gt;", url.QueryEscape("p&amp;ss&#34;wörd&lt;1&gt;"),
		},
		Parcel:      carriers.Parcel{Number: number},
		XML:         true,
		Success:     ok(strings.Replace(success, "29.03.2026 02:30", "29.03.2026 03:30", 1)),
		NotFound:    ok(said("100")),
		Auth:        ok(said("5")),
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"title":"Too Many Requests","status":429}`},
		UnknownCode: ok(last(t, success, `ice="DLVRD"`, `ice="BEAMD"`, first)),
		UnknownDate: ok(last(t, success, `event-timestamp="30.03.2026 12:41"`, `event-timestamp="30. März, mittags"`, first)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) { carrierstest.Fuzz(f, spec(f)) }

func TestParse(t *testing.T) {
	t.Parallel()
	numbers := []string{"00340434777700000048", "340434777700000017", "00340434777700000024", "0034 0434 7777 0000 0031", "not mentioned"}
	got, failure := parse([]byte(fixture(t, "batch.xml")), numbers)
	if failure != nil {
		t.Fatal(failure)
	}
	for _, answer := range got {
		if answer.Err != nil {
			answer.Err.Raw = nil
			continue
		}
		if raw := string(answer.Tracking.Raw); !strings.HasPrefix(raw, "<data name=") || strings.Count(raw, "piece-shipment") != 1 {
			t.Errorf("raw answer of one parcel: %s", raw)
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
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("xml"))
		if r.Method != http.MethodGet || r.URL.Path != "/dhl/parcel/de/tracking/v0/shipments" || len(r.URL.Query()) != 1 {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		user, pass, _ := r.BasicAuth()
		if user != key || pass != secret || r.Header.Get("DHL-API-Key") != key || r.Header.Get("Accept") != "application/xml" {
			t.Errorf("headers %v", r.Header)
		}
		code := "0"
		if strings.Contains(r.URL.RawQuery, "%22bad") || strings.Contains(r.URL.RawQuery, "%3Bbad") {
			code = "41"
		}
		_, _ = w.Write([]byte(said(code)))
	}))
	defer server.Close()
	parcels := slices.Repeat([]carriers.Parcel{{Number: "1"}}, batch)
	parcels = append(parcels, carriers.Parcel{Number: `2"<`}, carriers.Parcel{Number: "bad"})
	answers := New(server.Client()).Track(t.Context(), account(server.URL+"/dhl/"), parcels)
	if len(answers) != len(parcels) || answers[batch+1].Err.Kind != carriers.ErrBadRequest || answers[batch].Err.Kind != carriers.ErrMalformed {
		t.Errorf("answers %+v", answers)
	}
	question := func(numbers string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><data appname="zt_account" language-code="en" password="p&amp;ss&#34;wörd&lt;1&gt;" piece-code="` +
			numbers + `" request="d-get-piece-detail"></data>`
	}
	want := []string{
		question(strings.Repeat("1;", batch-1) + "1"), question(`2&#34;&lt;;bad`),
		question(`2&#34;&lt;`), question("bad"), // refused together, so asked for one by one
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestKeyWithoutSecret(t *testing.T) {
	t.Parallel()
	if key, secret := (credentials{app: " k "}).gateway(); key != "k" || secret != "" {
		t.Errorf("gateway() = %q, %q", key, secret)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	piece := func(code string) string {
		return `<data code="0"><data name="piece-shipment" piece-code="` + number + `" error-status="` + code + `"/></data>`
	}
	tests := []struct {
		name   string
		status int
		body   string
		want   carriers.ErrorKind
	}{
		{"no data", 200, said("100"), carriers.ErrNotFound},
		{"no data of one parcel", 200, piece("100"), carriers.ErrNotFound},
		{"no electronic data", 200, said("200"), carriers.ErrNotFound},
		{"login failed", 200, said("5"), carriers.ErrAuth},
		{"login blocked", 200, said("6"), carriers.ErrAuth},
		{"not authorised", 200, said("62"), carriers.ErrAuth},
		{"the right to ask is missing", 200, said("64"), carriers.ErrForbidden},
		{"a check digit", 200, said("41"), carriers.ErrBadRequest},
		{"a check digit of one parcel", 200, piece("41"), carriers.ErrBadRequest},
		{"no database", 200, said("-1"), carriers.ErrUnavailable},
		{"a failure", 200, said("-1000"), carriers.ErrUnavailable},
		{"unknown", 200, said("4711"), carriers.ErrUnavailable},
		{"good, without a word", 200, said("0"), carriers.ErrMalformed},
		{"another list", 200, `<data/>`, carriers.ErrMalformed},
		{"the gateway's key", 401, `{"title":"Unauthorized","status":401}`, carriers.ErrAuth},
		{"an app without the API", 403, `{"title":"Forbidden","status":403}`, carriers.ErrForbidden},
		{"another address", 404, `{"title":"Not found","status":404}`, carriers.ErrMalformed},
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
