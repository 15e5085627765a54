package paypal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
)

// Every token of the sandbox ends through PayPal's format as its table says,
// with one charge or none, as a card and as a wallet.
func TestEveryToken(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account := sandboxAccount(address)
	for _, method := range []string{"card", "paypal"} {
		for _, o := range sandbox.Outcomes() {
			t.Run(method+" "+o.Token, func(t *testing.T) {
				t.Parallel()
				// A connection for each request: on one kept alive net/http may send a request again after a reset.
				provider := New(&http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}})
				charge := testCharge()
				id := method + "_" + o.Token
				charge.PaymentID, charge.AttemptID, charge.Key, charge.Token, charge.MethodType = "pay_"+id, "att_"+id, "key_"+id, o.Token, method
				r := provider.Charge(t.Context(), account, charge)
				if r.Outcome == payments.OutcomeUnknown {
					r = New(http.DefaultClient).Lookup(t.Context(), account, charge)
				}
				want, wantCharges := wantOf(o)
				if r.Outcome != want || r.Message == "" && want == payments.OutcomeDeclined {
					t.Errorf("outcome = %s (class %q, code %q), want %s", r.Outcome, r.Class, r.Code, want)
				}
				if method == "card" && string(r.Class) != o.Class && want == payments.OutcomeDeclined {
					t.Errorf("class = %s (code %q), want %s", r.Class, r.Code, o.Class)
				}
				if got := len(bank.Ledger(charge.PaymentID).Charges); got != wantCharges && want != payments.OutcomeProcessing {
					t.Errorf("the sandbox made %d charges, want %d", got, wantCharges)
				}
			})
		}
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

// A customer who pays at PayPal, without a stored method.
func TestPage(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account, provider := sandboxAccount(address), New(http.DefaultClient)
	for _, result := range []string{"succeeded", "failed"} {
		charge := walletCharge()
		charge.PaymentID, charge.AttemptID, charge.Key = "pay_"+result, "att_"+result, "key_"+result
		r := provider.Charge(t.Context(), account, charge)
		if r.Outcome != payments.OutcomeRequiresAction || !strings.HasPrefix(r.NextAction.URL, address) {
			t.Fatalf("result = %+v", r)
		}
		charge.ProviderReference = r.ProviderReference
		answerAction(t, r.NextAction.URL, result)
		if got := len(lines(bank, charge.AttemptID)); got != 0 {
			t.Errorf("the approval made %d charges", got)
		}
		for range 2 {
			r = provider.Lookup(t.Context(), account, charge)
		}
		if result == "succeeded" && (r.Outcome != payments.OutcomeSucceeded || r.Amount != 1250 || len(lines(bank, charge.AttemptID)) != 1) {
			t.Errorf("approved: %+v", r)
		}
		if result == "failed" && (r.Outcome != payments.OutcomeDeclined || r.Class != payments.ClassFixData || len(lines(bank, charge.AttemptID)) != 0) {
			t.Errorf("refused: %+v", r)
		}
	}
}
