package stripe

import (
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func TestDeclineClasses(t *testing.T) {
	t.Parallel()
	classes := map[payments.Class]string{
		payments.ClassNever: `card_not_supported currency_not_supported do_not_try_again duplicate_transaction fraudulent
			invalid_account lost_card merchant_blacklist not_permitted pickup_card restricted_card
			revocation_of_all_authorizations revocation_of_authorization security_violation service_not_allowed
			stolen_card stop_payment_order testmode_decline transaction_not_allowed`,
		payments.ClassFixData: `authentication_required expired_card incorrect_cvc incorrect_number incorrect_pin
			incorrect_zip invalid_cvc invalid_expiry_month invalid_expiry_year invalid_number invalid_pin
			new_account_information_available offline_pin_required online_or_offline_pin_required pin_try_exceeded
			incorrect_address`,
		payments.ClassLater: `approve_with_id card_velocity_exceeded insufficient_funds issuer_not_available
			processing_error reenter_transaction try_again_later withdrawal_count_limit_exceeded`,
		payments.ClassGeneric: `call_issuer do_not_honor generic_decline invalid_amount no_action_taken
			a_code_of_tomorrow`,
	}
	for class, codes := range classes {
		for code := range strings.FieldsSeq(codes) {
			var r payments.Result
			refuse(&r, newExchange(payments.Account{}), wireError{Type: "card_error", Code: "card_declined", DeclineCode: code})
			if r.Outcome != payments.OutcomeDeclined || r.Class != class || r.Code != code || r.Message == "" {
				t.Errorf("%s: %+v", code, r)
			}
		}
	}
	for code, known := range declines {
		if !strings.HasSuffix(known.message, ".") || known.class == "" {
			t.Errorf("%s: %+v", code, known)
		}
	}
}

func TestAdviceWins(t *testing.T) {
	t.Parallel()
	for advice, want := range map[string]payments.Class{
		"do_not_try_again": payments.ClassNever, "try_again_later": payments.ClassLater,
		"confirm_card_data": payments.ClassFixData, "something_new": payments.ClassGeneric,
	} {
		var r payments.Result
		refuse(&r, newExchange(payments.Account{}), wireError{Code: "card_declined", DeclineCode: "generic_decline", AdviceCode: advice})
		if r.Class != want || r.Advice != advice {
			t.Errorf("%s: class %s, advice %q, want %s", advice, r.Class, r.Advice, want)
		}
	}
}

// A network's wish to wait holds beside Stripe's own advice, which names no time.
func TestNetworkAdviceIsWaitedFor(t *testing.T) {
	t.Parallel()
	var r payments.Result
	refuse(&r, newExchange(payments.Account{}), wireError{
		Code: "card_declined", DeclineCode: "insufficient_funds", AdviceCode: "try_again_later", NetworkAdvice: "26",
	})
	if r.RetryAfter != 48*time.Hour || r.Class != payments.ClassLater {
		t.Errorf("wait %s, class %s, want two days, later", r.RetryAfter, r.Class)
	}
}
