package wechat

import (
	"net/http"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

// Every code of the reference has a meaning, for an order and for a refund.
func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code    string
		status  int
		charge  payments.Outcome
		class   payments.Class
		refund  payments.Outcome
		because payments.Class // of the refund
		wrong   bool           // the account
		limited bool
	}{
		{code: "SYSTEM_ERROR", status: 500, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "SYSTEMERROR", status: 500, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "BANK_ERROR", status: 500, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "BANKERROR", status: 500, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "BIZERR_NEED_RETRY", status: 400, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "BIZ_ERR_NEED_RETRY", status: 400, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "FREQUENCY_LIMITED", status: 429, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, limited: true},
		{code: "RATELIMIT_EXCEEDED", status: 429, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, limited: true},
		{code: "SIGN_ERROR", status: 401, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, wrong: true},
		{code: "NO_AUTH", status: 403, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, wrong: true},
		{code: "NOAUTH", status: 403, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, wrong: true},
		{code: "MCH_NOT_EXISTS", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, wrong: true},
		{code: "APPID_MCHID_NOT_MATCH", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, wrong: true},
		{code: "PARAM_ERROR", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "INVALID_REQUEST", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "ORDER_CLOSED", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "ORDERCLOSED", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "RULE_LIMIT", status: 403, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "TRADE_ERROR", status: 403, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "ACCOUNT_ERROR", status: 403, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "USER_ACCOUNT_ABNORMAL", status: 403, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "NOT_ENOUGH", status: 403, charge: payments.OutcomeDeclined, class: payments.ClassLater, refund: payments.OutcomeDeclined, because: payments.ClassLater},
		{code: "ORDER_NOT_EXIST", status: 404, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "ORDERNOTEXIST", status: 404, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "RESOURCE_NOT_EXISTS", status: 404, charge: payments.OutcomeDeclined, class: payments.ClassNever, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "OUT_TRADE_NO_USED", status: 403, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "ORDERPAID", status: 400, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "ORDER_PAID", status: 400, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "USERPAYING", status: 202, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "USER_PAYING", status: 202, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
		{code: "SOMETHING_NEW", status: 400, charge: payments.OutcomeNotSent, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "SOMETHING_NEW", status: 401, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, wrong: true},
		{code: "SOMETHING_NEW", status: 403, charge: payments.OutcomeNotSent, refund: payments.OutcomeDeclined, because: payments.ClassNever},
		{code: "SOMETHING_NEW", status: 429, charge: payments.OutcomeNotSent, refund: payments.OutcomeNotSent, limited: true},
		{code: "SOMETHING_NEW", status: 503, charge: payments.OutcomeUnknown, refund: payments.OutcomeUnknown},
	}
	covered := make(map[string]bool)
	for _, tt := range tests {
		covered[tt.code] = true
		t.Run(tt.code+" "+http.StatusText(tt.status), func(t *testing.T) {
			t.Parallel()
			refused := []fixture{{status: tt.status, code: tt.code}}
			_, account := script(t, map[string][]fixture{
				createPath: refused, queryPath: absentAnswer(), refundPath: refused, askPath: {{status: 404, code: "RESOURCE_NOT_EXISTS"}},
			})
			provider := New(http.DefaultClient)
			r := provider.Charge(t.Context(), account, testCharge())
			if r.Outcome != tt.charge || r.Class != tt.class || r.Misconfigured != tt.wrong || r.RateLimited != tt.limited || r.Message == "" {
				t.Errorf("charge = %+v", r)
			}
			r = provider.Refund(t.Context(), account, testRefund())
			if r.Outcome != tt.refund || r.Class != tt.because || r.Misconfigured != tt.wrong || r.RateLimited != tt.limited ||
				r.Code != tt.code || r.Message == "" {
				t.Errorf("refund = %+v", r)
			}
		})
	}
	for code := range refusals {
		if !covered[code] {
			t.Errorf("no test of %s", code)
		}
	}
}

// Who may not ask, or asks too often, is told so without a signature.
func TestUnsignedRefusals(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]payments.Outcome{
		400: payments.OutcomeUnknown, 401: payments.OutcomeNotSent, 403: payments.OutcomeNotSent, 404: payments.OutcomeUnknown,
		429: payments.OutcomeNotSent, 500: payments.OutcomeUnknown,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			refused := []fixture{{status: status, code: "PARAM_ERROR", spoil: unsign}}
			_, account := script(t, map[string][]fixture{createPath: refused, queryPath: refused, refundPath: refused})
			provider := New(http.DefaultClient)
			if r := provider.Charge(t.Context(), account, testCharge()); r.Outcome != want {
				t.Errorf("charge = %+v", r)
			}
			if r := provider.Refund(t.Context(), account, testRefund()); r.Outcome != want {
				t.Errorf("refund = %+v", r)
			}
			if r := provider.Lookup(t.Context(), account, testCharge()); r.Outcome != payments.OutcomeUnknown {
				t.Errorf("look-up = %+v", r)
			}
		})
	}
}
