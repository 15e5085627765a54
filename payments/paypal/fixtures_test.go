package paypal

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	orderID       = "5O190127TN364715T"
	tokenPath     = "POST /v1/oauth2/token"
	createPath    = "POST /v2/checkout/orders"
	showPath      = "GET /v2/checkout/orders/" + orderID
	patchPath     = "PATCH /v2/checkout/orders/" + orderID
	payPath       = "POST /v2/checkout/orders/" + orderID + "/capture"
	authorizePath = "POST /v2/checkout/orders/" + orderID + "/authorize"
	takePath      = "POST /v2/payments/authorizations/0VF52814937998046/capture"
	voidPath      = "POST /v2/payments/authorizations/0VF52814937998046/void"
	refundPath    = "POST /v2/payments/captures/3C679366HH908993F/refund"
	refundedPath  = "GET /v2/payments/refunds/1JU08902781691411"
	verifyPath    = "POST /v1/notifications/verify-webhook-signature"
	listPath      = "GET /v1/notifications/webhooks-events"
)

// scripted is a server that answers from files, after giving out tokens.
type scripted struct {
	t       *testing.T
	url     string
	answers map[string][]fixture // by method and path; the last one is repeated

	mu   sync.Mutex
	seen []seen
}

type fixture struct {
	status int
	file   string
}

type seen struct {
	call   string
	header http.Header
	query  string
	body   []byte
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	call := r.Method + " " + r.URL.Path
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Paypal-Debug-Id", "f5e2a2d8e6e46")
	s.mu.Lock()
	answers := s.answers[call]
	if call == tokenPath && answers == nil {
		s.mu.Unlock()
		_, _ = io.WriteString(w, `{"access_token":"A21AA-secret-token","token_type":"Bearer","expires_in":32400}`)
		return
	}
	s.seen = append(s.seen, seen{call, r.Header, r.URL.RawQuery, body})
	if len(answers) > 1 {
		s.answers[call] = answers[1:]
	}
	s.mu.Unlock()
	if len(answers) == 0 {
		s.t.Errorf("unexpected call: %s", call)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	text, err := os.ReadFile(filepath.Join("testdata", answers[0].file+".json"))
	if err != nil {
		s.t.Error(err)
	}
	w.WriteHeader(answers[0].status)
	_, _ = w.Write(text)
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

// body is what a call was sent.
func (s *scripted) body(t *testing.T, call string) map[string]any {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.seen {
		if one.call == call {
			var body map[string]any
			if err := json.Unmarshal(one.body, &body); err != nil {
				t.Fatalf("%s: %v in %q", call, err, one.body)
			}
			return body
		}
	}
	t.Fatalf("%s was never called", call)
	return nil
}

func script(t *testing.T, answers map[string][]fixture) (*scripted, payments.Account) {
	t.Helper()
	s := &scripted{t: t, answers: answers}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.url = web.URL
	return s, payments.Account{ID: "gwa_1", BaseURL: web.URL, Fields: map[string]string{
		"client_id": "AeA1", "client_secret": "EGnHDxD_q", "webhook_id": "1JE4291016473214C",
	}}
}

func testCharge() payments.Charge {
	return payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_1", AttemptID: "att_1", Key: "key-1", OrderNumber: "A-7", Amount: 1250,
		Currency: "EUR", MethodType: "card", Token: "8kk8451t", Capture: true, Description: "Order A-7", StartedAt: time.Now(),
	}
}

// walletCharge is one whose customer pays at PayPal.
func walletCharge() payments.Charge {
	c := testCharge()
	c.MethodType, c.Token, c.ReturnURL = "paypal", "", "https://shop.example/thanks"
	return c
}

// bare is a result without what every one has.
func bare(t *testing.T, r payments.Result) payments.Result {
	t.Helper()
	if r.HTTPStatus != 0 && r.RequestID != "f5e2a2d8e6e46" {
		t.Errorf("request id = %q", r.RequestID)
	}
	r.Raw, r.RequestID = "", ""
	return r
}
