package aftership

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
	apiKey     = "asat_0123456789abcdef"
	hookSecret = "aftership_demo"
	number     = "00340434161099887766"
	trackingID = "k3w1c7p0v9n2m4x6z8b5d7f1h0j2q4s6"
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

// specs ask for a parcel that AfterShip follows already, and for a new one.
func specs(t testing.TB) map[string]carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	head, scans, _ := strings.Cut(success, `"message": "Fetched by the recipient"`)
	unknown := head[:strings.LastIndex(head, `{`)] +
		`{"tag": "BeamedUp", "subtag": "BeamedUp_001", "message": "Fetched by the recipient"` + scans
	refusal := func(status int, body string) carrierstest.Reply {
		return carrierstest.Reply{Status: status, Body: `{"meta":` + body + `,"data":{}}`}
	}
	made := carrierstest.Spec{
		// Its answers are no lists, as the test of an account expects.
		New:     func(c *http.Client) carriers.Carrier { return struct{ carriers.Carrier }{New(c)} },
		Account: account(),
		Secrets: []string{apiKey, hookSecret},
		Parcel:  carriers.Parcel{Number: number, Carrier: "dhl_parcel_de"},
		// A server sees that its caller has left only once it has read the question.
		Before: func(r *http.Request) *carrierstest.Reply {
			_, _ = io.Copy(io.Discard, r.Body) // the caller may have left
			return nil
		},
		Success:     carrierstest.Reply{Status: http.StatusCreated, Body: success},
		NotFound:    refusal(http.StatusNotFound, `{"code":4004,"message":"Not there.","type":"NotFound"}`),
		Auth:        refusal(http.StatusUnauthorized, `{"code":401,"message":"Wrong key.","type":"Unauthorized"}`),
		Limited:     refusal(http.StatusTooManyRequests, `{"code":429,"message":"Too fast.","type":"TooManyRequests"}`),
		UnknownCode: carrierstest.Reply{Status: http.StatusOK, Body: unknown},
		UnknownDate: carrierstest.Reply{Status: http.StatusOK, Body: once(t, success, `"2026-03-05T18:20:31"`, `"March 5th, at dusk"`)},
	}
	followed := made
	followed.New = func(c *http.Client) carriers.Carrier { return New(c) }
	followed.Parcel.Service = trackingID
	for _, reply := range []*carrierstest.Reply{&followed.Success, &followed.UnknownCode, &followed.UnknownDate} {
		*reply = carrierstest.Reply{Status: http.StatusOK, Body: listed(t, reply.Body)}
	}
	return map[string]carrierstest.Spec{"made": made, "followed": followed}
}

// listed makes a list of an answer about one parcel.
func listed(t testing.TB, body string) string {
	t.Helper()
	var one struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(body), &one); err != nil {
		t.Fatal(err)
	}
	return `{"meta":{"code":200},"data":{"pagination":{"total":1},"trackings":[` + string(one.Data) + `]}}`
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, spec := range specs(t) {
		t.Run(name, func(t *testing.T) { t.Parallel(); carrierstest.Run(t, spec) })
	}
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(listed(f, fixture(f, "half.json"))))
	carrierstest.Fuzz(f, specs(f)["followed"])
}

