package seventeentrack

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/carrierstest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	token     = "17_token_0123456789abcdef"
	delivered = "LX700000015CN"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// oneRejected is an answer that rejects a number.
func oneRejected(number, code string) string {
	return `{"code":0,"data":{"accepted":[],"rejected":[{"number":"` + number + `","error":{"code":` + code + `,"message":"x"}}]}}`
}

func account() carriers.Account {
	return carriers.Account{ID: "cra_1", Fields: map[string]string{"token": token}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	head, providers, _ := strings.Cut(success, `"providers": [`)
	ok := func(body string) carrierstest.Reply {
		return carrierstest.Reply{Status: http.StatusOK, Body: body}
	}
	// The newest scan is the last carrier's first.
	newest := func(old, replacement string) string {
		if strings.Count(providers, old) != 1 {
			t.Fatalf("%q is %d times among the scans, want once", old, strings.Count(providers, old))
		}
		return head + `"providers": [` + strings.Replace(providers, old, replacement, 1)
	}
	date := newest(`"time_iso": "2026-05-19T13:44:00+02:00", "time_utc": "2026-05-19T11:44:00Z",
                    "time_raw": {"date": "2026-05-19", "time": "13:44:00", "timezone": null}`,
		`"time_iso": "19 May, afternoon", "time_utc": "19 May, noon", "time_raw": {"date": "19 mei", "time": "'s middags", "timezone": null}`)
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     account(),
		Secrets:     []string{token},
		Parcel:      carriers.Parcel{Number: delivered, Carrier: "seventeentrack"},
		Before:      before,
		Success:     ok(success),
		NotFound:    ok(oneRejected(delivered, "-18019902")),
		Auth:        carrierstest.Reply{Status: http.StatusUnauthorized, Body: `{"code":-18010002,"data":{"errors":[{"code":-18010002,"message":"Invalid security key."}]}}`},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"code":-18010003}`},
		UnknownCode: ok(newest(`"sub_status": "Delivered_Other"`, `"sub_status": "Beamed_Up"`)),
		UnknownDate: ok(date),
	}
}

// before registers every number. It reads the question, without which a server
// does not notice that whoever asked has left.
func before(r *http.Request) *carrierstest.Reply {
	_, _ = io.Copy(io.Discard, r.Body) // whatever was sent
	if path.Base(r.URL.Path) != "register" {
		return nil
	}
	return &carrierstest.Reply{Status: http.StatusOK, Body: `{"code":0,"data":{"accepted":[{"origin":1,"number":"` + delivered + `","carrier":3011}],"rejected":[]}}`}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "returned.json")))
	f.Add(http.StatusOK, []byte(fixture(f, "half.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{"delivered": delivered, "returned": "1zr000000000000001", "half": "700000000001"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, unknown, failure := parse([]byte(fixture(t, name+".json")), []carriers.Parcel{{Number: number, Carrier: "ups"}})
			if failure != nil || got[0].Err != nil || unknown != nil {
				t.Fatal(failure, got, unknown)
			}
			got[0].Tracking.Raw = nil
			golden(t, name, got[0].Tracking)
		})
	}
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := name + ".golden.json"
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", file), append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(fixture(t, file), string(text)+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// desk is a 17TRACK that keeps what it was asked.
type desk struct {
	t     *testing.T
	asked []string
	says  map[string]string // by call
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Header.Get("17token") != token || r.Header.Get("Content-Type") != "application/json" {
		d.t.Errorf("%s with %v", r.Method, r.Header)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Error(err)
	}
	d.asked = append(d.asked, r.URL.Path+" "+string(body))
	_, _ = w.Write([]byte(d.says[path.Base(r.URL.Path)])) // the client reads or the test fails
}

func (d *desk) run(use func(c *Carrier, a carriers.Account)) {
	server := httptest.NewServer(d)
	defer server.Close()
	a := account()
	a.BaseURL = server.URL + "/"
	use(New(server.Client()), a)
}

func TestRequest(t *testing.T) {
	t.Parallel()
	d := &desk{t: t, says: map[string]string{
		"gettrackinfo": `{"code":0,"data":{"accepted":[{"number":"C","carrier":3013,"track_info":null}],"rejected":[
			{"number":"a","error":{"code":-18019902,"message":"x"}},{"number":"B","error":{"code":-18019902,"message":"x"}},
			{"number":"D","error":{"code":-18019909,"message":"x"}},{"number":"SF1","error":{"code":-18019902,"message":"x"}}]}}`,
		"register": `{"code":0,"data":{"accepted":[{"number":"A","carrier":100002}],"rejected":[
			{"number":"B","error":{"code":-18019903,"message":"x"}},{"number":"SF1","error":{"code":-18019908,"message":"x"}}]}}`,
	}}
	var got []string
	d.run(func(c *Carrier, a carriers.Account) {
		for _, answer := range c.Track(t.Context(), a, []carriers.Parcel{
			{Number: "A", Carrier: "ups"}, {Number: "B", Carrier: "seventeentrack"}, {Number: "C", Service: "3013"}, {Number: "D"},
			{Number: "SF1", Carrier: "sf", RecipientPhoneLast4: "0042"}, {Number: "A", Carrier: "ups"}, {Number: "E"},
		}) {
			got = append(got, string(answer.Err.Kind))
		}
	})
	want := []string{"not_found", "bad_request", "not_found", "not_found", "forbidden", "not_found", "malformed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	wantAsked := []string{
		`/track/v2.2/gettrackinfo [{"number":"A"},{"number":"B"},{"number":"C","carrier":3013},{"number":"D"},{"number":"SF1"},{"number":"A"},{"number":"E"}]`,
		`/track/v2.2/register [{"number":"A","carrier":100002},{"number":"B","auto_detection":true},{"number":"SF1","auto_detection":true,"param":"0042"}]`,
	}
	if diff := cmp.Diff(wantAsked, d.asked); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestRegisterFails(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]carriers.ErrorKind{
		oneRejected("A", "-18019901"):           carriers.ErrNotFound,
		oneRejected("B", "-18019901"):           carriers.ErrMalformed,
		`{"code":-18010002,"data":{}}`:          carriers.ErrAuth,
		`{"code":0,"data":{"rejected":null}}`:   carriers.ErrMalformed,
		`<html>sorry</html>`:                    carriers.ErrMalformed,
		`{"code":0,"data":{"accepted":[{},7]}}`: carriers.ErrMalformed,
	} {
		d := &desk{t: t, says: map[string]string{"gettrackinfo": oneRejected("A", "-18019902"), "register": says}}
		d.run(func(c *Carrier, a carriers.Account) {
			got := c.Track(t.Context(), a, []carriers.Parcel{{Number: "A"}})[0]
			if got.Err == nil || got.Err.Kind != want || len(d.asked) != 2 {
				t.Errorf("%s: %+v after %d questions, want %s", says, got, len(d.asked), want)
			}
		})
	}
}

func TestTrackMoreThanABatch(t *testing.T) {
	t.Parallel()
	d := &desk{t: t, says: map[string]string{"gettrackinfo": `{"code":0,"data":{"accepted":[],"rejected":[]}}`}}
	d.run(func(c *Carrier, a carriers.Account) {
		got := c.Track(t.Context(), a, make([]carriers.Parcel, 2*batch+1))
		if len(got) != 2*batch+1 || len(d.asked) != 3 || strings.Count(d.asked[0], "number") != batch {
			t.Errorf("%d answers from %d calls", len(got), len(d.asked))
		}
	})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]string{
		`{"code":0,"data":{"quota_total":100,"quota_used":93,"quota_remain":7,"today_used":2}}`: "7",
		`{"code":0,"data":{"quota_remain":"many"}}`:                                             "unknown",
		`{"code":0,"data":{"errors":[{"code":-18010001,"message":"x"}]}}`:                       "auth",
		`{"code":0,"data":null}`: "malformed",
		`{"data":{}}`:            "malformed",
	} {
		d := &desk{t: t, says: map[string]string{"getquota": says}}
		d.run(func(c *Carrier, a carriers.Account) {
			probe, err := c.Test(t.Context(), a)
			got := "unknown"
			switch {
			case err != nil:
				got = err.Error()
			case probe.QuotaLeft != nil:
				got = fmt.Sprint(*probe.QuotaLeft)
			}
			if !strings.Contains(got, want) || d.asked[0] != "/track/v2.2/getquota []" {
				t.Errorf("%s: %s, want %s; asked %s", says, got, want, d.asked)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	const (
		silent = `{"number":"A","carrier":1,"track_info":{"latest_status":{"status":"NotFound"}}}`
		ups    = `{"number":"A","carrier":100002,"track_info":{"latest_status":{"status":"InTransit"}}}`
		other  = `{"number":"A","carrier":3011,"track_info":{"latest_status":{"status":"Delivered"}}}`
	)
	for _, tt := range []struct {
		name, list string
		parcel     carriers.Parcel
		want       string // service
	}{
		{"the one with news", silent + "," + other, carriers.Parcel{}, "3011"},
		{"the first with news", ups + "," + other, carriers.Parcel{}, "100002"},
		{"the known one", ups + "," + other, carriers.Parcel{Service: "3011", Carrier: "ups"}, "3011"},
		{"the carrier's", other + "," + ups, carriers.Parcel{Carrier: "ups"}, "100002"},
		{"none", silent + ",7", carriers.Parcel{}, ""},
	} {
		tt.parcel.Number = "a"
		answers, _, failure := parse([]byte(`{"code":0,"data":{"accepted":[`+tt.list+`]}}`), []carriers.Parcel{tt.parcel})
		switch {
		case failure != nil:
			t.Error(failure)
		case tt.want == "":
			if answers[0].Err == nil || answers[0].Err.Kind != carriers.ErrNotFound {
				t.Errorf("%s: %+v", tt.name, answers[0])
			}
		case answers[0].Err != nil || answers[0].Tracking.Service != tt.want:
			t.Errorf("%s: %+v, want %s", tt.name, answers[0], tt.want)
		}
	}
}

func TestMeanings(t *testing.T) {
	t.Parallel()
	for want, list := range map[carriers.Status]string{
		carriers.StatusInfoReceived: "InfoReceived",
		carriers.StatusPickedUp:     "InTransit_PickedUp PickedUp",
		carriers.StatusInTransit: "InTransit InTransit_Other InTransit_Departure InTransit_Arrival InTransit_CustomsProcessing+customs InTransit_CustomsReleased " +
			"InTransit_CustomsRequiringInformation+customs_documents Exception_Delayed+delay Departure Arrival",
		carriers.StatusOutForDelivery:     "OutForDelivery OutForDelivery_Other",
		carriers.StatusAvailableForPickup: "AvailableForPickup AvailableForPickup_Other",
		carriers.StatusDeliveryFailed: "DeliveryFailure DeliveryFailure_Other DeliveryFailure_NoBody+recipient_unavailable " +
			"DeliveryFailure_Security+security_check DeliveryFailure_Rejected+recipient_refused DeliveryFailure_InvalidAddress+address_problem",
		carriers.StatusException: "Exception Exception_Other Exception_NoBody+recipient_unavailable Exception_Security+security_check " +
			"Exception_Damage+damaged Exception_Rejected+recipient_refused Exception_Lost+lost Exception_Destroyed+destroyed",
		carriers.StatusDelivered: "Delivered Delivered_Other",
		carriers.StatusReturning: "Returning Exception_Returning",
		carriers.StatusReturned:  "Returned Exception_Returned",
		carriers.StatusCanceled:  "Exception_Cancel",
		carriers.StatusInfo:      "NotFound NotFound_Other NotFound_InvalidCode Expired Expired_Other delivered Signed",
	} {
		for entry := range strings.FieldsSeq(list) {
			code, reason, _ := strings.Cut(entry, "+")
			bySub, byStage := event{SubStatus: text(code), Stage: "Delivered"}.scan(), event{Stage: text(code), Description: "Delivered"}.scan()
			if bySub.Status != want || string(bySub.Reason) != reason || byStage.Status != want {
				t.Errorf("%s: %s (%s) and %s, want %s (%s)", code, bySub.Status, bySub.Reason, byStage.Status, want, reason)
			}
		}
	}
	if got := (event{Description: "Delivered"}).scan(); got.Status != carriers.StatusInfo {
		t.Errorf("a delivery was taken from free text: %s", got.Status)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]carriers.ErrorKind{
		"-18010001": carriers.ErrAuth, "-18010002": carriers.ErrAuth, "-18010003": carriers.ErrUnavailable,
		"-18010004": carriers.ErrAuth, "-18010005": carriers.ErrAuth, "-18010010": carriers.ErrBadRequest,
		"-18010011": carriers.ErrBadRequest, "-18010012": carriers.ErrBadRequest, "-18010013": carriers.ErrBadRequest,
		"-18010014": carriers.ErrBadRequest, "-18019901": carriers.ErrNotFound, "-18019902": carriers.ErrNotFound,
		"-18019903": carriers.ErrBadRequest, "-18019907": carriers.ErrForbidden, "-18019908": carriers.ErrForbidden,
		"-18019909": carriers.ErrNotFound, "-18019910": carriers.ErrBadRequest, "-1": carriers.ErrMalformed,
	} {
		one, _, failure := parse([]byte(oneRejected("A", code)), []carriers.Parcel{{Number: "A"}})
		if failure != nil || one[0].Err == nil || one[0].Err.Kind != want {
			t.Errorf("%s of a number: %v %+v, want %s", code, failure, one, want)
		}
		for _, body := range []string{`{"code":` + code + `}`, `{"code":0,"data":{"errors":[{"code":"` + code + `","message":"x"}]}}`} {
			if _, _, failure := parse([]byte(body), nil); failure == nil || failure.Kind != want || failure.Message == "" {
				t.Errorf("%s: %v, want %s", body, failure, want)
			}
		}
	}
}
