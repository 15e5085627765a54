package paypal

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		wallet    bool // its customer pays at PayPal
		hold      bool // to be captured by hand
		reference string
		age       time.Duration
		answers   map[string][]fixture
		want      payments.Outcome
		wantCode  string
		wantCalls []string
	}{
		{
			name: "without an id the key finds the order", answers: map[string][]fixture{createPath: {{200, "completed"}}, showPath: {{200, "completed"}}},
			want: payments.OutcomeSucceeded, wantCalls: []string{createPath, showPath},
		},
		{
			name: "never paid: withdrawn, so that it cannot be", reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "created"}, {200, "withdrawn"}}, patchPath: {{204, "nothing"}}},
			want:    payments.OutcomeNotFound, wantCode: "canceled", wantCalls: []string{showPath, patchPath, showPath},
		},
		{
			name: "paid while it is withdrawn", reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "created"}, {200, "completed"}}, patchPath: {{422, "already_completed"}}},
			want:    payments.OutcomeSucceeded, wantCalls: []string{showPath, patchPath, showPath},
		},
		{
			name: "cannot be withdrawn", reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "created"}}, patchPath: {{500, "internal"}}},
			want:    payments.OutcomeUnknown, wantCode: "INTERNAL_SERVER_ERROR", wantCalls: []string{showPath, patchPath, showPath},
		},
		{
			name: "said to be withdrawn, but is not", reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "created"}}, patchPath: {{204, "nothing"}}},
			want:    payments.OutcomeUnknown, wantCode: "order_open", wantCalls: []string{showPath, patchPath, showPath},
		},
		{
			name: "withdrawn before", reference: orderID, answers: map[string][]fixture{showPath: {{200, "withdrawn"}}},
			want: payments.OutcomeNotFound, wantCode: "canceled", wantCalls: []string{showPath},
		},
		{
			name: "approved: captured now", wallet: true, reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "approved"}}, payPath: {{201, "completed"}}},
			want:    payments.OutcomeSucceeded, wantCalls: []string{showPath, payPath},
		},
		{
			name: "approved, and captured meanwhile", wallet: true, reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "approved"}, {200, "completed"}}, payPath: {{422, "already_captured"}}},
			want:    payments.OutcomeSucceeded, wantCalls: []string{showPath, payPath, showPath},
		},
		{
			name: "approved, but PayPal is busy", wallet: true, reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "approved"}}, payPath: {{429, "rate_limit"}}},
			want:    payments.OutcomeUnknown, wantCode: "RATE_LIMIT_REACHED", wantCalls: []string{showPath, payPath},
		},
		{
			name: "approved, but refused", wallet: true, reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "approved"}}, payPath: {{422, "refused"}}},
			want:    payments.OutcomeDeclined, wantCode: "TRANSACTION_REFUSED", wantCalls: []string{showPath, payPath},
		},
		{
			name: "no longer approved", wallet: true, reference: orderID,
			answers: map[string][]fixture{showPath: {{200, "approved"}, {200, "waiting"}}, payPath: {{422, "not_approved"}}},
			want:    payments.OutcomeRequiresAction, wantCalls: []string{showPath, payPath, showPath},
		},
		{
			name: "waits for its customer", wallet: true, reference: orderID, answers: map[string][]fixture{showPath: {{200, "waiting"}}},
			want: payments.OutcomeRequiresAction, wantCalls: []string{showPath},
		},
		{
			name: "voided", wallet: true, reference: orderID, answers: map[string][]fixture{showPath: {{200, "voided"}}},
			want: payments.OutcomeDeclined, wantCode: "ORDER_VOIDED", wantCalls: []string{showPath},
		},
		{
			name: "pending", reference: orderID, answers: map[string][]fixture{showPath: {{200, "pending"}}},
			want: payments.OutcomeProcessing, wantCode: "ECHECK", wantCalls: []string{showPath},
		},
		{
			name: "declined", reference: orderID, answers: map[string][]fixture{showPath: {{200, "declined"}}},
			want: payments.OutcomeDeclined, wantCode: "5120", wantCalls: []string{showPath},
		},
		{
			name: "refunded since", reference: orderID, answers: map[string][]fixture{showPath: {{200, "refunded"}}},
			want: payments.OutcomeSucceeded, wantCalls: []string{showPath},
		},
		{
			name: "authorized", hold: true, reference: orderID, answers: map[string][]fixture{showPath: {{200, "authorized"}}},
			want: payments.OutcomeAuthorized, wantCalls: []string{showPath},
		},
		{
			name: "authorized, then captured", hold: true, reference: orderID, answers: map[string][]fixture{showPath: {{200, "auth_captured"}}},
			want: payments.OutcomeSucceeded, wantCalls: []string{showPath},
		},
		{
			name: "authorized, then released", hold: true, reference: orderID, answers: map[string][]fixture{showPath: {{200, "auth_voided"}}},
			want: payments.OutcomeDeclined, wantCode: "AUTHORIZATION_VOIDED", wantCalls: []string{showPath},
		},
		{
			name: "lapsed: its customer never approved it", wallet: true, reference: orderID, age: 7 * time.Hour,
			answers: map[string][]fixture{showPath: {{404, "not_found"}}},
			want:    payments.OutcomeDeclined, wantCode: "ORDER_EXPIRED", wantCalls: []string{showPath},
		},
		{
			name: "not there, too early to have lapsed", wallet: true, reference: orderID, age: time.Hour,
			answers: map[string][]fixture{showPath: {{404, "not_found"}}},
			want:    payments.OutcomeUnknown, wantCode: "INVALID_RESOURCE_ID", wantCalls: []string{showPath},
		},
		{
			name: "not there, but the vault may have paid it", reference: orderID, age: 7 * time.Hour,
			answers: map[string][]fixture{showPath: {{404, "not_found"}}},
			want:    payments.OutcomeUnknown, wantCode: "INVALID_RESOURCE_ID", wantCalls: []string{showPath},
		},
		{
			name: "not there, says somebody else", wallet: true, reference: orderID, age: 7 * time.Hour,
			answers: map[string][]fixture{showPath: {{404, "nothing"}}},
			want:    payments.OutcomeUnknown, wantCalls: []string{showPath},
		},
		{name: "forgotten, and nobody was sent to it", wallet: true, age: 6 * time.Hour, want: payments.OutcomeNotFound, wantCode: "order_not_used"},
		{name: "forgotten, and the vault may have paid it", age: 6 * time.Hour, want: payments.OutcomeUnknown, wantCode: "order_not_named"},
		{
			name: "refused as it is: it cannot have been accepted", answers: map[string][]fixture{createPath: {{400, "malformed"}}},
			want: payments.OutcomeNotFound, wantCode: "INVALID_PARAMETER_SYNTAX", wantCalls: []string{createPath},
		},
		{
			name: "refused for the account's sake: it may have been accepted", answers: map[string][]fixture{createPath: {{422, "restricted"}}},
			want: payments.OutcomeUnknown, wantCode: "PAYEE_ACCOUNT_RESTRICTED", wantCalls: []string{createPath},
		},
		{
			name: "another attempt's", reference: orderID, answers: map[string][]fixture{showPath: {{200, "other_reference"}}},
			want: payments.OutcomeUnknown, wantCode: "reference_mismatch", wantCalls: []string{showPath},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, tt.answers)
			charge := testCharge()
			if tt.wallet {
				charge = walletCharge()
			}
			charge.Capture, charge.ProviderReference, charge.StartedAt = !tt.hold, tt.reference, time.Now().Add(-tt.age)
			got := New(http.DefaultClient).Lookup(t.Context(), account, charge)
			if got.Outcome != tt.want || got.Code != tt.wantCode {
				t.Errorf("result = %+v, want %s (%s)", got, tt.want, tt.wantCode)
			}
			if diff := cmp.Diff(tt.wantCalls, s.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// An approved order is captured with its own key, the same each time.
func TestCaptureAfterApproval(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{showPath: {{200, "approved"}}, payPath: {{500, "internal"}}})
	charge := walletCharge()
	charge.ProviderReference = orderID
	for range 2 {
		New(http.DefaultClient).Lookup(t.Context(), account, charge)
	}
	for _, one := range s.seen {
		if got := one.header.Get("PayPal-Request-Id"); one.call == payPath && got != "key-1-approved" {
			t.Errorf("key = %q", got)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		answers  map[string][]fixture
		want     payments.Outcome
		wantLast string
	}{
		{
			"waiting for its customer", map[string][]fixture{showPath: {{200, "waiting"}, {200, "withdrawn"}}, patchPath: {{204, "nothing"}}},
			payments.OutcomeNotFound, showPath,
		},
		{
			"approved, not yet captured", map[string][]fixture{showPath: {{200, "approved"}, {200, "withdrawn"}}, patchPath: {{204, "nothing"}}},
			payments.OutcomeNotFound, showPath,
		},
		{"paid", map[string][]fixture{showPath: {{200, "completed"}}}, payments.OutcomeSucceeded, showPath},
		{"withdrawn before", map[string][]fixture{showPath: {{200, "withdrawn"}}}, payments.OutcomeNotFound, showPath},
		{
			"PayPal does not withdraw it", map[string][]fixture{showPath: {{200, "waiting"}}, patchPath: {{422, "of_tomorrow"}}},
			payments.OutcomeUnknown, showPath,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, tt.answers)
			charge := walletCharge()
			charge.ProviderReference = orderID
			if got := New(http.DefaultClient).Cancel(t.Context(), account, charge); got.Outcome != tt.want {
				t.Errorf("result = %+v, want %s", got, tt.want)
			}
			if calls := s.calls(); calls[len(calls)-1] != tt.wantLast {
				t.Errorf("calls = %v", calls)
			}
		})
	}
}

// Past the life of its key the same charge is looked up instead of sent.
func TestChargeAfterItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{showPath: {{200, "completed"}}})
	charge := testCharge()
	charge.StartedAt, charge.ProviderReference = time.Now().Add(-6*time.Hour), orderID
	if got := New(http.DefaultClient).Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeSucceeded {
		t.Errorf("result = %+v", got)
	}
	if diff := cmp.Diff([]string{showPath}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
