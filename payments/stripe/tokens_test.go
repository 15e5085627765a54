package stripe

import (
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
)

// Every token of the sandbox ends through Stripe's format as its table says,
// with one charge or none.
func TestTokens(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account := payments.Account{BaseURL: address + "/stripe", Fields: map[string]string{"secret_key": "sk_test_1"}}
	for _, o := range sandbox.Outcomes() {
		t.Run(o.Token, func(t *testing.T) {
			t.Parallel()
			// A connection for each request: on one kept alive net/http sends a request again after a reset.
			provider := New(&http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}})
			charge := testCharge()
			charge.PaymentID, charge.AttemptID, charge.Key, charge.Token = "pay_"+o.Token, "att_"+o.Token, "key_"+o.Token, o.Token
			r := provider.Charge(t.Context(), account, charge)
			if r.Outcome == payments.OutcomeUnknown {
				r = New(http.DefaultClient).Lookup(t.Context(), account, charge)
			}
			want, wantCharges := wantOf(o)
			if r.Outcome != want || string(r.Class) != o.Class && want == payments.OutcomeDeclined {
				t.Errorf("outcome = %s (class %q, code %q), want %s (%q)", r.Outcome, r.Class, r.Code, want, o.Class)
			}
			if got := len(bank.Ledger(charge.PaymentID).Charges); got != wantCharges && want != payments.OutcomeProcessing {
				t.Errorf("the sandbox made %d charges, want %d", got, wantCharges)
			}
		})
	}
}

func wantOf(o sandbox.Outcome) (payments.Outcome, int) {
	switch o.Fault {
	case sandbox.FaultTimeoutBefore, sandbox.FaultResetBefore, sandbox.FaultErrorBefore:
		return payments.OutcomeNotFound, 0
	case sandbox.FaultRateLimited:
		return payments.OutcomeNotSent, 0
	default:
	}
	switch o.Result {
	case sandbox.ResultDeclines, sandbox.ResultDeclinesAbsent, sandbox.ResultRecovers:
		return payments.OutcomeDeclined, 0
	case sandbox.ResultAsksCustomer:
		return payments.OutcomeRequiresAction, 0
	case sandbox.ResultSettlesLater, sandbox.ResultFailsLater:
		return payments.OutcomeProcessing, 0
	default:
		return payments.OutcomeSucceeded, 1
	}
}
