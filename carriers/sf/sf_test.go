package sf

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	checkword = "sf_checkword_0123456789abcdef"
	delivered = "SF1500012345678"
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

// wrapped puts an answer of the interface into the platform's envelope.
func wrapped(inner string) string {
	quoted, _ := json.Marshal(inner) // texts always encode
	return `{"apiErrorMsg":"","apiResponseID":"0001A","apiResultCode":"A1000","apiResultData":` + string(quoted) + `}`
}

func refusedBy(code, message string) string {
	return `{"apiErrorMsg":"` + message + `","apiResponseID":"0001A","apiResultCode":"` + code + `","apiResultData":null}`
}

func account() carriers.Account {
	return carriers.Account{ID: "cra_1", Fields: map[string]string{"partner_id": "QIAO_SHOP", "checkword": checkword}}
}

func spec(t testing.TB) carrierstest.Spec {
	t.Helper()
	ok := func(inner string) carrierstest.Reply {
		return carrierstest.Reply{Status: http.StatusOK, Body: wrapped(inner)}
	}
	// The scan that tells of the signature comes last.
	last := func(replacement string) carrierstest.Reply {
		return ok(once(t, fixture(t, "delivered.json"),
			`{"acceptTime": "2026-03-10 10:26:54", "acceptAddress": "杭州市", "remark": "可以查看签收图", "opCode": "8000"}`, replacement))
	}
	return carrierstest.Spec{
		New:         func(c *http.Client) carriers.Carrier { return New(c) },
		Account:     account(),
		Secrets:     []string{checkword},
		Parcel:      carriers.Parcel{Number: delivered, RecipientPhoneLast4: "0042"},
		Before:      drained,
		Success:     ok(fixture(t, "delivered.json")),
		NotFound:    ok(`{"success":true,"errorCode":"S0000","errorMsg":null,"msgData":{"routeResps":[{"mailNo":"` + delivered + `","routes":[]}]}}`),
		Auth:        carrierstest.Reply{Status: http.StatusOK, Body: refusedBy("A1006", "数字签名无效")},
		Limited:     carrierstest.Reply{Status: http.StatusTooManyRequests, Body: refusedBy("A1005", "流量受控")},
		UnknownCode: last(`{"acceptTime": "2026-03-10 10:26:54", "acceptAddress": "杭州市", "remark": "可以查看签收图", "opCode": "4711"}`),
		UnknownDate: last(`{"acceptTime": "三月十日", "acceptAddress": "杭州市", "remark": "可以查看签收图", "opCode": "8000"}`),
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
	f.Add(http.StatusOK, []byte(wrapped(fixture(f, "returned.json"))))
	f.Add(http.StatusOK, []byte(wrapped(fixture(f, "half.json"))))
	carrierstest.Fuzz(f, spec(f))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, number := range map[string]string{"delivered": delivered, "returned": "SF1500087654321", "half": delivered} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, failure := parse([]byte(wrapped(fixture(t, name+".json"))), []carriers.Parcel{{Number: number}})
			if failure != nil || got[0].Err != nil {
				t.Fatal(failure, got)
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
	path := name + ".golden.json"
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", path), append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(fixture(t, path), string(text)+"\n"); diff != "" {
		t.Errorf("parse() (-want +got):\n%s", diff)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	var forms []url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.String() != "/sandbox/std/service" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		if kind := r.Header.Get("Content-Type"); kind != "application/x-www-form-urlencoded;charset=UTF-8" {
			t.Errorf("content type %q", kind)
		}
		body, err := io.ReadAll(r.Body)
		form, parseErr := url.ParseQuery(string(body))
		if err != nil || parseErr != nil {
			t.Error(err, parseErr)
		}
		forms = append(forms, form)
		_, _ = w.Write([]byte(wrapped(`{"success":true,"errorCode":"S0000","msgData":{"routeResps":[]}}`))) // the client reads or the test fails
	}))
	defer server.Close()
	c := New(server.Client())
	c.now = func() time.Time { return time.UnixMilli(12312334453453) }
	c.requestID = func() string { return "id-1" }
	a := account()
	a.BaseURL = server.URL + "/sandbox/"
	got := c.Track(t.Context(), a, []carriers.Parcel{
		{Number: "SF1", RecipientPhoneLast4: "0042"}, {Number: "SF 2*~<&"}, {Number: "SF3", RecipientPhoneLast4: "9917"},
	})
	for i := range got {
		if got[i].Err == nil || got[i].Err.Kind != carriers.ErrNotFound {
			t.Errorf("answer %d: %+v", i, got[i])
		}
	}
	messages := []string{
		`{"language":"zh-CN","trackingType":"1","trackingNumber":["SF1","SF3"],"methodType":"1","checkPhoneNo":"0042,9917"}`,
		`{"language":"zh-CN","trackingType":"1","trackingNumber":["SF 2*~\u003c\u0026"],"methodType":"1"}`,
	}
	var want []url.Values
	for _, message := range messages {
		want = append(want, url.Values{
			"partnerID": {"QIAO_SHOP"}, "requestID": {"id-1"}, "serviceCode": {"EXP_RECE_SEARCH_ROUTES"},
			"timestamp": {"12312334453453"}, "msgDigest": {digest(message, "12312334453453", checkword)}, "msgData": {message},
		})
	}
	if diff := cmp.Diff(want, forms); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	if a, b := randomID(), randomID(); a == b || len(a) != 32 {
		t.Errorf("%q and %q", a, b)
	}
}

