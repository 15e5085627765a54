package canadapost

import (
	"encoding/json"
	"flag"
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
	username = "6e93d53968881714"
	password = "0bfa9fcb9853d1f51ee57a"
	number   = "4002710055319046"
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

func said(code, description string) string {
	return `<messages xmlns="http://www.canadapost.ca/ws/messages"><message><code>` + code + `</code><description>` +
		description + `</description></message></messages>`
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.xml")
	ok := func(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     carriers.Account{ID: "cra_1", Fields: map[string]string{"username": username, "password": password}},
		Secrets:     []string{password, "NmU5M2Q1Mzk2ODg4MTcxNDowYmZhOWZjYjk4NTNkMWY1MWVlNTdh"},
		Parcel:      carriers.Parcel{Number: number},
		XML:         true,
		Success:     ok(success),
		NotFound:    carrierstest.Reply{Status: http.StatusNotFound, Body: said("004", "No PIN History")},
		Auth:        carrierstest.Reply{Status: http.StatusUnauthorized, Body: said("E002", "AAA Authentication Failure")},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: said("Server", "Rejected by SLM Monitor")},
		UnknownCode: ok(once(t, success, ">20<", ">9999<")),
		UnknownDate: ok(once(t, success, ">2026-03-13<", ">the day after<")),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "pickup.xml")))
	f.Add(http.StatusInternalServerError, []byte(said("Server", "Rejected by SLM Monitor")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"delivered", "pickup", "half", "unseen"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".xml")), "4002 71")
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

func TestRequest(t *testing.T) {
	t.Parallel()
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(r.Context())
		http.Error(w, "", http.StatusBadGateway)
	}))
	defer server.Close()
	account := carriers.Account{BaseURL: server.URL + "/ct/", Fields: map[string]string{"username": username, "password": password}}
	New(server.Client()).Track(t.Context(), account, []carriers.Parcel{{Number: "1 2/3?"}})
	if got == nil {
		t.Fatal("no request came")
	}
	if want := "/ct/vis/track/pin/1%202%2F3%3F/detail"; got.URL.String() != want || got.Method != http.MethodGet {
		t.Errorf("%s %s, want GET %s", got.Method, got.URL, want)
	}
	if user, pass, _ := got.BasicAuth(); user != username || pass != password {
		t.Errorf("credentials %s:%s", user, pass)
	}
	for name, want := range map[string]string{"Accept": "application/vnd.cpc.track-v2+xml", "Accept-Language": "en-CA"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
}
