package paypal

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

var payerAction = &payments.NextAction{
	Type: "redirect", URL: "https://www.paypal.com/checkoutnow?token=" + orderID, ExpiresAt: time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC),
}

func TestCharge(t *testing.T) {
	t.Parallel()
	soon := *payerAction
	soon.ExpiresAt = time.Time{} // an error does not say when the order was made
	tests := []struct {
		name   string
		create fixture
		pay    fixture
		show   fixture
		want   payments.Result
	}{
		{
			"succeeds", fixture{201, "created"}, fixture{201, "completed"}, fixture{},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: orderID, Amount: 1250, HTTPStatus: 201},
		},
		{
			"is pending", fixture{201, "created"}, fixture{201, "pending"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeProcessing, ProviderReference: orderID, Code: "ECHECK",
				Message: "The customer pays by eCheck: it takes days.", HTTPStatus: 201,
			},
		},
		{
			"declined by the card's bank", fixture{201, "created"}, fixture{201, "declined"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: orderID, Code: "5120", NetworkCode: "5120", Class: payments.ClassLater,
				Advice: "02", Message: "There is not enough money in the account.", HTTPStatus: 201,
			},
		},
		{
			"declined: the advice wins over the code", fixture{201, "created"}, fixture{201, "declined_for_good"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: orderID, Code: "0500", NetworkCode: "0500", Class: payments.ClassNever,
				Advice: "03", Message: "The card's bank refused the payment without a reason.", HTTPStatus: 201,
			},
		},
		{
			"refused by PayPal", fixture{201, "created"}, fixture{422, "refused"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: orderID, Code: "TRANSACTION_REFUSED", Class: payments.ClassNever,
				Message: "PayPal refused the payment.", HTTPStatus: 422,
			},
		},
		{
			"refused for a reason of tomorrow", fixture{201, "created"}, fixture{422, "of_tomorrow"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: orderID, Code: "AN_ISSUE_OF_TOMORROW", Class: payments.ClassGeneric,
				Message: "The payment was refused: The moon is not full.", HTTPStatus: 422,
			},
		},
		{
			"the instrument is declined while its customer is away", fixture{201, "created"}, fixture{422, "instrument_declined"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: orderID, Code: "INSTRUMENT_DECLINED", Class: payments.ClassFixData,
				Message: "The customer's bank refused: they must choose another way to pay at PayPal.", HTTPStatus: 422,
			},
		},
		{
			"asks the customer", fixture{201, "created"}, fixture{422, "payer_action"}, fixture{},
			payments.Result{Outcome: payments.OutcomeRequiresAction, ProviderReference: orderID, NextAction: &soon, HTTPStatus: 422},
		},
		{
			"was captured before", fixture{200, "created"}, fixture{422, "already_captured"}, fixture{200, "completed"},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: orderID, Amount: 1250, HTTPStatus: 200},
		},
		{
			"the key finds it paid", fixture{200, "completed"}, fixture{}, fixture{},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: orderID, Amount: 1250, HTTPStatus: 200},
		},
		{
			"was withdrawn before", fixture{200, "withdrawn"}, fixture{}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: orderID, Code: "canceled",
				Message: "The order was withdrawn before it was paid.", HTTPStatus: 200,
			},
		},
		{
			"is withdrawn meanwhile", fixture{201, "created"}, fixture{422, "other_intent"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: orderID, Code: "canceled",
				Message: "The order was withdrawn before it was paid.", HTTPStatus: 422,
			},
		},
		{
			"is being captured by somebody else", fixture{201, "created"}, fixture{409, "in_progress"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "PREVIOUS_REQUEST_IN_PROGRESS", RetryAfter: busyWait,
				Message: "PayPal is still at an earlier request for this payment.", HTTPStatus: 409,
			},
		},
		{
			"is being completed", fixture{201, "created"}, fixture{422, "completing"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "ORDER_COMPLETION_IN_PROGRESS", RetryAfter: busyWait,
				Message: "PayPal is still at an earlier request for this payment.", HTTPStatus: 422,
			},
		},
		{
			"was paid by another order", fixture{201, "created"}, fixture{422, "duplicate_invoice"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "DUPLICATE_INVOICE_ID",
				Message: "PayPal has a payment under this invoice number already: it may be an earlier request's.", HTTPStatus: 422,
			},
		},
		{
			"meets an error of PayPal's", fixture{201, "created"}, fixture{500, "internal"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "INTERNAL_SERVER_ERROR",
				Message: "PayPal's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
		{
			"comes too often", fixture{201, "created"}, fixture{429, "rate_limit"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: orderID, Code: "RATE_LIMIT_REACHED", RateLimited: true,
				Message: "PayPal asked to slow down.", HTTPStatus: 429,
			},
		},
		{
			"has a restricted account", fixture{201, "created"}, fixture{422, "restricted"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: orderID, Code: "PAYEE_ACCOUNT_RESTRICTED", Misconfigured: true,
				Message: "The PayPal account is restricted.", HTTPStatus: 422,
			},
		},
		{
			"is not allowed", fixture{201, "created"}, fixture{403, "permission"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: orderID, Code: "PERMISSION_DENIED", Misconfigured: true,
				Message: "The PayPal account is not allowed this request.", HTTPStatus: 403,
			},
		},
		{
			"is not well formed", fixture{400, "malformed"}, fixture{}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Code: "INVALID_PARAMETER_SYNTAX",
				Message: "PayPal refused the request: The value of a field does not conform to the expected format.", HTTPStatus: 400,
			},
		},
		{
			"meets an error while it is created", fixture{500, "internal"}, fixture{}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Code: "INTERNAL_SERVER_ERROR",
				Message: "PayPal's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
		{
			"is being created by somebody else", fixture{409, "in_progress"}, fixture{}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "PREVIOUS_REQUEST_IN_PROGRESS", RetryAfter: busyWait,
				Message: "PayPal is still at an earlier request for this payment.", HTTPStatus: 409,
			},
		},
		{
			"another amount was taken", fixture{201, "created"}, fixture{201, "other_amount"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "amount_mismatch",
				Message: "PayPal's order is about another amount.", HTTPStatus: 201,
			},
		},
		{
			"another currency was taken", fixture{201, "created"}, fixture{201, "other_currency"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "amount_mismatch",
				Message: "PayPal's order is about another amount.", HTTPStatus: 201,
			},
		},
		{
			"another attempt was paid", fixture{201, "created"}, fixture{201, "other_reference"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: orderID, Code: "reference_mismatch",
				Message: "PayPal's order belongs to another payment.", HTTPStatus: 201,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{createPath: {tt.create}, payPath: {tt.pay}, showPath: {tt.show}})
			got := New(http.DefaultClient).Charge(t.Context(), account, testCharge())
			if got.Raw == "" {
				t.Error("the answer is not kept")
			}
			if diff := cmp.Diff(tt.want, bare(t, got)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

// A customer approves at PayPal first; only then is the order captured.
func TestWalletCharge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		create    string
		pay       fixture
		want      payments.Outcome
		wantCalls []string
	}{
		{"the customer is sent to PayPal", "waiting", fixture{}, payments.OutcomeRequiresAction, []string{createPath}},
		{"sent again after the approval it is captured", "approved", fixture{201, "completed"}, payments.OutcomeSucceeded, []string{createPath, payPath}},
		{"the customer must choose again", "approved", fixture{422, "instrument_declined"}, payments.OutcomeRequiresAction, []string{createPath, payPath}},
		{"sent again when it is paid", "completed", fixture{}, payments.OutcomeSucceeded, []string{createPath}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, map[string][]fixture{createPath: {{201, tt.create}}, payPath: {tt.pay}})
			got := New(http.DefaultClient).Charge(t.Context(), account, walletCharge())
			if got.Outcome != tt.want || got.ProviderReference != orderID {
				t.Errorf("result = %+v", got)
			}
			if got.Outcome == payments.OutcomeRequiresAction && (got.NextAction == nil || got.NextAction.URL != payerAction.URL) {
				t.Errorf("action = %+v", got.NextAction)
			}
			if diff := cmp.Diff(tt.wantCalls, s.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChargeSends(t *testing.T) {
	t.Parallel()
	unit := []any{map[string]any{
		"reference_id": "pay_1", "custom_id": "att_1", "invoice_id": "att_1", "description": "Order A-7",
		"amount": map[string]any{"currency_code": "EUR", "value": "12.50"},
	}}
	back := map[string]any{"return_url": "https://shop.example/thanks", "cancel_url": "https://shop.example/thanks"}
	tests := []struct {
		name    string
		change  func(*payments.Charge)
		create  map[string]any
		pay     string
		wantPay map[string]any
	}{
		{
			"a card while its customer is away", func(*payments.Charge) {}, map[string]any{"intent": "CAPTURE", "purchase_units": unit}, payPath,
			map[string]any{"payment_source": map[string]any{"card": map[string]any{
				"vault_id":          "8kk8451t",
				"stored_credential": map[string]any{"payment_initiator": "MERCHANT", "payment_type": "UNSCHEDULED", "usage": "SUBSEQUENT"},
			}}},
		},
		{
			"a card of a customer who is there", func(c *payments.Charge) { c.ReturnURL = "https://shop.example/thanks" },
			map[string]any{"intent": "CAPTURE", "purchase_units": unit}, payPath,
			map[string]any{"payment_source": map[string]any{"card": map[string]any{
				"vault_id": "8kk8451t", "experience_context": back,
				"stored_credential": map[string]any{"payment_initiator": "CUSTOMER", "payment_type": "ONE_TIME", "usage": "SUBSEQUENT"},
			}}},
		},
		{
			"a wallet to be captured by hand", func(c *payments.Charge) { c.MethodType, c.Capture = "paypal", false },
			map[string]any{"intent": "AUTHORIZE", "purchase_units": unit}, authorizePath,
			map[string]any{"payment_source": map[string]any{"paypal": map[string]any{
				"vault_id":          "8kk8451t",
				"stored_credential": map[string]any{"payment_initiator": "MERCHANT", "usage": "SUBSEQUENT"},
			}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			charge := testCharge()
			tt.change(&charge)
			created, done := "created", "completed"
			if !charge.Capture {
				created, done = "withdrawn", "authorized"
			}
			s, account := script(t, map[string][]fixture{createPath: {{201, created}}, tt.pay: {{201, done}}})
			New(http.DefaultClient).Charge(t.Context(), account, charge)
			if diff := cmp.Diff(tt.create, s.body(t, createPath)); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wantPay, s.body(t, tt.pay)); diff != "" {
				t.Errorf("payment (-want +got):\n%s", diff)
			}
			for _, one := range s.seen {
				key := map[string]string{createPath: "key-1-create", tt.pay: "key-1-pay"}[one.call]
				if got := one.header.Get("PayPal-Request-Id"); got != key {
					t.Errorf("%s has the key %q, want %q", one.call, got, key)
				}
				if one.header.Get("Authorization") != "Bearer A21AA-secret-token" || one.header.Get("Prefer") != "return=representation" {
					t.Errorf("headers = %v", one.header)
				}
			}
		})
	}
	t.Run("an order that its customer pays at PayPal", func(t *testing.T) {
		t.Parallel()
		s, account := script(t, map[string][]fixture{createPath: {{201, "waiting"}}})
		New(http.DefaultClient).Charge(t.Context(), account, walletCharge())
		want := map[string]any{"intent": "CAPTURE", "purchase_units": unit, "payment_source": map[string]any{
			"paypal": map[string]any{"experience_context": map[string]any{
				"return_url": back["return_url"], "cancel_url": back["cancel_url"], "user_action": "PAY_NOW",
			}},
		}}
		if diff := cmp.Diff(want, s.body(t, createPath)); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

// A second call for a charge that may have been captured proves nothing by failing.
func TestChargeAgain(t *testing.T) {
	t.Parallel()
	for _, failing := range []fixture{{401, "invalid_token"}, {404, "not_found"}, {429, "rate_limit"}, {500, "internal"}} {
		for _, path := range []string{showPath, payPath} {
			answers := map[string][]fixture{showPath: {{200, "created"}}}
			answers[path] = []fixture{failing}
			_, account := script(t, answers)
			charge := testCharge()
			charge.ProviderReference = orderID
			if got := New(http.DefaultClient).Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeUnknown {
				t.Errorf("%s answers %d: %+v", path, failing.status, got)
			}
		}
	}
}

func TestAccountMistakes(t *testing.T) {
	t.Parallel()
	provider := New(http.DefaultClient)
	good := map[string]string{"client_id": "AeA1", "client_secret": "EGnHDxD_q"}
	tests := []struct {
		name     string
		baseURL  string
		fields   map[string]string
		change   func(*payments.Charge)
		wantCode string
	}{
		{"no client id", "", map[string]string{"client_secret": "x"}, nil, "client_id_missing"},
		{"no secret", "", map[string]string{"client_id": "x"}, nil, "client_secret_missing"},
		{"no web address", "paypal.test", good, nil, "base_url_invalid"},
		{"another method", "http://127.0.0.1:1", good, func(c *payments.Charge) { c.MethodType = "alipay" }, "method_not_supported"},
		{"a card that is not in the vault", "http://127.0.0.1:1", good, func(c *payments.Charge) { c.Token = "" }, "token_missing"},
		{"nowhere to go back to", "http://127.0.0.1:1", good, func(c *payments.Charge) { c.MethodType, c.Token = "paypal", "" }, "return_url_missing"},
		{"a currency that PayPal does not know", "http://127.0.0.1:1", good, func(c *payments.Charge) { c.Currency = "KWD" }, "amount_not_supported"},
		{"a fraction of a forint", "http://127.0.0.1:1", good, func(c *payments.Charge) { c.Currency, c.Amount = "HUF", 1250 }, "amount_not_supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			account, charge := payments.Account{BaseURL: tt.baseURL, Fields: tt.fields}, testCharge()
			if tt.change != nil {
				tt.change(&charge)
			}
			got := provider.Charge(t.Context(), account, charge)
			if got.Outcome != payments.OutcomeNotSent || !got.Misconfigured || got.Code != tt.wantCode || got.Message == "" {
				t.Errorf("result = %+v", got)
			}
			for _, got := range []payments.Result{provider.Lookup(t.Context(), account, charge), provider.Cancel(t.Context(), account, charge)} {
				if got.Outcome != payments.OutcomeUnknown {
					t.Errorf("look-up = %+v", got)
				}
			}
		})
	}
	if err := provider.Test(t.Context(), payments.Account{}); err == nil {
		t.Error("an account without credentials passes")
	}
}
