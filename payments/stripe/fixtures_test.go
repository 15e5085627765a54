package stripe

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

const (
	createPath  = "POST /v1/payment_intents"
	confirmPath = "POST /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1/confirm"
	cancelPath  = "POST /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1/cancel"
	getPath     = "GET /v1/payment_intents/pi_3PxYzA2eZvKYlo2C1"
	searchPath  = "GET /v1/payment_intents/search"
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
	file   string
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
	body, err := os.ReadFile(filepath.Join("testdata", answers[0].file+".json"))
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

func TestCharge(t *testing.T) {
	t.Parallel()
	const id = "pi_3PxYzA2eZvKYlo2C1"
	tests := []struct {
		name    string
		create  fixture
		confirm fixture
		want    payments.Result
	}{
		{
			"succeeds", fixture{200, "created"}, fixture{200, "succeeded"},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: id, Amount: 1250, HTTPStatus: 200},
		},
		{
			"asks the customer", fixture{200, "created"}, fixture{200, "requires_action"},
			payments.Result{
				Outcome: payments.OutcomeRequiresAction, ProviderReference: id, HTTPStatus: 200,
				NextAction: &payments.NextAction{Type: "redirect", URL: "https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1"},
			},
		},
		{
			"is still processing", fixture{200, "created"}, fixture{200, "processing"},
			payments.Result{Outcome: payments.OutcomeProcessing, ProviderReference: id, HTTPStatus: 200},
		},
		{
			"declined: the advice wins over the code", fixture{200, "created"}, fixture{402, "declined"},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: id, Code: "do_not_honor", Class: payments.ClassLater, NetworkCode: "05",
				Advice: "try_again_later", Message: "The card's bank refused the payment without a reason.", HTTPStatus: 402,
			},
		},
		{
			"was confirmed before", fixture{200, "created"}, fixture{400, "past_confirmation"},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: id, Amount: 1250, HTTPStatus: 400},
		},
		{
			"was canceled before", fixture{200, "created"}, fixture{400, "past_cancellation"},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: id, Code: "canceled",
				Message: "The payment was canceled before it was executed.", HTTPStatus: 400,
			},
		},
		{
			"is being created by somebody else", fixture{409, "key_in_use"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "idempotency_key_in_use", RetryAfter: busyWait,
				Message: "Stripe is still at an earlier request for this attempt.", HTTPStatus: 409,
			},
		},
		{
			"was created with other details", fixture{400, "other_body"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "idempotency_error",
				Message: "Stripe knows this attempt with other details.", HTTPStatus: 400,
			},
		},
		{
			"is being confirmed by somebody else", fixture{200, "created"}, fixture{409, "key_in_use"},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: id, Code: "idempotency_key_in_use", RetryAfter: busyWait,
				Message: "Stripe is still at an earlier request for this attempt.", HTTPStatus: 409,
			},
		},
		{
			"is locked", fixture{200, "created"}, fixture{429, "lock_timeout"},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: id, Code: "lock_timeout", RetryAfter: busyWait, RateLimited: true,
				Message: "Stripe asked to slow down.", HTTPStatus: 429,
			},
		},
		{
			"has an unknown card", fixture{400, "no_payment_method"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Code: "resource_missing",
				Message: "Stripe refused the request: No such PaymentMethod: 'pm_gone'", HTTPStatus: 400,
			},
		},
		{
			"has a wrong key", fixture{401, "bad_key"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: "credentials_refused",
				Message: "Stripe refused the account's secret key.", HTTPStatus: 401,
			},
		},
		{
			"meets an error while creating", fixture{500, "bad_key"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Message: "Stripe's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{createPath: {tt.create}, confirmPath: {tt.confirm}})
			got := New(http.DefaultClient).Charge(t.Context(), account, testCharge())
			if got.Raw == "" || got.RequestID != "req_123" {
				t.Errorf("raw %q, request %q", got.Raw, got.RequestID)
			}
			got.Raw, got.RequestID = "", ""
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChargeSends(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{createPath: {{200, "created"}}, confirmPath: {{200, "succeeded"}}})
	provider := New(http.DefaultClient)
	charge := testCharge()
	provider.Charge(t.Context(), account, charge)
	charge.Capture, charge.ReturnURL = false, "https://shop.example/thanks"
	provider.Charge(t.Context(), account, charge)

	create := url.Values{
		"amount": {"1250"}, "currency": {"eur"}, "payment_method": {"pm_card_visa"}, "payment_method_types[0]": {"card"},
		"capture_method": {"automatic"}, "description": {"Order A-7"},
		"metadata[payment_id]": {"pay_1"}, "metadata[attempt_id]": {"att_1"}, "metadata[merchant_id]": {"mer_1"}, "metadata[order_number]": {"A-7"},
	}
	manual := maps.Clone(create)
	manual["capture_method"] = []string{"manual"}
	want := []url.Values{
		create, {"off_session": {"true"}, "expand[0]": {"latest_charge"}},
		manual, {"return_url": {"https://shop.example/thanks"}, "expand[0]": {"latest_charge"}},
	}
	for i, one := range s.seen {
		if diff := cmp.Diff(want[i], one.form); diff != "" {
			t.Errorf("form of %s (-want +got):\n%s", one.call, diff)
		}
		key := map[string]string{createPath: "key-1-create", confirmPath: "key-1-confirm"}[one.call]
		if got := one.header.Get("Idempotency-Key"); got != key {
			t.Errorf("%s has the key %q, want %q", one.call, got, key)
		}
		if got := one.header.Get("Authorization"); got != "Bearer sk_test_p7dc" {
			t.Errorf("Authorization = %q", got)
		}
		if one.header.Get("Stripe-Version") == "" || one.header.Get("User-Agent") != "Tillpost" ||
			one.header.Get("X-Stripe-Client-User-Agent") != "" || one.header.Get("X-Stripe-Client-Telemetry") != "" {
			t.Errorf("headers = %v", one.header)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	const id = "pi_3PxYzA2eZvKYlo2C1"
	tests := []struct {
		name      string
		reference string
		age       time.Duration
		answers   map[string][]fixture
		want      payments.Outcome
		wantCalls []string
	}{
		{
			"without a reference the key finds the intent", "", 0,
			map[string][]fixture{createPath: {{200, "created"}}, getPath: {{200, "succeeded"}}},
			payments.OutcomeSucceeded, []string{createPath, getPath},
		},
		{
			"never confirmed: canceled, so that it cannot be", id, 0,
			map[string][]fixture{getPath: {{200, "created"}}, cancelPath: {{200, "canceled"}}},
			payments.OutcomeNotFound, []string{getPath, cancelPath},
		},
		{
			"confirmed while it is being canceled", id, 0,
			map[string][]fixture{getPath: {{200, "created"}, {200, "succeeded"}}, cancelPath: {{400, "past_confirmation"}}},
			payments.OutcomeSucceeded, []string{getPath, cancelPath, getPath},
		},
		{
			"cannot be canceled", id, 0,
			map[string][]fixture{getPath: {{200, "created"}}, cancelPath: {{500, "bad_key"}}},
			payments.OutcomeUnknown, []string{getPath, cancelPath, getPath},
		},
		{
			"canceled by an earlier look-up", id, 0,
			map[string][]fixture{getPath: {{200, "canceled"}}}, payments.OutcomeNotFound, []string{getPath},
		},
		{
			"given up after it was authorized", id, 0,
			map[string][]fixture{getPath: {{200, "canceled_after_charge"}}}, payments.OutcomeDeclined, []string{getPath},
		},
		{
			"refused now, so never accepted", "", 0,
			map[string][]fixture{createPath: {{400, "no_payment_method"}}}, payments.OutcomeNotFound, []string{createPath},
		},
		{
			"known with other details", "", 0,
			map[string][]fixture{createPath: {{400, "other_body"}}}, payments.OutcomeUnknown, []string{createPath},
		},
		{
			"another account's", id, 0,
			map[string][]fixture{getPath: {{404, "no_payment_method"}}}, payments.OutcomeUnknown, []string{getPath},
		},
		{
			"the key is forgotten: found by its metadata", "", 24 * time.Hour,
			map[string][]fixture{searchPath: {{200, "search_found"}}, getPath: {{200, "succeeded"}}},
			payments.OutcomeSucceeded, []string{searchPath, getPath},
		},
		{
			"the key is forgotten: not found", "", 24 * time.Hour,
			map[string][]fixture{searchPath: {{200, "search_empty"}}}, payments.OutcomeNotFound, []string{searchPath},
		},
		{
			"the key is forgotten: search is not to be had", "", 24 * time.Hour,
			map[string][]fixture{searchPath: {{400, "other_body"}}}, payments.OutcomeUnknown, []string{searchPath},
		},
		{
			"the key is forgotten: the reference does", id, 24 * time.Hour,
			map[string][]fixture{getPath: {{200, "succeeded"}}}, payments.OutcomeSucceeded, []string{getPath},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, tt.answers)
			provider := New(http.DefaultClient)
			charge := testCharge()
			charge.ProviderReference, charge.StartedAt = tt.reference, provider.now().Add(-tt.age)
			got := provider.Lookup(t.Context(), account, charge)
			if got.Outcome != tt.want {
				t.Errorf("outcome = %s, want %s; %+v", got.Outcome, tt.want, got)
			}
			if diff := cmp.Diff(tt.wantCalls, s.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookupOfDeclined(t *testing.T) {
	t.Parallel()
	_, account := script(t, map[string][]fixture{createPath: {{200, "created"}}, getPath: {{200, "declined_before"}}})
	got := New(http.DefaultClient).Lookup(t.Context(), account, testCharge())
	if got.Outcome != payments.OutcomeDeclined || got.Code != "insufficient_funds" || got.Class != payments.ClassLater ||
		got.NetworkCode != "51" || got.Advice != "24" {
		t.Errorf("result = %+v", got)
	}
}

// A second call for a charge that may have been confirmed proves nothing by failing.
func TestChargeAgainAfterConfirmation(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{confirmPath: {{401, "bad_key"}}})
	charge := testCharge()
	charge.ProviderReference = "pi_3PxYzA2eZvKYlo2C1"
	if got := New(http.DefaultClient).Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeUnknown || !got.Misconfigured {
		t.Errorf("result = %+v", got)
	}
	if diff := cmp.Diff([]string{confirmPath}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Past the life of its key, the same charge sent again would be a second one.
func TestChargeAfterItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{searchPath: {{200, "search_found"}}, getPath: {{200, "succeeded"}}})
	charge := testCharge()
	charge.StartedAt = time.Now().Add(-24 * time.Hour)
	if got := New(http.DefaultClient).Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeSucceeded {
		t.Errorf("result = %+v", got)
	}
	if diff := cmp.Diff([]string{searchPath, getPath}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
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
