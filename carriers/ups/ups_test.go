package ups

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
	secret = "ups_secret_0123456789abcdef"
	token  = "ups_token_0123456789abcdef"
	number = "1Z999AA10123456784"
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
	return carrierstest.Reply{Status: status, Body: `{"response":{"errors":[{"code":"` + code + `","message":"No."}]}}`}
}

// before hands out tokens.
func before(r *http.Request) *carrierstest.Reply {
	if !strings.HasSuffix(r.URL.Path, "/security/v1/oauth/token") {
		return nil
	}
	reply := ok(`{"token_type":"Bearer","issued_at":"1772000000000","access_token":"` + token + `","expires_in":"14399","status":"approved"}`)
	return &reply
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"client_id": "id", "client_secret": secret}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	return carrierstest.Spec{
		New:      func(c *http.Client) carriers.Carrier { return New(c) },
		Account:  account(""),
		Secrets:  []string{secret, token},
		Parcel:   carriers.Parcel{Number: number},
		Before:   before,
		Success:  ok(success),
		NotFound: ok(`{"trackResponse":{"shipment":[{"warnings":[{"code":"TW0001","message":"Tracking Information Not Found"}]}]}}`),
		Auth:     refusalOf(http.StatusUnauthorized, "250002"),
		Limited:  refusalOf(http.StatusTooManyRequests, "10429"),
		UnknownCode: ok(once(t, success, `"code": "F4", "statusCode": "011"`,
			`"code": "F4", "statusCode": "999"`)),
		UnknownDate: ok(once(t, success, `"date": "20260305", "time": "141210"`, `"date": "5th of March", "time": "after lunch"`)),
	}
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
	for _, name := range []string{"delivered", "customs"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".json")), carriers.Parcel{Number: "1z999aa1 0123456784"})
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
	ids := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls = append(calls, strings.Join([]string{
			r.Method, r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("transactionSrc"), string(body),
		}, "|"))
		if reply := before(r); reply != nil {
			reply.ServeHTTP(w, r)
			return
		}
		ids[r.Header.Get("transId")] = true
		http.Error(w, "{}", http.StatusBadGateway)
	}))
	defer server.Close()
	New(server.Client()).Track(t.Context(), account(server.URL+"/ups/"), []carriers.Parcel{{Number: "1Z/2 3"}, {Number: "1Z4"}})
	const query = "?locale=en_US&returnMilestones=false&returnPOD=false&returnSignature=false"
	want := []string{
		"POST|/ups/security/v1/oauth/token|Basic aWQ6dXBzX3NlY3JldF8wMTIzNDU2Nzg5YWJjZGVm|application/x-www-form-urlencoded||grant_type=client_credentials",
		"GET|/ups/api/track/v1/details/1Z%2F2%203" + query + "|Bearer " + token + "||tillpost|",
		"GET|/ups/api/track/v1/details/1Z4" + query + "|Bearer " + token + "||tillpost|",
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if len(ids) != 2 || ids[""] {
		t.Errorf("ids of transactions %v, want one of its own for each call", ids)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
	}{
		{"refused", refusalOf(http.StatusUnauthorized, "10401"), carriers.ErrAuth},
		{"a client id that is none", refusalOf(http.StatusBadRequest, "10400"), carriers.ErrAuth},
		{"an app without tracking", refusalOf(http.StatusForbidden, "1"), carriers.ErrAuth},
		{"throttled", refusalOf(http.StatusTooManyRequests, "10429"), carriers.ErrRateLimited},
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
