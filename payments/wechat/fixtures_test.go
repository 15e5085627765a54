package wechat

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	createPath = "POST /v3/pay/transactions/native"
	queryPath  = "GET /v3/pay/transactions/out-trade-no/att_06fk2m8q7xv1c3w9"
	closePath  = "POST /v3/pay/transactions/out-trade-no/att_06fk2m8q7xv1c3w9/close"
	refundPath = "POST /v3/refund/domestic/refunds"
	askPath    = "GET /v3/refund/domestic/refunds/ref_06fk2m8q7xv1c3w9"

	platformID = "PUB_KEY_ID_0119000001092026010500000000"
)

// scripted is a server that answers as WeChat Pay, signed, from files.
type scripted struct {
	t       *testing.T
	answers map[string][]fixture // by method and path; the last one is repeated

	mu   sync.Mutex
	seen []seen
}

// fixture is an answer: a file, or an error's code.
type fixture struct {
	status int
	file   string
	code   string
	spoil  func(http.Header) // of the signature
}

type seen struct {
	call, target, body string
	header             http.Header
}

var closedAnswer = fixture{status: 204}

func absentAnswer() []fixture { return []fixture{{status: 404, code: "ORDER_NOT_EXIST"}} }

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	call := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.seen = append(s.seen, seen{call, r.URL.RequestURI(), string(sent), r.Header})
	answers := s.answers[call]
	if len(answers) > 1 {
		s.answers[call] = answers[1:]
	}
	s.mu.Unlock()
	if len(answers) == 0 {
		s.t.Errorf("unexpected call: %s", call)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	var body []byte
	switch {
	case answers[0].file != "":
		if body, err = os.ReadFile(filepath.Join("testdata", answers[0].file+".json")); err != nil {
			s.t.Error(err)
		}
	case answers[0].code != "":
		body = []byte(`{"code":"` + answers[0].code + `","message":"因为如此","detail":{"location":"uri"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-ID", "08F5B8C2B506")
	platformSign(w.Header(), body, time.Now())
	if answers[0].spoil != nil {
		answers[0].spoil(w.Header())
	}
	w.WriteHeader(answers[0].status)
	w.Write(body)
}

// platformSign signs as WeChat Pay.
func platformSign(header http.Header, body []byte, at time.Time) {
	seconds, nonce := strconv.FormatInt(at.Unix(), 10), "d824f2e086d3c1df967785d13fcd22ef"
	digest := sha256.Sum256([]byte(seconds + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, platformKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	header.Set("Wechatpay-Timestamp", seconds)
	header.Set("Wechatpay-Nonce", nonce)
	header.Set("Wechatpay-Serial", platformID)
	header.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	header.Set("Wechatpay-Signature-Type", scheme)
}

func (s *scripted) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []string
	for _, one := range s.seen {
		calls = append(calls, one.call)
	}
	return calls
}

func script(t *testing.T, answers map[string][]fixture) (*scripted, payments.Account) {
	t.Helper()
	s := &scripted{t: t, answers: answers}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, scriptedAccount(t, web.URL)
}

func scriptedAccount(t *testing.T, baseURL string) payments.Account {
	t.Helper()
	return payments.Account{ID: "gwa_1", BaseURL: baseURL, Fields: map[string]string{
		"mchid": "1900000109", "appid": "wx8888888888888888", "serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
		"private_key": privatePEM(merchantKey()), "apiv3_key": "0123456789abcdef0123456789abcdef",
		"platform_public_key": publicPEM(t, &platformKey().PublicKey), "platform_public_key_id": platformID,
	}}
}

func testCharge() payments.Charge {
	return payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_1", AttemptID: "att_06fk2m8q7xv1c3w9", Key: "key-1", OrderNumber: "A-7", Amount: 1250,
		Currency: "CNY", MethodType: "wechat", Capture: true, Description: "Order A-7", StartedAt: time.Now(),
		NotifyURL: "https://shop.example/hooks/gwa_1",
	}
}

func testRefund() payments.Refund {
	c := testCharge()
	c.ProviderReference = "4200001234202601051234567890"
	return payments.Refund{
		Original: c, Captured: 1250, RefundID: "ref_06fk2m8q7xv1c3w9", Key: "key-2", Amount: 300, Reason: "damaged", StartedAt: time.Now(),
	}
}

func wantResult(t *testing.T, r payments.Result, want payments.Outcome, code string) {
	t.Helper()
	if r.Outcome != want || r.Code != code {
		t.Errorf("outcome = %s, code %q, want %s, %q (message %q)", r.Outcome, r.Code, want, code, r.Message)
	}
	if strings.Contains(r.Raw+r.Message, "PRIVATE KEY") {
		t.Errorf("result = %+v", r)
	}
}
