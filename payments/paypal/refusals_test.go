package paypal

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

// Every code that the reference lists, and what it means for a next try.
func TestRefusalClasses(t *testing.T) {
	t.Parallel()
	classes := map[payments.Class]string{
		payments.ClassNever: `TRANSACTION_REFUSED PAYER_CANNOT_PAY PAYEE_BLOCKED_TRANSACTION PAYER_ACCOUNT_RESTRICTED
			PAYER_ACCOUNT_LOCKED_OR_CLOSED COMPLIANCE_VIOLATION MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED CAPTURE_FULLY_REFUNDED
			REFUND_AMOUNT_EXCEEDED REFUND_TIME_LIMIT_EXCEEDED TOKEN_ID_NOT_FOUND AGREEMENT_ALREADY_CANCELLED 5700 9500 9520 5140`,
		payments.ClassFixData: `INSTRUMENT_DECLINED REDIRECT_PAYER_FOR_ALTERNATE_FUNDING PAYER_ACTION_REQUIRED ORDER_NOT_APPROVED
			CARD_EXPIRED TOKEN_EXPIRED 5110 5400 5650 7710`,
		payments.ClassLater:   `REFUND_FAILED_INSUFFICIENT_FUNDS PENDING_CAPTURE TRANSACTION_DISPUTED TRANSACTION_LIMIT_EXCEEDED 5120 5710 5920 9100`,
		payments.ClassGeneric: `DECLINED FAILED 0500 5100 A_CODE_OF_TOMORROW 0123`,
	}
	for class, codes := range classes {
		for code := range strings.FieldsSeq(codes) {
			var r payments.Result
			refuse(&r, code, "The payment was refused.")
			if r.Outcome != payments.OutcomeDeclined || r.Class != class || r.Code != code || r.Message == "" {
				t.Errorf("%s: %+v", code, r)
			}
		}
	}
	for code, known := range refusals {
		if !strings.HasSuffix(known.message, ".") || known.class == "" || !plainCode.MatchString(code) || settings[code] != "" {
			t.Errorf("%s: %+v", code, known)
		}
	}
	for code, message := range settings {
		r := payments.Result{Code: code}
		answered(&r, &exchange{status: http.StatusUnprocessableEntity, fault: fault{Name: "UNPROCESSABLE_ENTITY"}})
		if r.Outcome != payments.OutcomeNotSent || !r.Misconfigured || !strings.HasSuffix(message, ".") {
			t.Errorf("%s: %+v", code, r)
		}
	}
	for reason, message := range pending {
		if !strings.HasSuffix(message, ".") || !plainCode.MatchString(reason) {
			t.Errorf("%s: %s", reason, message)
		}
	}
}

func TestAdviceWins(t *testing.T) {
	t.Parallel()
	for advice, want := range map[string]payments.Class{
		"01": payments.ClassFixData, "02": payments.ClassLater, "03": payments.ClassNever, "21": payments.ClassNever, "99": payments.ClassGeneric,
	} {
		var r payments.Result
		declined(&r, movement{Status: "DECLINED", Processor: processor{Code: "5100", Advice: advice}})
		if r.Class != want || r.Advice != advice || r.NetworkCode != "5100" {
			t.Errorf("%s: %+v, want %s", advice, r, want)
		}
	}
}
