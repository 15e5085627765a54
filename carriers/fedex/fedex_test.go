package fedex

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	secret = "fedex_secret_0123456789abcdef"
	token  = "fedex_token_0123456789abcdef"
	number = "794600000001"
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

func ok(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }

func refusalOf(status int, code string) carrierstest.Reply {
	return carrierstest.Reply{Status: status, Body: `{"transactionId":"1","errors":[{"code":"` + code + `","message":"No."}]}`}
}

// before hands out tokens. Of a question it takes the body: until that is read, a
// server does not notice that the caller has left.
func before(r *http.Request) *carrierstest.Reply {
	if !strings.HasSuffix(r.URL.Path, "/oauth/token") {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return nil
	}
	reply := ok(`{"access_token":"` + token + `","token_type":"bearer","expires_in":3599,"scope":"CXS-TP"}`)
	return &reply
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"client_id": "id", "client_secret": secret}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "legs.json")
	return carrierstest.Spec{
		New:      func(c *http.Client) carriers.Carrier { return New(c) },
		Account:  account(""),
		Secrets:  []string{secret, token},
		Parcel:   carriers.Parcel{Number: number},
		Before:   before,
		Success:  ok(success),
		NotFound: ok(said(`{"error":{"code":"TRACKING.TRACKINGNUMBER.NOTFOUND","message":"Tracking number cannot be found."}}`)),
		Auth:     refusalOf(http.StatusUnauthorized, "NOT.AUTHORIZED.ERROR"),
		Limited:  refusalOf(http.StatusTooManyRequests, "TOO.MANY.REQUESTS"),
		UnknownCode: ok(once(t, success, `"eventType": "DL", "derivedStatusCode": "DL"`,
			`"eventType": "ZZ", "derivedStatusCode": "ZZ"`)),
		UnknownDate: ok(once(t, success, `{
                "date": "2026-03-10T14:05:00-07:00"`, `{"date": "the tenth of March"`)),
	}
}

// said is an answer about the number.
func said(result string) string {
	return `{"output":{"completeTrackResults":[{"trackingNumber":"` + number + `","trackResults":[` + result + `]}]}}`
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "customs.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	before := time.Date(2025, 1, 10, 0, 0, 0, 0, time.UTC) // the number's first parcel
	for name, asked := range map[string]struct {
		file  string
		since time.Time
	}{"legs": {"legs", time.Time{}}, "reused": {"legs", before}, "customs": {"customs", before}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, failure := read([]byte(fixture(t, asked.file+".json")))
			if failure != nil {
				t.Fatal(failure)
			}
			answer := found.answer(carriers.Parcel{Number: "7946 0000 0001", Since: asked.since})
			if answer.Err != nil {
				t.Fatal(answer.Err)
			}
			got := answer.Tracking
			got.Raw = nil
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, append(text, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(fixture(t, name+".golden.json"), string(text)+"\n"); diff != "" {
				t.Errorf("read() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var calls []string
	ids := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, strings.Join([]string{
			r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("X-Locale"), string(body),
		}, "|"))
		if reply := before(r); reply != nil {
			reply.ServeHTTP(w, r)
			return
		}
		ids[r.Header.Get("X-Customer-Transaction-Id")] = true
		http.Error(w, "{}", http.StatusBadGateway)
	}))
	defer server.Close()
	parcels := make([]carriers.Parcel, batch+1)
	for i := range parcels {
		parcels[i].Number = "1"
	}
	parcels[batch].Number = `2 "3`
	got := New(server.Client()).Track(t.Context(), account(server.URL+"/fedex/"), parcels)
	info := func(number string) string { return `{"trackingNumberInfo":{"trackingNumber":"` + number + `"}}` }
	many := info("1") + strings.Repeat(","+info("1"), batch-1)
	const head = "POST|/fedex/track/v1/trackingnumbers|Bearer " + token + "|application/json|en_US|" + `{"includeDetailedScans":true,"trackingInfo":[`
	want := []string{
		"POST|/fedex/oauth/token||application/x-www-form-urlencoded||client_id=id&client_secret=" + secret + "&grant_type=client_credentials",
		head + many + "]}",
		head + info(`2 \"3`) + "]}",
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if len(ids) != 2 || ids[""] || len(got) != len(parcels) {
		t.Errorf("%d answers; ids of transactions %v, want one of its own for each call", len(got), ids)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
	}{
		{"refused", refusalOf(http.StatusUnauthorized, "NOT.AUTHORIZED.ERROR"), carriers.ErrAuth},
		{"a client id that is none", refusalOf(http.StatusBadRequest, "BAD.REQUEST.ERROR"), carriers.ErrAuth},
		{"an app without tracking", refusalOf(http.StatusForbidden, "FORBIDDEN.ERROR"), carriers.ErrAuth},
		{"throttled", refusalOf(http.StatusTooManyRequests, "X"), carriers.ErrRateLimited},
		{"shut out", carrierstest.Reply{Status: http.StatusForbidden, Body: "<html>"}, carriers.ErrRateLimited},
		{"an outage", carrierstest.Reply{Status: http.StatusServiceUnavailable}, carriers.ErrUnavailable},
		{"another host", carrierstest.Reply{Status: http.StatusNotFound, Body: "<html>"}, carriers.ErrMalformed},
		{"no token", ok(`{"token":"` + token + `"}`), carriers.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.reply)
			defer server.Close()
			got := New(server.Client()).Track(t.Context(), account(server.URL), make([]carriers.Parcel, 1))[0].Err
			if got == nil || got.Kind != tt.want {
				t.Fatalf("error = %v, want %s", got, tt.want)
			}
			if strings.Contains(string(got.Raw), token) {
				t.Error("the error gives the token away")
			}
		})
	}
}
