package shippo

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	token      = "shippo_live_0123456789abcdef"
	hookSecret = "whsec_demo"
	number     = "9205590164900000000017"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// account is one with all its credentials.
func account() carriers.Account {
	return carriers.Account{ID: "cra_1", Fields: map[string]string{"token": token, "webhook_secret": hookSecret}}
}

// specs ask for a parcel that Shippo follows already, and for a new one.
func specs(t testing.TB) map[string]carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	newest := strings.LastIndex(success, `"object_id": "a4"`)
	change := func(old, replacement string) carrierstest.Reply {
		if !strings.Contains(success[newest:], old) {
			t.Fatalf("%q is not in the newest scan", old)
		}
		return carrierstest.Reply{Status: http.StatusOK, Body: success[:newest] + strings.Replace(success[newest:], old, replacement, 1)}
	}
	followed := carrierstest.Spec{
		New:     func(c *http.Client) carriers.Carrier { return New(c) },
		Account: account(),
		Secrets: []string{token, hookSecret},
		Parcel:  carriers.Parcel{Number: number, Carrier: "usps", Service: "usps"},
		// A server sees that its caller has left only once it has read the question.
		Before: func(r *http.Request) *carrierstest.Reply {
			_, _ = io.Copy(io.Discard, r.Body) // the caller may have left
			return nil
		},
		Success:     carrierstest.Reply{Status: http.StatusOK, Body: success},
		NotFound:    carrierstest.Reply{Status: http.StatusNotFound, Body: `{"detail":"Nothing is there."}`},
		Auth:        carrierstest.Reply{Status: http.StatusUnauthorized, Body: `{"detail":"Wrong token."}`},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"detail":"Too fast."}`},
		UnknownCode: change(`"status": "DELIVERED"`, `"status": "BEAMED_UP"`),
		UnknownDate: change(`"status_date": "2026-03-06T15:48:00.250Z"`, `"status_date": "March 6th, before tea"`),
	}
	made := followed
	made.Parcel.Service = ""
	return map[string]carrierstest.Spec{"followed": followed, "made": made}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, spec := range specs(t) {
		t.Run(name, func(t *testing.T) { t.Parallel(); carrierstest.Run(t, spec) })
	}
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "half.json")))
	f.Add(http.StatusOK, []byte(fixture(f, "returned.json")))
	carrierstest.Fuzz(f, specs(f)["followed"])
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"delivered", "returned", "half"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".json")))
			if failure != nil {
				t.Fatal(failure)
			}
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
				t.Errorf("parse() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingKnownYet(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no status": `{"carrier":"ups","tracking_number":"1","tracking_status":null,"tracking_history":[]}`,
		"unknown":   `{"carrier":"ups","tracking_number":"1","tracking_status":{"status":"UNKNOWN","status_date":null}}`,
	} {
		got, failure := parse([]byte(body))
		if failure != nil {
			t.Errorf("%s: %v", name, failure)
			continue
		}
		if got.Service != "ups" || got.Header != (carriers.Header{}) || len(got.Events) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "ShippoToken "+token {
			t.Errorf("authorization %q", got)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if form := r.Header.Get("Content-Type") == "application/x-www-form-urlencoded"; form != (r.Method == http.MethodPost) {
			t.Errorf("%s has content of type %q", r.Method, r.Header.Get("Content-Type"))
		}
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		_, _ = io.WriteString(w, `{"carrier":"usps","tracking_number":"1"}`) // the client reads or the test fails
	}))
	defer server.Close()
	a := account()
	a.BaseURL = server.URL + "/v/"
	got := New(server.Client()).Track(t.Context(), a, []carriers.Parcel{
		{Number: "1 2&3", Carrier: "usps"},
		{Number: "a/b", Carrier: "usps", Service: "usps"},
		{Number: "1", Carrier: "dhl"},
		{Number: "SHIPPO_DELIVERED", Carrier: "shippo"},
		{Number: "1", Carrier: "shippo"},
		{Number: "1", Carrier: "gls"},
	})
	want := []string{
		"POST /v/tracks/ carrier=usps&tracking_number=1+2%263",
		"GET /v/tracks/usps/a%2Fb",
		"POST /v/tracks/ carrier=dhl_express&tracking_number=1",
		"POST /v/tracks/ carrier=shippo&tracking_number=SHIPPO_DELIVERED",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	for i, answer := range got[:4] {
		if answer.Err != nil || answer.Tracking.Service != "usps" {
			t.Errorf("answer %d: %+v", i, answer)
		}
	}
	for _, answer := range got[4:] {
		if answer.Err == nil || answer.Err.Kind != carriers.ErrBadRequest {
			t.Errorf("a carrier that Shippo must be told: %+v, want bad_request", answer)
		}
	}
}

func TestTestWithALiveToken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		want   bool // the token is good
	}{
		{"the test parcel is not shown", http.StatusNotFound, `{"detail":"Not here."}`, true},
		{"the test carrier is refused", http.StatusBadRequest, `{"carrier":["Not one of ours."]}`, true},
		{"another API", http.StatusBadRequest, `no`, false},
		{"not allowed", http.StatusForbidden, `{"detail":"No."}`, false},
		{"another method", http.StatusMethodNotAllowed, `{"detail":"No."}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(carrierstest.Reply{Status: tt.status, Body: tt.body})
			defer server.Close()
			a := account()
			a.BaseURL = server.URL
			if _, err := New(server.Client()).Test(t.Context(), a); (err == nil) != tt.want {
				t.Errorf("Test() = %v", err)
			}
		})
	}
}
