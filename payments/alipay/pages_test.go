package alipay

import (
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// A customer's way through page and QR code, at the sandbox.
func TestCustomers(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account := testAccount(address + "/alipay")
	p := New(http.DefaultClient)
	start := func(t *testing.T, id string, charge payments.Charge) (payments.Charge, string) {
		t.Helper()
		charge.AttemptID, charge.PaymentID, charge.StartedAt = "att_"+id, "pay_"+id, time.Now()
		r := p.Charge(t.Context(), account, charge)
		if r.Outcome != payments.OutcomeRequiresAction || r.NextAction == nil {
			t.Fatalf("charge = %+v", r)
		}
		charge.ProviderReference = r.ProviderReference
		return charge, r.NextAction.URL
	}
	want := func(t *testing.T, charge payments.Charge, r payments.Result, outcome payments.Outcome, charges int) {
		t.Helper()
		if r.Outcome != outcome || charged(bank, charge.AttemptID) != charges {
			t.Errorf("outcome = %s with %d charges, want %s with %d: %+v", r.Outcome, charged(bank, charge.AttemptID), outcome, charges, r)
		}
	}
	for name, charge := range map[string]payments.Charge{"page": pageCharge(), "qr": qrCharge()} {
		t.Run(name+" paid", func(t *testing.T) {
			t.Parallel()
			c, at := start(t, name+"_paid", charge)
			want(t, c, p.Lookup(t.Context(), account, c), payments.OutcomeRequiresAction, 0)
			complete(t, at)
			want(t, c, p.Lookup(t.Context(), account, c), payments.OutcomeSucceeded, 1)
			want(t, c, p.Cancel(t.Context(), account, c), payments.OutcomeSucceeded, 1)
		})
		t.Run(name+" refused by the customer", func(t *testing.T) {
			t.Parallel()
			c, at := start(t, name+"_refused", charge)
			press(t, at, "failed")
			want(t, c, p.Lookup(t.Context(), account, c), payments.OutcomeNotFound, 0)
		})
		t.Run(name+" opened, then canceled", func(t *testing.T) {
			t.Parallel()
			c, at := start(t, name+"_opened", charge)
			resp, err := http.Get(at)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			want(t, c, p.Lookup(t.Context(), account, c), payments.OutcomeRequiresAction, 0)
			for range 2 {
				want(t, c, p.Cancel(t.Context(), account, c), payments.OutcomeNotFound, 0)
			}
			complete(t, at) // too late
			want(t, c, p.Lookup(t.Context(), account, c), payments.OutcomeNotFound, 0)
		})
		t.Run(name+" in time, then not any more", func(t *testing.T) {
			t.Parallel()
			c, _ := start(t, name+"_late", charge)
			late := New(http.DefaultClient)
			late.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
			want(t, c, late.Lookup(t.Context(), account, c), payments.OutcomeNotFound, 0)
		})
	}
	t.Run("a QR code is canceled before it is scanned", func(t *testing.T) {
		t.Parallel()
		c, at := start(t, "qr_canceled", qrCharge())
		want(t, c, p.Cancel(t.Context(), account, c), payments.OutcomeNotFound, 0)
		complete(t, at)
		want(t, c, p.Cancel(t.Context(), account, c), payments.OutcomeNotFound, 0)
	})
	t.Run("an address that somebody changed leads nowhere", func(t *testing.T) {
		t.Parallel()
		c, at := start(t, "page_changed", pageCharge())
		complete(t, at+"0")
		want(t, c, p.Lookup(t.Context(), account, c), payments.OutcomeRequiresAction, 0)
	})
}
