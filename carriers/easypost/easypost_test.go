package easypost

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
	apiKey     = "EZAK0123456789abcdef"
	basicKey   = "RVpBSzAxMjM0NTY3ODlhYmNkZWY6" // of Basic authentication
	hookSecret = "sécret"
	number     = "1Z7A31W00390012345"
	trackerID  = "trk_5d1f0c7a9b3e4c0f8a61b2c3d4e5f607"
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

// account is one with all its credentials.
func account() carriers.Account {
	return carriers.Account{ID: "cra_1", Fields: map[string]string{"api_key": apiKey, "webhook_secret": hookSecret}}
}

// specs ask for a parcel that EasyPost follows already, and for a new one.
func specs(t testing.TB) map[string]carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	head, scans, _ := strings.Cut(success, `"tracking_details": [`)
	change := func(old, replacement string) string {
		return head + `"tracking_details": [` + once(t, scans, old, replacement)
	}
	made := carrierstest.Spec{
		// Its answers are no lists, as the test of an account expects.
		New:     func(c *http.Client) carriers.Carrier { return struct{ carriers.Carrier }{New(c)} },
		Account: account(),
		Secrets: []string{apiKey, basicKey, hookSecret},
		Parcel:  carriers.Parcel{Number: number, Carrier: "ups"},
		// A server sees that its caller has left only once it has read the question.
		Before: func(r *http.Request) *carrierstest.Reply {
			_, _ = io.Copy(io.Discard, r.Body) // the caller may have left
			return nil
		},
		Success: carrierstest.Reply{Status: http.StatusCreated, Body: success},
		NotFound: carrierstest.Reply{Status: http.StatusNotFound,
			Body: `{"error":{"code":"NOT_FOUND","message":"Nothing is there.","errors":[]}}`},
		Auth: carrierstest.Reply{Status: http.StatusUnauthorized,
			Body: `{"error":{"code":"APIKEY.INACTIVE","message":"This key was retired.","errors":[]}}`},
		Limited: carrierstest.Reply{Status: http.StatusTooManyRequests,
			Body: `{"error":{"code":"RATE_LIMITED","message":"Slow down.","errors":[]}}`},
		UnknownCode: carrierstest.Reply{Status: http.StatusOK, Body: change(
			`"status": "delivered"`, `"status": "beamed_up"`)},
		UnknownDate: carrierstest.Reply{Status: http.StatusOK, Body: change(
			`"datetime": "2026-03-05T15:48:00Z"`, `"datetime": "March 5th, before tea"`)},
	}
	followed := made
	followed.New = func(c *http.Client) carriers.Carrier { return New(c) }
	followed.Parcel.Service = trackerID
	for _, reply := range []*carrierstest.Reply{&followed.Success, &followed.UnknownCode, &followed.UnknownDate} {
		*reply = carrierstest.Reply{Status: http.StatusOK, Body: `{"trackers":[` + reply.Body + `],"has_more":false}`}
	}
	return map[string]carrierstest.Spec{"made": made, "followed": followed}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, spec := range specs(t) {
		t.Run(name, func(t *testing.T) { t.Parallel(); carrierstest.Run(t, spec) })
	}
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(`{"trackers":[`+fixture(f, "half.json")+`]}`))
	carrierstest.Fuzz(f, specs(f)["followed"])
}

func FuzzTrackMade(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "half.json")))
	f.Add(http.StatusOK, []byte(fixture(f, "returned.json")))
	carrierstest.Fuzz(f, specs(f)["made"])
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

