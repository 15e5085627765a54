package usps

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	secret = "usps_secret_0123456789abcdef"
	token  = "usps_token_0123456789abcdef"
	number = "9400100000000000000017"
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

func refusalOf(status int) carrierstest.Reply {
	code := strconv.Itoa(status)
	return carrierstest.Reply{Status: status, Body: `{"apiVersion":"v3.2.6","error":{"code":"` + code + `","message":"No.","errors":[
		{"status":"` + code + `","code":"150001","title":"No","detail":"No, not that.","source":{"parameter":"trackingNumber"}}]}}`}
}

// before hands out tokens.
func before(r *http.Request) *carrierstest.Reply {
	if !strings.HasSuffix(r.URL.Path, "/oauth2/v3/token") {
		return nil
	}
	reply := ok(`{"access_token":"` + token + `","token_type":"Bearer","issued_at":1772000000000,"expires_in":28799,"scope":"addresses tracking"}`)
	return &reply
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"client_id": "id", "client_secret": secret}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     account(""),
		Secrets:     []string{secret, token},
		Parcel:      carriers.Parcel{Number: number},
		Before:      before,
		Success:     ok(success),
		NotFound:    refusalOf(http.StatusNotFound),
		Auth:        refusalOf(http.StatusUnauthorized),
		Limited:     refusalOf(http.StatusTooManyRequests),
		UnknownCode: ok(once(t, success, `"eventCode": "01"`, `"eventCode": "Q7"`)),
		UnknownDate: ok(once(t, success, `"eventTimestamp": "2026-03-06T12:41:00"`, `"eventTimestamp": "around noon"`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "alert.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"delivered", "alert"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".json")), "9400 1000 0000 0000 0000 17")
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
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, strings.Join([]string{
			r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body),
		}, "|"))
		if reply := before(r); reply != nil {
			reply.ServeHTTP(w, r)
			return
		}
		http.Error(w, "{}", http.StatusBadGateway)
	}))
	defer server.Close()
	New(server.Client()).Track(t.Context(), account(server.URL+"/usps/"), []carriers.Parcel{{Number: "94/0 0"}, {Number: "9401"}})
	want := []string{
		"POST|/usps/oauth2/v3/token||application/x-www-form-urlencoded|client_id=id&client_secret=" + secret + "&grant_type=client_credentials&scope=tracking",
		"GET|/usps/tracking/v3/tracking/94%2F0%200?expand=DETAIL|Bearer " + token + "||",
		"GET|/usps/tracking/v3/tracking/9401?expand=DETAIL|Bearer " + token + "||",
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
