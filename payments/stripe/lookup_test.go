package stripe

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

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
