package alipay

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestLookupAndCancel(t *testing.T) {
	t.Parallel()
	const inTime, tooLate = time.Minute, 2 * time.Hour
	missing := business(subNotExist)
	tests := []struct {
		name      string
		charge    payments.Charge
		after     time.Duration
		cancel    bool
		answers   map[string][]string
		want      payments.Outcome
		wantCalls []string
	}{
		{"paid", testCharge(), inTime, false, map[string][]string{callQuery: {success}}, payments.OutcomeSucceeded, []string{"query"}},
		{
			"finished", testCharge(), inTime, true,
			map[string][]string{callQuery: {strings.Replace(success, "TRADE_SUCCESS", "TRADE_FINISHED", 1)}}, payments.OutcomeSucceeded, []string{"query"},
		},
		{
			"paid in another amount", testCharge(), inTime, true,
			map[string][]string{callQuery: {strings.Replace(success, "88.88", "0.01", 1)}}, payments.OutcomeUnknown, []string{"query"},
		},
		{
			"another order", testCharge(), inTime, true,
			map[string][]string{callQuery: {strings.Replace(waitingPay, "att_1", "att_2", 1)}}, payments.OutcomeUnknown, []string{"query"},
		},
		{
			"a status not known", testCharge(), inTime, true,
			map[string][]string{callQuery: {strings.Replace(success, "TRADE_SUCCESS", "TRADE_NEW", 1)}}, payments.OutcomeUnknown, []string{"query"},
		},
		{"down", testCharge(), inTime, true, map[string][]string{callQuery: {unavailable}}, payments.OutcomeUnknown, []string{"query"}},
		{
			"a code of which nothing is known", testCharge(), inTime, false,
			map[string][]string{callQuery: {missing}, callCancel: {canceledOK}}, payments.OutcomeNotFound, []string{"query", "cancel"},
		},
		{
			"a code that arrived in between is given back", testCharge(), inTime, false,
			map[string][]string{callQuery: {missing}, callCancel: {reversedOK}}, payments.OutcomeNotFound, []string{"query", "cancel"},
		},
		{
			"a cancel that has to be repeated", testCharge(), inTime, false,
			map[string][]string{callQuery: {missing}, callCancel: {cancelAgain}}, payments.OutcomeUnknown, []string{"query", "cancel"},
		},
		{
			"a cancel that fails", testCharge(), inTime, false,
			map[string][]string{callQuery: {missing}, callCancel: {business("ACQ.SYSTEM_ERROR")}}, payments.OutcomeUnknown, []string{"query", "cancel"},
		},
		{"a code not confirmed", testCharge(), inTime, false, map[string][]string{callQuery: {waitingPay}}, payments.OutcomeProcessing, []string{"query"}},
		{
			"a code not confirmed, canceled", testCharge(), inTime, true,
			map[string][]string{callQuery: {waitingPay}, callClose: {endedOK}}, payments.OutcomeNotFound, []string{"query", "close"},
		},
		{
			"a code not confirmed in time", testCharge(), tooLate, false,
			map[string][]string{callQuery: {waitingPay}, callClose: {endedOK}}, payments.OutcomeDeclined, []string{"query", "close"},
		},
		{"a code closed by Alipay", testCharge(), inTime, false, map[string][]string{callQuery: {closedNow}}, payments.OutcomeDeclined, []string{"query"}},
		{"given back in full", testCharge(), inTime, false, map[string][]string{callQuery: {givenBack}}, payments.OutcomeNotFound, []string{"query"}},

		{"a page not opened", pageCharge(), inTime, false, map[string][]string{callQuery: {missing}}, payments.OutcomeRequiresAction, []string{"query"}},
		{
			"a page not opened cannot be canceled", pageCharge(), inTime, true,
			map[string][]string{callQuery: {missing}}, payments.OutcomeRequiresAction, []string{"query"},
		},
		{
			"a page not opened in time", pageCharge(), tooLate, false,
			map[string][]string{callQuery: {missing}, callClose: {missing}}, payments.OutcomeNotFound, []string{"query", "close"},
		},
		{"just before the time is over", pageCharge(), time.Hour, false, map[string][]string{callQuery: {missing}}, payments.OutcomeRequiresAction, []string{"query"}},
		{"a page that is open", pageCharge(), inTime, false, map[string][]string{callQuery: {waitingPay}}, payments.OutcomeRequiresAction, []string{"query"}},
		{
			"an open page is canceled", pageCharge(), inTime, true,
			map[string][]string{callQuery: {waitingPay}, callClose: {endedOK}}, payments.OutcomeNotFound, []string{"query", "close"},
		},
		{
			"paid while it is being closed", pageCharge(), inTime, true,
			map[string][]string{callQuery: {waitingPay, success}, callClose: {business("ACQ.REASON_TRADE_STATUS_INVALID")}},
			payments.OutcomeSucceeded, []string{"query", "close", "query"},
		},
		{
			"closed while it is being closed", pageCharge(), inTime, true,
			map[string][]string{callQuery: {waitingPay, closedNow}, callClose: {business("ACQ.REASON_TRADE_STATUS_INVALID")}},
			payments.OutcomeNotFound, []string{"query", "close", "query"},
		},
		{
			"cannot be closed", pageCharge(), tooLate, false,
			map[string][]string{callQuery: {waitingPay}, callClose: {unavailable}}, payments.OutcomeUnknown, []string{"query", "close", "query"},
		},
		{"a page closed", pageCharge(), tooLate, false, map[string][]string{callQuery: {closedNow}}, payments.OutcomeNotFound, []string{"query"}},

		{
			"a QR code that got lost is asked for again", qrCharge(), inTime, false,
			map[string][]string{callQuery: {missing}, callPrecreate: {precreated}}, payments.OutcomeRequiresAction, []string{"query", "precreate"},
		},
		{
			"a QR code is canceled", qrCharge(), inTime, true,
			map[string][]string{callQuery: {missing}, callCancel: {canceledOK}}, payments.OutcomeNotFound, []string{"query", "cancel"},
		},
		{
			"a QR code not scanned in time", qrCharge(), tooLate, false,
			map[string][]string{callQuery: {missing}, callCancel: {canceledOK}}, payments.OutcomeNotFound, []string{"query", "cancel"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, tt.answers)
			p, ask := clock(tt.after), (*Provider).Lookup
			if tt.cancel {
				ask = (*Provider).Cancel
			}
			r := ask(p, t.Context(), account, tt.charge)
			if r.Outcome != tt.want {
				t.Errorf("outcome = %s, want %s: %+v", r.Outcome, tt.want, r)
			}
			if r.Outcome == payments.OutcomeRequiresAction && (r.NextAction == nil || !r.NextAction.ExpiresAt.Equal(at.Add(time.Hour))) {
				t.Errorf("action = %+v", r.NextAction)
			}
			if diff := cmp.Diff(tt.wantCalls, s.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// The code that the customer sees stays the one to scan.
func TestLookupOfQRCode(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]string{callQuery: {business(subNotExist), waitingPay, success}})
	charge := qrCharge()
	charge.ProviderReference = qrCode
	r := clock(time.Minute).Lookup(t.Context(), account, charge)
	if r.Outcome != payments.OutcomeRequiresAction || r.NextAction.URL != qrCode || r.ProviderReference != qrCode {
		t.Errorf("not scanned: %+v", r)
	}
	if r = clock(time.Minute).Lookup(t.Context(), account, charge); r.Outcome != payments.OutcomeRequiresAction || r.ProviderReference != tradeNo {
		t.Errorf("scanned: %+v", r)
	}
	if r = clock(time.Minute).Lookup(t.Context(), account, charge); r.Outcome != payments.OutcomeSucceeded || r.Amount != 8888 {
		t.Errorf("paid: %+v", r)
	}
	if diff := cmp.Diff([]string{"query", "query", "query"}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// An answer that somebody else signed proves nothing, whatever it says.
func TestForgedAnswers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{success, business(subNotExist), closedNow, `{"code":"40002","msg":"x","sub_code":"isv.invalid-app-id"}`} {
		s, account := script(t, map[string][]string{callQuery: {text}, callPay: {text}, callRefund: {text}, callRefundQuery: {text}})
		s.key = otherKey()
		p, charge := clock(time.Minute), testCharge()
		refund := payments.Refund{Original: charge, Captured: 8888, RefundID: "ref_1", Amount: 100}
		for name, r := range map[string]payments.Result{
			"charge": p.Charge(t.Context(), account, charge), "look-up": p.Lookup(t.Context(), account, charge),
			"cancel": p.Cancel(t.Context(), account, charge), "refund": p.Refund(t.Context(), account, refund),
			"refund look-up": p.LookupRefund(t.Context(), account, refund),
		} {
			if r.Outcome != payments.OutcomeUnknown || r.Code != "answer_not_signed" {
				t.Errorf("%s of %s = %+v", name, text, r)
			}
		}
	}
}
