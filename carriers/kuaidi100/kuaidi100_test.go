package kuaidi100

import (
	"encoding/json"
	"flag"
	"fmt"
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
	key       = "kd_key_0123456789"
	salt      = "kd_salt_0123456789"
	delivered = "YT2400011122233"
	callback  = "https://shop.example/hooks/cra_1"
	unknown   = `{"result":false,"returnCode":"500","message":"查询无结果"}`
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

func account() carriers.Account {
	return carriers.Account{ID: "cra_1", Fields: map[string]string{"customer": "CUSTOMER01", "key": key, "salt": salt}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	success := fixture(t, "delivered.json")
	ok := func(body string) carrierstest.Reply {
		return carrierstest.Reply{Status: http.StatusOK, Body: body}
	}
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     account(),
		Secrets:     []string{key, salt},
		Parcel:      carriers.Parcel{Number: delivered, Carrier: "yto"},
		Before:      drained,
		Success:     ok(success),
		NotFound:    ok(unknown),
		Auth:        ok(`{"result":false,"returnCode":"503","message":"验证签名失败"}`),
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: `{"result":false,"returnCode":"502","message":"服务器繁忙"}`},
		UnknownCode: ok(once(t, success, `"statusCode": "304"`, `"statusCode": "777"`)),
		UnknownDate: ok(once(t, success, `"time": "2026-06-12 18:47:20"`, `"time": "六月十二日晚上"`)),
	}
}

// drained reads the question, without which a server does not notice that
// whoever asked has left.
func drained(r *http.Request) *carrierstest.Reply {
	_, _ = io.Copy(io.Discard, r.Body) // whatever was sent
	return nil
}

func TestConformance(t *testing.T) {
	t.Parallel()
	carrierstest.Run(t, spec(t))
}

func FuzzTrack(f *testing.F) {
	f.Add(http.StatusOK, []byte(fixture(f, "refused.json")))
	f.Add(http.StatusOK, []byte(fixture(f, "half.json")))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{"delivered": "yt2400011122233", "refused": "JT5000000000777", "half": "1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(fixture(t, name+".json")), number, service{"asked", true})
			if failure != nil {
				t.Fatal(failure)
			}
			got.Raw = nil
			golden(t, name, got)
		})
	}
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := name + ".golden.json"
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", path), append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(fixture(t, path), string(text)+"\n"); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// desk is a Kuaidi100 that keeps what it was asked.
type desk struct {
	t     *testing.T
	asked []string
	says  map[string]string // by path
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		d.t.Error(err)
	}
	line := fmt.Sprintf("%s %s", r.Method, r.URL.Path)
	for _, name := range []string{"customer", "schema", "param", "num", "key", "sign"} {
		if value := r.Form.Get(name); value != "" {
			line += " " + name + "=" + value
		}
	}
	d.asked = append(d.asked, line)
	_, _ = w.Write([]byte(d.says[r.URL.Path])) // the client reads or the test fails
}

func (d *desk) track(a carriers.Account, parcel carriers.Parcel) carriers.Answer {
	server := httptest.NewServer(d)
	defer server.Close()
	a.BaseURL = server.URL + "/"
	return New(server.Client()).Track(d.t.Context(), a, []carriers.Parcel{parcel})[0]
}

// ask is the query that is expected.
func ask(company, number, phone string) string {
	param := fmt.Sprintf(`{"com":%q,"num":%q,"phone":%q,"resultv2":"4","show":"0","order":"desc"}`, company, number, phone)
	return "POST /poll/query.do customer=CUSTOMER01 param=" + param + " sign=" + sign(param+key+"CUSTOMER01")
}

