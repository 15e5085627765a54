package alipay

import (
	"testing"

	"github.com/tillpost/tillpost/payments"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code, subCode string
		want          payments.Outcome
		class         payments.Class
		misconfigured bool
		limited       bool
	}{
		{"20000", "isp.unknow-error", payments.OutcomeUnknown, "", false, false},
		{"20001", "aop.invalid-auth-token", payments.OutcomeNotSent, "", true, false},
		{"40001", "isv.missing-method", payments.OutcomeNotSent, "", true, false},
		{"40002", "isv.invalid-signature", payments.OutcomeNotSent, "", true, false},
		{"40003", "isv.insufficient-conditions", payments.OutcomeNotSent, "", true, false},
		{"40005", "isv.call-limited", payments.OutcomeNotSent, "", false, true},
		{"40006", "isv.insufficient-isv-permissions", payments.OutcomeNotSent, "", true, false},
		{"49999", "", payments.OutcomeUnknown, "", false, false},
		{"40004", "ACQ.SYSTEM_ERROR", payments.OutcomeUnknown, "", false, false},
		{"40004", "aop.ACQ.SYSTEM_ERROR", payments.OutcomeUnknown, "", false, false},
		{"40004", "ACQ.TRADE_HAS_SUCCESS", payments.OutcomeUnknown, "", false, false},
		{"40004", "ACQ.TRADE_HAS_FINISHED", payments.OutcomeUnknown, "", false, false},
		{"40004", "ACQ.TRADE_HAS_CLOSE", payments.OutcomeNotSent, "", false, false},
		{"40004", "ACQ.CONTEXT_INCONSISTENT", payments.OutcomeUnknown, "", false, false},
		{"40004", "ACQ.INVALID_PARAMETER", payments.OutcomeDeclined, never, false, false},
		{"40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", payments.OutcomeDeclined, fixData, false, false},
		{"40004", "ACQ.BUYER_ENABLE_STATUS_FORBID", payments.OutcomeDeclined, never, false, false},
		{"40004", "ACQ.BUYER_SELLER_EQUAL", payments.OutcomeDeclined, never, false, false},
		{"40004", "ACQ.EXIST_FORBIDDEN_WORD", payments.OutcomeDeclined, never, false, false},
		{"40004", "ACQ.PARTNER_ERROR", payments.OutcomeDeclined, never, false, false},
		{"40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", payments.OutcomeDeclined, later, false, false},
		{"40004", "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH", payments.OutcomeDeclined, later, false, false},
		{"40004", "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", payments.OutcomeDeclined, later, false, false},
		{"40004", "ACQ.ERROR_BALANCE_PAYMENT_DISABLE", payments.OutcomeDeclined, fixData, false, false},
		{"40004", "ACQ.TOTAL_FEE_EXCEED", payments.OutcomeDeclined, never, false, false},
		{"40004", "ACQ.BEYOND_PAY_RESTRICTION", payments.OutcomeDeclined, later, false, false},
		{"40004", "ACQ.PAYMENT_FAIL", payments.OutcomeDeclined, generic, false, false},
		{"40004", "", payments.OutcomeDeclined, generic, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.code+" "+tt.subCode, func(t *testing.T) {
			t.Parallel()
			x := &exchange{session: &session{}, verified: true, answer: answer{Code: tt.code, SubCode: tt.subCode}}
			r, _ := x.refusal(nil)
			if r.Outcome != tt.want || r.Class != tt.class || r.Misconfigured != tt.misconfigured || r.RateLimited != tt.limited {
				t.Errorf("result = %+v", r)
			}
			if r.Code == "" || r.Message == "" {
				t.Errorf("code %q, message %q", r.Code, r.Message)
			}
		})
	}
	for subCode, class := range map[string]payments.Class{
		subNotExist: never, "ACQ.TRADE_HAS_FINISHED": never, "ACQ.TRADE_HAS_CLOSE": never, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": never,
		"ACQ.REASON_TRADE_REFUND_FEE_ERR": never, "ACQ.TRADE_NOT_ALLOW_REFUND": never, "ACQ.SELLER_BALANCE_NOT_ENOUGH": later,
	} {
		x := &exchange{session: &session{}, verified: true, answer: answer{Code: codeBusiness, SubCode: subCode}}
		if r, _ := x.refusal(refundRefusals); r.Outcome != payments.OutcomeDeclined || r.Class != class {
			t.Errorf("refund: %s = %+v", subCode, r)
		}
	}
}
