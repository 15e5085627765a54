package gls

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	username = "appkey0123456789"
	password = "appsecret0123456789"
	token    = "eyJhbGciOiJub25lIn0.e30.c2lnbmVk"
	number   = "604800000017"
	login    = "/oauth2/v2/token"
	granted  = `{"access_token":"` + token + `","token_type":"Bearer","expires_in":14400}`
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
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"username": username, "password": password}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "batch.json")
	reply := func(status int, body string) carrierstest.Reply {
		return carrierstest.Reply{Status: status, Body: body}
	}
	return carrierstest.Spec{
		New:     func(c *http.Client) carriers.Carrier { return New(c) },
		Account: account(""),
		Secrets: []string{password, token},
		Parcel:  carriers.Parcel{Number: number},
		Before: func(r *http.Request) *carrierstest.Reply {
			if !strings.HasSuffix(r.URL.Path, login) {
				return nil
			}
			return &carrierstest.Reply{Status: http.StatusOK, Body: granted}
		},
		Success:  reply(http.StatusOK, success),
		NotFound: reply(http.StatusOK, `{"parcels":[{"requested":"`+number+`","errorCode":"E_404_01","errorMessage":"Resource Not Found"}]}`),
		Auth: reply(http.StatusUnauthorized,
			`{"fault":{"faultstring":"Invalid token","detail":{"errorcode":"steps.jwt.InvalidToken"}}}`),
		Limited: reply(http.StatusTooManyRequests,
			`{"fault":{"faultstring":"Quota limit exceeded","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}`),
		UnknownCode: reply(http.StatusOK, once(t, success, `"DELIVD.NORMAL"`, `"DELIVD.BEAMED_UP"`)),
		UnknownDate: reply(http.StatusOK, once(t, success, `"eventDateTime": "2026-03-05T14:12:40+0100"`, `"eventDateTime": "after lunch"`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) { carrierstest.Fuzz(f, spec(f)) }

func TestParse(t *testing.T) {
	t.Parallel()
	numbers := []string{"zx00test", number, "60480000001", "60480000099", "60480000004", "60480000005", "not mentioned"}
	got, failure := parse([]byte(fixture(t, "batch.json")), numbers)
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

// TestRequest asks for more than a batch: one login serves all calls.
func TestRequest(t *testing.T) {
	t.Parallel()
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls = append(calls, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		if strings.HasSuffix(r.URL.Path, login) {
			if user, pass, _ := r.BasicAuth(); user != username || pass != password {
				t.Errorf("credentials %s:%s", user, pass)
			}
			_, _ = w.Write([]byte(granted))
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+token || r.Header.Get("Accept-Language") != "EN" {
			t.Errorf("headers %v", r.Header)
		}
		if strings.Contains(r.URL.EscapedPath(), "%") {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = w.Write([]byte(`{"parcels":[{"requested":"A","errorCode":"E_404_01"}]}`))
	}))
	defer server.Close()
	parcels := slices.Repeat([]carriers.Parcel{{Number: "A"}}, batch)
	parcels = append(parcels, carriers.Parcel{Number: "1/2,3?"}, carriers.Parcel{Number: "A"})
	if answers := New(server.Client()).Track(t.Context(), account(server.URL+"/gls/"), parcels); len(answers) != len(parcels) {
		t.Errorf("%d answers to %d questions", len(answers), len(parcels))
	}
	want := []string{
		"POST /gls/oauth2/v2/token grant_type=client_credentials",
		"GET /gls/track-and-trace-v1/tracking/simple/trackids/A,A,A,A,A,A,A,A,A,A",
		"GET /gls/track-and-trace-v1/tracking/simple/trackids/1%2F2%2C3%3F,A",
		"GET /gls/track-and-trace-v1/tracking/simple/trackids/1%2F2%2C3%3F", // refused together, so asked for one by one
		"GET /gls/track-and-trace-v1/tracking/simple/trackids/A",
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]carriers.Status{
		"INTIAL.PREADVICE": carriers.StatusInfoReceived, "INTIAL.E48_DATA": carriers.StatusInfoReceived, //nolint:misspell // GLS does
		"INTIAL.NORMAL": carriers.StatusPickedUp, "OUTBOD.NORMAL": carriers.StatusInTransit, //nolint:misspell // GLS does
		"inboud.normal": carriers.StatusInTransit, "OUTDEL.NORMAL": carriers.StatusOutForDelivery,
		"DELIVD.NORMAL": carriers.StatusDelivered, "DELIVD.PARCELSHOP": carriers.StatusAvailableForPickup,
		"DELIVD.OTHER": carriers.StatusInfo, "DELIVD": carriers.StatusInfo, "DELIVERED": carriers.StatusInfo, "": carriers.StatusInfo,
	} {
		if got := meaningOf(code); got != want {
			t.Errorf("meaningOf(%q) = %s, want %s", code, got, want)
		}
	}
	for status, want := range map[string]carriers.Status{
		"PLANNEDPICKUP": carriers.StatusInfoReceived, "INPICKUP": carriers.StatusInfoReceived,
		"NOTPICKEDUP": carriers.StatusInfoReceived, "PREADVICE": carriers.StatusInfoReceived,
		"INTRANSIT": carriers.StatusInTransit, "INWAREHOUSE": carriers.StatusInTransit, "INDELIVERY": carriers.StatusOutForDelivery,
		"DELIVEREDPS": carriers.StatusAvailableForPickup, "DELIVERED": carriers.StatusDelivered,
		"NOTDELIVERED": carriers.StatusDeliveryFailed, "CANCELED": carriers.StatusCanceled,
		"FINAL": "", "SOMETHING": "",
	} {
		if got := (parcel{Status: text(status)}).tracking(nil).Header.Status; got != want {
			t.Errorf("status %s means %q, want %q", status, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	fault := func(code string) string { return `{"fault":{"faultstring":"x","detail":{"errorcode":"` + code + `"}}}` }
	tests := []struct {
		name     string
		login    carrierstest.Reply
		question carrierstest.Reply
		want     carriers.ErrorKind
	}{
		{"unknown", carrierstest.Reply{}, carrierstest.Reply{Status: 200, Body: `{"parcels":[{"requested":"1","errorCode":"E_404_01"}]}`}, carriers.ErrNotFound},
		{"no number", carrierstest.Reply{}, carrierstest.Reply{Status: 200, Body: `{"parcels":[{"requested":"1","errorCode":"E_400_01"}]}`}, carriers.ErrBadRequest},
		{"a failure of one parcel", carrierstest.Reply{}, carrierstest.Reply{Status: 200, Body: `{"parcels":[{"requested":"1","errorCode":"E_500_01"}]}`}, carriers.ErrUnavailable},
		{"an unknown error", carrierstest.Reply{}, carrierstest.Reply{Status: 200, Body: `{"parcels":[{"requested":"1","errorCode":"E_9"}]}`}, carriers.ErrUnavailable},
		{"not mentioned", carrierstest.Reply{}, carrierstest.Reply{Status: 200, Body: `{"parcels":[]}`}, carriers.ErrMalformed},
		{"the quota", carrierstest.Reply{}, carrierstest.Reply{Status: 403, Body: fault("policies.ratelimit.QuotaViolation")}, carriers.ErrRateLimited},
		{"an ended token", carrierstest.Reply{}, carrierstest.Reply{Status: 500, Body: fault("steps.jwt.TokenExpired")}, carriers.ErrAuth},
		{"another address", carrierstest.Reply{}, carrierstest.Reply{Status: 404, Body: `{"type":"about:blank","title":"Not Found","status":404}`}, carriers.ErrMalformed},
		{"a bad question", carrierstest.Reply{}, carrierstest.Reply{Status: 400, Body: `{"title":"Bad Request","status":400}`}, carriers.ErrBadRequest},
		{"refused credentials", carrierstest.Reply{Status: 400, Body: `{"errors":[{"message":"Invalid client identifier","type":"400"}]}`}, carrierstest.Reply{}, carriers.ErrAuth},
		{"refused credentials, otherwise", carrierstest.Reply{Status: 401, Body: `{}`}, carrierstest.Reply{}, carriers.ErrAuth},
		{"another host's login", carrierstest.Reply{Status: 404, Body: `<html></html>`}, carrierstest.Reply{}, carriers.ErrMalformed},
		{"another host's good login", carrierstest.Reply{Status: 200, Body: `<html></html>`}, carrierstest.Reply{}, carriers.ErrMalformed},
		{"no token", carrierstest.Reply{Status: 200, Body: `{"expires_in":1}`}, carrierstest.Reply{}, carriers.ErrMalformed},
		{"no login today", carrierstest.Reply{Status: 503, Body: ``}, carrierstest.Reply{}, carriers.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case !strings.HasSuffix(r.URL.Path, login):
					tt.question.ServeHTTP(w, r)
				case tt.login.Status != 0:
					tt.login.ServeHTTP(w, r)
				default:
					_, _ = w.Write([]byte(granted))
				}
			}))
			defer server.Close()
			got := New(server.Client()).Track(t.Context(), account(server.URL), []carriers.Parcel{{Number: "1"}})[0]
			if got.Err == nil || got.Err.Kind != tt.want {
				t.Errorf("%+v, want %s", got.Err, tt.want)
			}
		})
	}
}

// TestToken has a token end early, and an odd life of one.
func TestToken(t *testing.T) {
	t.Parallel()
	var logins, questions atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, login) {
			logins.Add(1)
			_, _ = w.Write([]byte(strings.Replace(granted, "14400", `"soon"`, 1)))
			return
		}
		if questions.Add(1) == 2 {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(`{"parcels":[{"requested":"A","status":"INTRANSIT"}]}`))
	}))
	defer server.Close()
	carrier := New(server.Client())
	for range 3 {
		if got := carrier.Track(t.Context(), account(server.URL), []carriers.Parcel{{Number: "A"}})[0]; got.Err != nil {
			t.Fatal(got.Err)
		}
	}
	if logins.Load() != 2 || questions.Load() != 4 {
		t.Errorf("%d logins for %d questions, want 2 for 4", logins.Load(), questions.Load())
	}
}