// TestDigest holds the digest to the example of SF's documentation, whose
// checkword is public.
func TestDigest(t *testing.T) {
	t.Parallel()
	got := digest(`{"language":"zh-CN","orderId":"QIAO-20200618-004"}`, "12312334453453", "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci")
	if want := "IIKJtuLVzoFTu4kHI8M8vA=="; got != want {
		t.Errorf("digest() = %s, want %s", got, want)
	}
	if javaForm.Replace(url.QueryEscape("a b*~-_.%2A顺")) != "a+b*%7E-_.%252A%E9%A1%BA" {
		t.Error("the form is not Java's")
	}
}

func TestTrackBatch(t *testing.T) {
	t.Parallel()
	sizes := []int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q wireQuestion
		if err := json.Unmarshal([]byte(r.FormValue("msgData")), &q); err != nil {
			t.Error(err)
		}
		sizes = append(sizes, len(q.Numbers))
		var list bytes.Buffer
		for i, number := range q.Numbers {
			if i == 2 {
				continue // of this one SF says nothing
			}
			list.WriteString(`{"mailNo":"` + number + `","routes":[{"opCode":"50","remark":"` + number + `","acceptTime":"2026-01-01 10:00:00"}]},`)
		}
		_, _ = w.Write([]byte(wrapped(`{"success":true,"msgData":{"routeResps":[` + strings.TrimSuffix(list.String(), ",") + `]}}`))) // as above
	}))
	defer server.Close()
	a := account()
	a.BaseURL = server.URL
	parcels := make([]carriers.Parcel, 15)
	for i := range parcels {
		parcels[i].Number = "sf" + string(rune('a'+i))
		if i%5 == 0 {
			parcels[i].RecipientPhoneLast4 = "1234"
		}
	}
	silent := 0
	for i, answer := range New(server.Client()).Track(t.Context(), a, parcels) {
		switch {
		case answer.Err != nil && answer.Err.Kind == carriers.ErrMalformed:
			silent++
		case answer.Err != nil:
			t.Error(answer.Err)
		case answer.Tracking.Events[0].Description != parcels[i].Number:
			t.Errorf("answer %d is that of %s", i, answer.Tracking.Events[0].Description)
		}
	}
	if diff := cmp.Diff([]int{3, 10, 2}, sizes); diff != "" || silent != 2 {
		t.Errorf("%d without a word, want 2; sizes of questions (-want +got):\n%s", silent, diff)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for want, list := range map[carriers.Status]string{
		carriers.StatusPickedUp:           "54 50",
		carriers.StatusInTransit:          "30 31 36 407 501 607",
		carriers.StatusOutForDelivery:     "44 204 130",
		carriers.StatusAvailableForPickup: "125 126 658",
		carriers.StatusDeliveryFailed:     "70 33 77",
		carriers.StatusDelivered:          "80 8000",
		carriers.StatusReturning:          "99 648 631",
		carriers.StatusInfo:               "0 1 800 080 8 delivered 签收",
	} {
		for code := range strings.FieldsSeq(list) {
			if got := (route{Code: text(code), Remark: "已签收"}).event(false); got.Status != want {
				t.Errorf("%s: %s, want %s", code, got.Status, want)
			}
		}
	}
	if got := (route{Remark: "已签收"}).event(false); got.Status != carriers.StatusInfo {
		t.Errorf("a delivery was taken from free text: %s", got.Status)
	}
	if got := (route{Code: signature}).event(true); got.Status != carriers.StatusInfo {
		t.Errorf("the signature's picture after a delivery: %s", got.Status)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const nothing = `{"success":true,"errorCode":"S0000","msgData":{"routeResps":[]}}`
	for body, want := range map[string]carriers.ErrorKind{
		refusedBy("A1001", "x"): carriers.ErrBadRequest,
		refusedBy("A1002", "x"): carriers.ErrUnavailable,
		refusedBy("A1003", "x"): carriers.ErrAuth,
		refusedBy("A1004", "x"): carriers.ErrAuth,
		refusedBy("A1005", "x"): carriers.ErrRateLimited,
		refusedBy("A1006", "x"): carriers.ErrAuth,
		refusedBy("A1009", "x"): carriers.ErrUnavailable,
		refusedBy("A1099", "x"): carriers.ErrUnavailable,
		refusedBy("A7777", "x"): carriers.ErrMalformed,
		wrapped(`{"success":false,"errorCode":"8003","errorMsg":"单号过多","msgData":null}`): carriers.ErrBadRequest,
		wrapped(`{"success":false,"errorCode":"9","errorMsg":"?","msgData":null}`):       carriers.ErrMalformed,
		wrapped(`{"success":false,"errorCode":"S0000","msgData":{"routeResps":[]}}`):     carriers.ErrMalformed,
		wrapped(`{"success":true,"errorCode":"S0000","msgData":null}`):                   carriers.ErrMalformed,
		wrapped(`{"success":true`):                       carriers.ErrMalformed,
		wrapped(nothing):                                 carriers.ErrNotFound,
		once(t, refusedBy("A1000", ""), "null", nothing): carriers.ErrNotFound,
	} {
		answers, failure := parse([]byte(body), []carriers.Parcel{{Number: "SF1"}})
		if failure == nil {
			failure = answers[0].Err
		}
		if failure == nil || failure.Kind != want || failure.Message == "" {
			t.Errorf("%s: %v, want %s", body, failure, want)
		}
	}
}