func FuzzTrackMade(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "half.json")))
	f.Add(http.StatusOK, []byte(fixture(f, "returned.json")))
	f.Add(http.StatusBadRequest, []byte(`{"meta":{"code":4003},"data":{"id":"x"}}`))
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
		if key := r.Header.Get("as-api-key"); key != apiKey {
			t.Errorf("key %q", key)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*asked = append(*asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		reply, known := replies[r.Method+" "+r.URL.Path]
		if !known {
			reply = carrierstest.Reply{Status: http.StatusNotFound, Body: `{"meta":{"code":4004}}`}
		}
		reply.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	a := account()
	a.BaseURL = s.URL + "/v/"
	return a
}

func TestRequest(t *testing.T) {
	t.Parallel()
	ok := func(data string) carrierstest.Reply {
		return carrierstest.Reply{Status: http.StatusOK, Body: `{"meta":{"code":200},"data":` + data + `}`}
	}
	small := func(id, number string) string {
		return `{"id":"` + id + `","tracking_number":"` + number + `","tag":"InTransit"}`
	}
	exists := func(data string) carrierstest.Reply {
		return carrierstest.Reply{Status: http.StatusBadRequest, Body: `{"meta":{"code":4003,"message":"m"},"data":` + data + `}`}
	}
	tests := []struct {
		name    string
		replies map[string]carrierstest.Reply
		parcels []carriers.Parcel
		want    []string // calls
		answers []string // ids, or kinds of errors
	}{
		{
			"new parcels are told of, with a courier that AfterShip names as we do",
			map[string]carrierstest.Reply{"POST /v/trackings": ok(small("t1", "A"))},
			[]carriers.Parcel{
				{Number: "A 1", Carrier: "usps"}, {Number: "B", Carrier: "aftership", RecipientPostalCode: "50667"}, {Number: "C", Carrier: "dhl"},
			},
			[]string{
				`POST /v/trackings {"tracking_number":"A 1","slug":"usps"}`,
				`POST /v/trackings {"tracking_number":"B","tracking_postal_code":"50667"}`,
				`POST /v/trackings {"tracking_number":"C"}`,
			},
			[]string{"t1", "t1", "t1"},
		},
		{
			"parcels that are followed go in one call, each in its place",
			map[string]carrierstest.Reply{
				"POST /v/trackings": ok(small("t3", "C")),
				"GET /v/trackings":  ok(`{"trackings":[` + small("t2", "B") + `,` + small("t9", "A") + `,` + small("t1", "A") + `]}`),
			},
			[]carriers.Parcel{{Number: "A", Service: "t1"}, {Number: "C"}, {Number: "B", Service: "t2"}},
			[]string{"GET /v/trackings?limit=200&tracking_numbers=A%2CB", `POST /v/trackings {"tracking_number":"C"}`},
			[]string{"t1", "t3", "t2"},
		},
		{
			"a parcel that the list leaves out is asked for, and told of anew if it is gone",
			map[string]carrierstest.Reply{
				"GET /v/trackings":    ok(`{"trackings":[]}`),
				"GET /v/trackings/t1": ok(small("t1", "A")),
				"POST /v/trackings":   ok(small("t7", "B")),
			},
			[]carriers.Parcel{{Number: "A", Service: "t1"}, {Number: "B", Service: "x/y"}},
			[]string{
				"GET /v/trackings?limit=200&tracking_numbers=A%2CB", "GET /v/trackings/t1",
				"GET /v/trackings/x%2Fy", `POST /v/trackings {"tracking_number":"B"}`,
			},
			[]string{"t1", "t7"},
		},
		{
			"a parcel that exists already is read",
			map[string]carrierstest.Reply{
				"POST /v/trackings":   exists(`{"id":"t4","tracking_number":"A","slug":"ups"}`),
				"GET /v/trackings/t4": ok(small("t4", "A")),
			},
			[]carriers.Parcel{{Number: "A"}},
			[]string{`POST /v/trackings {"tracking_number":"A"}`, "GET /v/trackings/t4"},
			[]string{"t4"},
		},
		{
			"a parcel that exists already is found by its number",
			map[string]carrierstest.Reply{
				"POST /v/trackings": exists(`{}`),
				"GET /v/trackings":  ok(`{"trackings":[` + small("t8", "AA") + `,` + small("t5", "A") + `]}`),
			},
			[]carriers.Parcel{{Number: "a"}, {Number: "B"}},
			[]string{
				`POST /v/trackings {"tracking_number":"a"}`, "GET /v/trackings?limit=200&tracking_numbers=a",
				`POST /v/trackings {"tracking_number":"B"}`, "GET /v/trackings?limit=200&tracking_numbers=B",
			},
			[]string{"t5", "malformed"},
		},
		{
			"a list that is refused does not hinder its parcels",
			map[string]carrierstest.Reply{
				"GET /v/trackings":    {Status: http.StatusBadRequest, Body: `{"meta":{"code":4008,"message":"m"}}`},
				"GET /v/trackings/t1": ok(small("t1", "A")),
			},
			[]carriers.Parcel{{Number: "A", Service: "t1"}},
			[]string{"GET /v/trackings?limit=200&tracking_numbers=A", "GET /v/trackings/t1"},
			[]string{"t1"},
		},
		{
			"nobody is asked for after AfterShip wants to wait",
			map[string]carrierstest.Reply{
				"POST /v/trackings": {Status: http.StatusTooManyRequests, Body: `{"meta":{"code":429,"message":"m"}}`},
			},
			[]carriers.Parcel{{Number: "A"}, {Number: "B"}},
			[]string{`POST /v/trackings {"tracking_number":"A"}`},
			[]string{"rate_limited", "rate_limited"},
		},
		{
			"a number that AfterShip refuses does not hinder the next",
			map[string]carrierstest.Reply{
				"POST /v/trackings": {Status: http.StatusBadRequest, Body: `{"meta":{"code":4012,"message":"m"}}`},
			},
			[]carriers.Parcel{{Number: "A"}, {Number: "B"}},
			[]string{`POST /v/trackings {"tracking_number":"A"}`, `POST /v/trackings {"tracking_number":"B"}`},
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
