package alipay

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// scripted is an Alipay that answers from a script.
type scripted struct {
	t       *testing.T
	key     *rsa.PrivateKey
	answers map[string][]string // what is in the answer's member, by method; the last one is repeated

	mu   sync.Mutex
	seen []url.Values
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	method := r.PostForm.Get("method")
	s.mu.Lock()
	s.seen = append(s.seen, r.PostForm)
	answers := s.answers[method]
	if len(answers) > 1 {
		s.answers[method] = answers[1:]
	}
	s.mu.Unlock()
	if len(answers) == 0 {
		s.t.Errorf("unexpected call: %s", method)
		return
	}
	signature, err := sign(s.key, answers[0])
	if err != nil {
		s.t.Error(err)
	}
	fmt.Fprintf(w, `{%q:%s,"sign":%q}`, strings.ReplaceAll(method, ".", "_")+"_response", answers[0], signature)
}

func (s *scripted) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []string
	for _, form := range s.seen {
		calls = append(calls, strings.TrimPrefix(form.Get("method"), "alipay.trade."))
	}
	return calls
}

func script(t *testing.T, answers map[string][]string) (*scripted, payments.Account) {
	t.Helper()
	s := &scripted{t: t, key: alipayKey(), answers: answers}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, testAccount(web.URL)
}

// at is when the tests' attempts start: noon in China.
var at = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)

func testCharge() payments.Charge {
	return payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_1", AttemptID: "att_1", Key: "key-1", OrderNumber: "A-7", Amount: 8888,
		Currency: "CNY", MethodType: "alipay", Token: "28763443825664394", Capture: true, Description: "Order A-7", StartedAt: at,
	}
}

// pageCharge is paid on Alipay's page, qrCharge by a QR code.
func pageCharge() payments.Charge {
	c := testCharge()
	c.Token, c.ReturnURL = "", "https://shop.example/thanks"
	return c
}

func qrCharge() payments.Charge {
	c := testCharge()
	c.Token = ""
	return c
}

// clock is a provider whose clock is past the attempt's start.
func clock(after time.Duration) *Provider {
	p := New(http.DefaultClient)
	p.now = func() time.Time { return at.Add(after) }
	return p
}

type brokenTransport struct{}

func (brokenTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is no network here")
}

func noNetwork() *http.Client { return &http.Client{Transport: brokenTransport{}} }

// Answers of Alipay's.
const (
	tradeNo = "2013112011001004330000121536"
	qrCode  = "https://qr.alipay.com/bavh4wjlxf12tper3a"

	named      = `"trade_no":"` + tradeNo + `","out_trade_no":"att_1"`
	paidNow    = `{"code":"10000","msg":"Success",` + named + `,"total_amount":"88.88","buyer_pay_amount":"88.88","gmt_payment":"2026-03-01 12:00:01"}`
	inProgress = `{"code":"10003","msg":"order success pay inprocess",` + named + `}`
	success    = `{"code":"10000","msg":"Success",` + named +
		`,"trade_status":"TRADE_SUCCESS","total_amount":"88.88","send_pay_date":"2026-03-01 12:00:01"}`
	waitingPay = `{"code":"10000","msg":"Success",` + named + `,"trade_status":"WAIT_BUYER_PAY","total_amount":"88.88"}`
	closedNow  = `{"code":"10000","msg":"Success",` + named + `,"trade_status":"TRADE_CLOSED","total_amount":"88.88"}`
	givenBack  = `{"code":"10000","msg":"Success",` + named +
		`,"trade_status":"TRADE_CLOSED","total_amount":"88.88","send_pay_date":"2026-03-01 12:00:01"}`
	endedOK     = `{"code":"10000","msg":"Success",` + named + `}`
	canceledOK  = `{"code":"10000","msg":"Success","out_trade_no":"att_1","retry_flag":"N"}`
	reversedOK  = `{"code":"10000","msg":"Success",` + named + `,"retry_flag":"N","action":"refund"}`
	cancelAgain = `{"code":"10000","msg":"Success","out_trade_no":"att_1","retry_flag":"Y"}`
	precreated  = `{"code":"10000","msg":"Success","out_trade_no":"att_1","qr_code":"` + qrCode + `"}`
	unavailable = `{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error","sub_msg":"busy"}`
)

func business(subCode string) string {
	return `{"code":"40004","msg":"Business Failed","sub_code":"` + subCode + `","sub_msg":"a reason"}`
}
