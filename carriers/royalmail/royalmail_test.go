package royalmail

import (
	"encoding/json"
	"flag"
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
	secret = "royalmail_secret_0123456789abcdef"
	number = "QQ123456785GB"
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
	return carrierstest.Reply{Status: status, Body: `{"httpCode":"` + strconv.Itoa(status) + `","httpMessage":"No","errors":[
		{"errorCode":"E0000","errorDescription":"No","errorCause":"No","errorResolution":"Ask for something else"}]}`}
}

func account(base string) carriers.Account {
	return carriers.Account{ID: "cra_1", BaseURL: base, Fields: map[string]string{"client_id": "id", "client_secret": secret}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	head, events, _ := strings.Cut(success, `"events": [`)
	return carrierstest.Spec{
		New:      func(c *http.Client) carriers.Carrier { return New(c) },
		Account:  account(""),
		Secrets:  []string{secret},
		Parcel:   carriers.Parcel{Number: number},
		Success:  ok(success),
		NotFound: refusalOf(http.StatusNotFound),
		Auth: carrierstest.Reply{Status: http.StatusUnauthorized,
			Body: `{"httpCode":"401","httpMessage":"Unauthorized","moreInformation":"Invalid client id or secret."}`},
		Limited:     refusalOf(http.StatusTooManyRequests),
		UnknownCode: ok(once(t, success, `{"eventCode": "EVORI"`, `{"eventCode": "EVXYZ"`)),
		UnknownDate: ok(head + `"events": [` + once(t, events, `"eventDateTime": "2026-04-03T09:00:00+01:00"`, `"eventDateTime": "Good Friday"`)),
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "abroad.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"delivered", "abroad"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".json")), "qq12 3456 785gb")
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
		http.Error(w, "{}", http.StatusBadGateway)
	}))
	defer server.Close()
	New(server.Client()).Track(t.Context(), account(server.URL+"/rm/"), []carriers.Parcel{{Number: "QQ 1/2"}})
	if got == nil {
		t.Fatal("no request came")
	}
	if want := "/rm/mailpieces/v2/QQ%201%2F2/events"; got.URL.String() != want || got.Method != http.MethodGet {
		t.Errorf("%s %s, want GET %s", got.Method, got.URL, want)
	}
	for name, want := range map[string]string{
		"X-IBM-Client-Id": "id", "X-IBM-Client-Secret": secret, "X-Accept-RMG-Terms": "yes", "Accept": "application/json",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %s, want %s", name, got.Header.Get(name), want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	inside := func(status int) carrierstest.Reply { return ok(refusalOf(status).Body) }
	tests := []struct {
		name  string
		reply carrierstest.Reply
		want  carriers.ErrorKind
	}{
		{"a header is missing", refusalOf(http.StatusBadRequest), carriers.ErrBadRequest},
		{"forbidden", refusalOf(http.StatusForbidden), carriers.ErrForbidden},
		{"an outage", refusalOf(http.StatusServiceUnavailable), carriers.ErrUnavailable},
		{"an unknown number in a 200", inside(http.StatusNotFound), carriers.ErrNotFound},
		{"throttled in a 200", inside(http.StatusTooManyRequests), carriers.ErrRateLimited},
		{"credentials in a 200", inside(http.StatusUnauthorized), carriers.ErrAuth},
		{"a new error in a 200", inside(http.StatusTeapot), carriers.ErrMalformed},
		{"another host", carrierstest.Reply{Status: http.StatusNotFound, Body: `{"message":"no route"}`}, carriers.ErrMalformed},
		{"no pieces", ok(`{"mailPieces":[]}`), carriers.ErrMalformed},
		{"an empty piece", ok(`{"mailPieces":{"mailPieceId":"1"}}`), carriers.ErrMalformed},
		{"other pieces only", ok(`{"mailPieces":[{"mailPieceId":"1","summary":{"statusCategory":"DELIVERED"}},
			{"mailPieceId":"2","summary":{"statusCategory":"DELIVERED"}}]}`), carriers.ErrNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.reply)
			defer server.Close()
			got := New(server.Client()).Track(t.Context(), account(server.URL), []carriers.Parcel{{Number: number}})[0].Err
			if got == nil || got.Kind != tt.want || got.Message == "" {
				t.Errorf("error = %v, want %s", got, tt.want)
			}
		})
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		codes  string
		want   carriers.Status
		reason carriers.Reason
	}{
		{"EVAIE EVAIP", carriers.StatusInfoReceived, ""},
		{"EVPPA EVOAC", carriers.StatusPickedUp, ""},
		{"EVDAV EVDAC EVIMC EVORI EVODO evodo", carriers.StatusInTransit, ""},
		{"EVNMI", carriers.StatusInTransit, carriers.ReasonMisrouted},
		{"EVNRT", carriers.StatusInTransit, carriers.ReasonHeld},
		{"EVGPD", carriers.StatusOutForDelivery, ""},
		{"EVKLS EVPLA EVNDA", carriers.StatusAvailableForPickup, ""},
		{"EVKNR EVKNA", carriers.StatusDeliveryFailed, ""},
		{"EVKSP EVKOP EVKSF EVPLC", carriers.StatusDelivered, ""},
		{"EVXYZ KSP DELIVERED", carriers.StatusInfo, ""},
	}
	for _, tt := range tests {
		for code := range strings.FieldsSeq(tt.codes) {
			if got := meaningOf(text(code)); got.status != tt.want || got.reason != tt.reason {
				t.Errorf("code %s means %s (%q), want %s (%q)", code, got.status, got.reason, tt.want, tt.reason)
			}
		}
	}
}
