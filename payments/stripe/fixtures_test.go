package stripe

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

const (
	createPath  = "POST /v1/payment_intents"
	confirmPath = "POST /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1/confirm"
	cancelPath  = "POST /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1/cancel"
	getPath     = "GET /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1"
	searchPath  = "GET /v1/payment_intents/search"
	capturePath = "POST /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1/capture"
	refundPath  = "POST /v1/refunds"
	refundsPath = "GET /v1/refunds"
	oneRefund   = "GET /v1/refunds/re_3PxYzA2eZvKYlo2C1"
)

// scripted is a server that answers from files.
type scripted struct {
	t       *testing.T
	answers map[string][]fixture // by method and path; the last one is repeated

	mu   sync.Mutex
	seen []seen
}

type fixture struct {
	status int
	file   string // " again" after it: Stripe kept the answer for the key
}

type seen struct {
	call   string
	header http.Header
	form   url.Values
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	call := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.seen = append(s.seen, seen{call, r.Header, r.Form})
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
	file, replayed := strings.CutSuffix(answers[0].file, " again")
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	body, err := os.ReadFile(filepath.Join("testdata", file+".json"))
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_123")
	w.WriteHeader(answers[0].status)
	if _, err := w.Write(body); err != nil {
		s.t.Error(err)
	}
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
	return s, payments.Account{ID: "gwa_1", BaseURL: web.URL, Fields: map[string]string{"secret_key": "sk_test_p7dc"}}
}

func testCharge() payments.Charge {
	return payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_1", AttemptID: "att_1", Key: "key-1", OrderNumber: "A-7", Amount: 1250,
		Currency: "EUR", MethodType: "card", Token: "pm_card_visa", Capture: true, Description: "Order A-7",
	}
}

func TestAccountMistakes(t *testing.T) {
	t.Parallel()
	provider := New(http.DefaultClient)
	good := payments.Account{BaseURL: "http://127.0.0.1:1", Fields: map[string]string{"secret_key": "sk_test_1"}}
	tests := []struct {
		name     string
		account  payments.Account
		method   string
		wantCode string
	}{
		{"no secret key", payments.Account{}, "card", "secret_key_missing"},
		{"no web address", payments.Account{BaseURL: "stripe.test", Fields: good.Fields}, "card", "base_url_invalid"},
		{"not a card", good, "alipay", "method_not_supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			charge := testCharge()
			charge.MethodType = tt.method
			got := provider.Charge(t.Context(), tt.account, charge)
			if got.Outcome != payments.OutcomeNotSent || !got.Misconfigured || got.Code != tt.wantCode || got.Message == "" {
				t.Errorf("result = %+v", got)
			}
			if got := provider.Lookup(t.Context(), tt.account, charge); got.Outcome != payments.OutcomeUnknown {
				t.Errorf("look-up = %+v", got)
			}
		})
	}
	if err := provider.Test(t.Context(), payments.Account{}); err == nil || !strings.Contains(err.Error(), "secret key") {
		t.Errorf("Test = %v", err)
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, wantOrigin, wantPath string }{
		{"", "https://api.stripe.com", ""},
		{"http://127.0.0.1:12111", "http://127.0.0.1:12111", ""},
		{"http://127.0.0.1:12111/", "http://127.0.0.1:12111", ""},
		{"https://proxy.example/stripe", "https://proxy.example", "/stripe"},
		{"https://proxy.example/stripe/v1/", "https://proxy.example", "/stripe"},
	}
	for _, tt := range tests {
		origin, path, err := base(payments.Account{BaseURL: tt.in})
		if err != nil || origin != tt.wantOrigin || path != tt.wantPath {
			t.Errorf("base(%q) = %q, %q, %v", tt.in, origin, path, err)
		}
	}
}