// server answers each "METHOD path" and notes what was asked.
func server(t *testing.T, replies map[string]carrierstest.Reply, asked *[]string) carriers.Account {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key, _, _ := r.BasicAuth(); key != apiKey {
			t.Errorf("key %q", key)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*asked = append(*asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		reply, known := replies[r.Method+" "+r.URL.Path]
		if !known {
			reply = carrierstest.Reply{Status: http.StatusNotFound, Body: `{"error":{"code":"NOT_FOUND"}}`}
		}
		reply.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	a := account()
	a.BaseURL = s.URL + "/v2/"
	return a
}

func TestRequest(t *testing.T) {
	t.Parallel()
	ok := func(body string) carrierstest.Reply { return carrierstest.Reply{Status: http.StatusOK, Body: body} }
	small := func(id string) string { return `{"id":"` + id + `","tracking_code":"N","status":"in_transit"}` }
	limited := carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"error":{"code":"RATE_LIMITED","message":"m"}}`}
	tests := []struct {
		name    string
		replies map[string]carrierstest.Reply
		parcels []carriers.Parcel
		want    []string // calls
		answers []string // trackers, or kinds of errors
	}{
		{
			"new parcels are made, with a carrier that EasyPost names as we do",
			map[string]carrierstest.Reply{"POST /v2/trackers": ok(small("trk_1"))},
			[]carriers.Parcel{{Number: "A 1", Carrier: "usps"}, {Number: "B", Carrier: "easypost"}, {Number: "C", Carrier: "dhl"}},
			[]string{
				`POST /v2/trackers {"tracker":{"tracking_code":"A 1","carrier":"USPS"}}`,
				`POST /v2/trackers {"tracker":{"tracking_code":"B"}}`,
				`POST /v2/trackers {"tracker":{"tracking_code":"C"}}`,
			},
			[]string{"trk_1", "trk_1", "trk_1"},
		},
		{
			"parcels that are followed go in one call, each in its place",
			map[string]carrierstest.Reply{
				"POST /v2/trackers":       ok(small("trk_3")),
				"POST /v2/trackers/batch": ok(`{"trackers":[` + small("trk_2") + `,` + small("trk_9") + `,` + small("trk_1") + `]}`),
			},
			[]carriers.Parcel{{Number: "A", Service: "trk_1"}, {Number: "C"}, {Number: "B", Service: "trk_2"}},
			[]string{`POST /v2/trackers/batch {"tracking_codes":["A","B"]}`, `POST /v2/trackers {"tracker":{"tracking_code":"C"}}`},
			[]string{"trk_1", "trk_3", "trk_2"},
		},
		{
			"a tracker that the list leaves out is asked for, and made anew if it is gone",
			map[string]carrierstest.Reply{
				"POST /v2/trackers/batch":  ok(`{"trackers":[]}`),
				"GET /v2/trackers/trk_1":   ok(small("trk_1")),
				"POST /v2/trackers":        ok(small("trk_7")),
				"GET /v2/trackers/trk_x/y": {Status: http.StatusNotFound, Body: `{"error":{"code":"TRACKER.NOT_FOUND"}}`},
			},
			[]carriers.Parcel{{Number: "A", Service: "trk_1"}, {Number: "B", Service: "trk_x/y"}},
			[]string{
				`POST /v2/trackers/batch {"tracking_codes":["A","B"]}`, "GET /v2/trackers/trk_1",
				"GET /v2/trackers/trk_x%2Fy", `POST /v2/trackers {"tracker":{"tracking_code":"B"}}`,
			},
			[]string{"trk_1", "trk_7"},
		},
		{
			"a list that is refused does not hinder its parcels",
			map[string]carrierstest.Reply{
				"POST /v2/trackers/batch": {Status: http.StatusUnprocessableEntity, Body: `{"error":{"code":"NEW","message":"m"}}`},
				"GET /v2/trackers/trk_1":  ok(small("trk_1")),
			},
			[]carriers.Parcel{{Number: "A", Service: "trk_1"}},
			[]string{`POST /v2/trackers/batch {"tracking_codes":["A"]}`, "GET /v2/trackers/trk_1"},
			[]string{"trk_1"},
		},
		{
			"nobody is asked for after EasyPost wants to wait",
			map[string]carrierstest.Reply{"POST /v2/trackers": limited},
			[]carriers.Parcel{{Number: "A"}, {Number: "B"}},
			[]string{`POST /v2/trackers {"tracker":{"tracking_code":"A"}}`},
			[]string{"rate_limited", "rate_limited"},
		},
		{
			"a number that EasyPost refuses does not hinder the next",
			map[string]carrierstest.Reply{
				"POST /v2/trackers": {Status: http.StatusUnprocessableEntity, Body: `{"error":{"code":"TRACKER.CREATE.ERROR","message":"m"}}`},
			},
			[]carriers.Parcel{{Number: "A"}, {Number: "B"}},
			[]string{`POST /v2/trackers {"tracker":{"tracking_code":"A"}}`, `POST /v2/trackers {"tracker":{"tracking_code":"B"}}`},
			[]string{"bad_request", "bad_request"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked, answers []string
			a := server(t, tt.replies, &asked)
			for _, answer := range New(&http.Client{}).Track(t.Context(), a, tt.parcels) {
				if answer.Err != nil {
					answers = append(answers, string(answer.Err.Kind))
					continue
				}
				answers = append(answers, answer.Tracking.Service)
			}
			if diff := cmp.Diff(tt.want, asked); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.answers, answers); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMoreThanABatch(t *testing.T) {
	t.Parallel()
	var asked []string
	a := server(t, nil, &asked)
	if got := New(&http.Client{}).Track(t.Context(), a, make([]carriers.Parcel, 2*batch+1)); len(got) != 2*batch+1 {
		t.Errorf("%d answers, want %d", len(got), 2*batch+1)
	}
}