func TestRequest(t *testing.T) {
	t.Parallel()
	const guesses = `[{"lengthPre":12},{"comCode":"zhongtong"},{"comCode":"yunda"}]`
	subscribe := "POST /poll schema=json param=" + `{"company":"shunfeng","number":"SF1","key":"` + key + `","parameters":{"callbackurl":"` +
		callback + `","salt":"` + salt + `","resultv2":"4","autoCom":"1","phone":"0042"}}`
	sf := carriers.Parcel{Number: "SF1", Carrier: "sf", RecipientPhoneLast4: "0042"}
	again := sf
	again.Service = "shunfengen:subscribed"
	tests := []struct {
		name        string
		parcel      carriers.Parcel
		callback    string
		salt        string
		subscribing string
		want        []string
		wantService string
		wantKind    carriers.ErrorKind
	}{
		{"by carrier", sf, "", salt, "", []string{ask("shunfeng", "SF1", "0042")}, "yuantong", ""},
		{"with news", sf, callback, salt, `{"result":true,"returnCode":"200","message":"提交成功"}`,
			[]string{subscribe, ask("shunfeng", "SF1", "0042")}, "yuantong:subscribed", ""},
		{"news were asked for before", sf, callback, salt, `{"result":false,"returnCode":"501","message":"重复订阅"}`,
			[]string{subscribe, ask("shunfeng", "SF1", "0042")}, "yuantong:subscribed", ""},
		{"news are refused", sf, callback, salt, `{"result":false,"returnCode":"700","message":"不支持的快递公司"}`,
			[]string{subscribe, ask("shunfeng", "SF1", "0042")}, "yuantong", ""},
		{"the key is refused", sf, callback, salt, `{"result":false,"returnCode":"601","message":"key过期"}`,
			[]string{subscribe}, "", carriers.ErrAuth},
		{"subscribed", again, callback, salt, "", []string{ask("shunfengen", "SF1", "0042")}, "yuantong:subscribed", ""},
		{"news that nobody could believe", sf, callback, " ", "", []string{ask("shunfeng", "SF1", "0042")}, "yuantong", ""},
		{"by the look of the number", carriers.Parcel{Number: delivered, Carrier: "kuaidi100"}, "", salt, "",
			[]string{ask("yuantong", delivered, "")}, "yuantong", ""},
		{"by a guess", carriers.Parcel{Number: "9 8", Carrier: "nobody"}, "", salt, "",
			[]string{"GET /autonumber/auto num=9 8 key=" + key, ask("zhongtong", "9 8", "")}, "yuantong", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &desk{t: t, says: map[string]string{
				subscribePath: tt.subscribing, detectPath: guesses,
				queryPath: once(t, fixture(t, "delivered.json"), `"nu": "`+delivered+`"`, `"nu": ""`),
			}}
			a := account()
			a.CallbackURL, a.Fields["salt"] = tt.callback, tt.salt
			got := d.track(a, tt.parcel)
			if diff := cmp.Diff(tt.want, d.asked); diff != "" {
				t.Errorf("questions (-want +got):\n%s", diff)
			}
			switch {
			case tt.wantKind != "":
				if got.Err == nil || got.Err.Kind != tt.wantKind {
					t.Errorf("error = %v, want %s", got.Err, tt.wantKind)
				}
			case got.Err != nil:
				t.Error(got.Err)
			case got.Tracking.Service != tt.wantService:
				t.Errorf("service %q, want %q", got.Tracking.Service, tt.wantService)
			}
		})
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]carriers.ErrorKind{
		`[]`:                 carriers.ErrBadRequest,
		`[{"comCode":""},7]`: carriers.ErrBadRequest,
		`{"returnCode":"601","message":"key过期"}`: carriers.ErrAuth,
		`{"data":1}`:         carriers.ErrMalformed,
		`<html>sorry</html>`: carriers.ErrMalformed,
	} {
		d := &desk{t: t, says: map[string]string{detectPath: says}}
		if got := d.track(account(), carriers.Parcel{Number: "99"}); got.Err == nil || got.Err.Kind != want || len(d.asked) != 1 {
			t.Errorf("%s: %v after %d questions, want %s", says, got.Err, len(d.asked), want)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"sf1234567890123": "shunfeng", "YT1234567890123": "yuantong", "75123456789012": "zhongtong",
		"771234567890123": "shentong", "JDVA12345678901-1-1-": "", "JDV1234567890123-1-1-": "jd", "JD1234567890123": "jd",
		"JT1234567890123": "jtexpress", "DPK123456789012": "debangkuaidi", "EA123456789CN": "ems", "1012345678901": "ems",
		"1Z999AA10123456784": "ups", "RA123456789CN": "", "123456789012": "", "SF123": "",
	} {
		got := ""
		for _, form := range forms {
			if form.number.MatchString(fold(number)) {
				got += form.company
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	for want, list := range map[carriers.Status]string{
		carriers.StatusInfoReceived:       "101 102",
		carriers.StatusPickedUp:           "1 103",
		carriers.StatusInTransit:          "0 1001 1002 1003 7+redirected 8+customs 10+customs 11+customs 12",
		carriers.StatusOutForDelivery:     "5",
		carriers.StatusAvailableForPickup: "501",
		carriers.StatusDeliveryFailed:     "204 206+recipient_unavailable",
		carriers.StatusException: "2 13+customs 201+delay 202+delay 203+recipient_refused 205+unclaimed 207+undeliverable " +
			"208+held 209+damaged",
		carriers.StatusDelivered: "3 301 302 303 304",
		carriers.StatusReturning: "6 14+recipient_refused",
		carriers.StatusReturned:  "4",
		carriers.StatusCanceled:  "401 210",
		carriers.StatusInfo:      "9 99 300 03 签收 delivered",
	} {
		for entry := range strings.FieldsSeq(list) {
			code, reason, _ := strings.Cut(entry, "+")
			got := event(json.RawMessage(`{"context":"已签收","status":"签收","statusCode":"` + code + `"}`))
			if got.Status != want || string(got.Reason) != reason {
				t.Errorf("%s: %s (%s), want %s (%s)", code, got.Status, got.Reason, want, reason)
			}
		}
	}
	if got := event(json.RawMessage(`{"context":"已签收","status":"签收"}`)); got.Status != carriers.StatusInfo {
		t.Errorf("a delivery was taken from free text: %s", got.Status)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	coded := func(code string) string { return `{"result":false,"returnCode":"` + code + `","message":"x"}` }
	for body, want := range map[string]carriers.ErrorKind{
		coded("400"): carriers.ErrBadRequest,
		coded("408"): carriers.ErrForbidden,
		coded("500"): carriers.ErrNotFound,
		coded("501"): carriers.ErrUnavailable,
		coded("502"): carriers.ErrUnavailable,
		coded("503"): carriers.ErrAuth,
		coded("600"): carriers.ErrAuth,
		coded("601"): carriers.ErrAuth,
		coded("999"): carriers.ErrMalformed,
		`{"status":"500","message":"x","data":[]}`:             carriers.ErrNotFound,
		`{"status":"200","message":"ok","nu":"1","data":[]}`:   carriers.ErrNotFound,
		`{"status":"200","message":"ok","nu":"2","data":[{}]}`: carriers.ErrMalformed,
		`{"status":"200","message":"ok"}`:                      carriers.ErrMalformed,
		`{"result":true,"returnCode":"200","message":"提交成功"}`:  carriers.ErrMalformed,
	} {
		if _, failure := parse([]byte(body), "1", service{}); failure == nil || failure.Kind != want || failure.Message == "" {
			t.Errorf("%s: %v, want %s", body, failure, want)
		}
	}
}
