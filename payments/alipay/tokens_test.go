package alipay

import (
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
)

// Every token of the sandbox ends as a payment code as its table says, with one
// charge or none.
func TestTokens(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account := testAccount(address + "/alipay")
	for _, o := range sandbox.Outcomes() {
		t.Run(o.Token, func(t *testing.T) {
			t.Parallel()
			provider := New(&http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}})
			charge := testCharge()
			charge.PaymentID, charge.AttemptID, charge.Token, charge.StartedAt = "pay_"+o.Token, "att_"+o.Token, o.Token, time.Now()
			r := provider.Charge(t.Context(), account, charge)
			if r.Outcome == payments.OutcomeUnknown {
				r = New(http.DefaultClient).Lookup(t.Context(), account, charge)
			}
			want, wantCharges := wantOf(o)
			if r.Outcome != want || string(r.Class) != o.Class && want == payments.OutcomeDeclined {
				t.Errorf("outcome = %s (class %q, code %q), want %s (%q)", r.Outcome, r.Class, r.Code, want, o.Class)
			}
			if got := charged(bank, charge.AttemptID); got != wantCharges && want != payments.OutcomeProcessing {
				t.Errorf("the sandbox made %d charges, want %d", got, wantCharges)
			}
			if len(bank.Ledger(charge.PaymentID).Charges) != charged(bank, charge.AttemptID) {
				t.Error("the ledger does not know the payment")
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
	case sandbox.ResultDeclines, sandbox.ResultRecovers:
		return payments.OutcomeDeclined, 0
	case sandbox.ResultAsksCustomer, sandbox.ResultDeclinesAbsent, sandbox.ResultSettlesLater, sandbox.ResultFailsLater:
		return payments.OutcomeProcessing, 0
	default:
		return payments.OutcomeSucceeded, 1
	}
}
