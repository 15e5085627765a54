package views

import (
	"context"
	"strings"

	"github.com/tillpost/tillpost/locales"
)

// ownWords are what Tillpost itself says of failures, as it is stored: in
// English, beside what providers say. A test finds those that lack here.
var ownWords = map[string]string{
	"Canceled before it was sent.":                                                           locales.Mark("failures.canceled"),
	"Nothing was sent: the provider has failed too often in the last moments.":               locales.Mark("failures.breaker_open"),
	"The provider charged the customer after this attempt had counted as failed.":            locales.Mark("failures.charged_late_attempt"),
	"The provider charged the customer after this payment had counted as failed.":            locales.Mark("failures.charged_late"),
	"Not sent: an earlier attempt had charged the customer.":                                 locales.Mark("failures.superseded"),
	"Refunded at the provider.":                                                              locales.Mark("failures.refunded_there"),
	"The provider does not say whether the customer was charged.":                            locales.Mark("failures.outcome_unknown"),
	"The customer has not confirmed the payment, and it could not be ended at the provider.": locales.Mark("failures.action_not_finished"),
	"Tillpost was stopped before the provider's answer was stored.":                          locales.Mark("failures.interrupted"),
	"The provider cannot refund.":                                                            locales.Mark("failures.no_refunds"),
	"A person has seen that the provider took the money.":                                    locales.Mark("failures.confirmed_paid"),
	"A person has seen that the provider took no money.":                                     locales.Mark("failures.confirmed_not_paid"),
	"The payment account is switched off.":                                                   locales.Mark("failures.gateway_disabled"),
	"Tillpost could not prepare the request.":                                                locales.Mark("failures.not_prepared"),
	"The payment has no account to be charged through.":                                      locales.Mark("failures.no_gateway"),
	"The payment account does not exist.":                                                    locales.Mark("failures.unknown_gateway"),
	"This program knows no payment provider of the account's kind.":                          locales.Mark("failures.unknown_kind"),
	"The account's credentials cannot be opened: enter them anew.":                           locales.Mark("failures.unreadable_credentials"),
	"The provider cannot do this.":                                                           locales.Mark("failures.not_supported"),
	"The provider's answer names a charge that belongs to another payment.":                  locales.Mark("failures.reference_taken"),
}

// carrierWords are what Tillpost itself says of calls of carriers, as it is
// stored in English.
var carrierWords = map[string]string{
	"the credentials were refused":                         locales.Mark("failures.credentials_refused"),
	"the token was refused":                                locales.Mark("failures.credentials_refused"),
	"too many calls":                                       locales.Mark("failures.too_many_calls"),
	"this account may not ask for that":                    locales.Mark("failures.not_allowed"),
	"the carrier does not know this number":                locales.Mark("failures.number_unknown"),
	"the call was canceled":                                locales.Mark("failures.call_canceled"),
	"no answer within the time limit":                      locales.Mark("failures.no_answer"),
	"no trusted connection could be made":                  locales.Mark("failures.no_trust"),
	"the answer broke off":                                 locales.Mark("failures.broke_off"),
	"the account's base URL is not a web address":          locales.Mark("failures.base_url_form"),
	"the account's limits let no further call out in time": locales.Mark("failures.no_turn"),
}

// carrierBeginnings begin what names the carrier or a status.
var carrierBeginnings = []struct{ begins, key string }{
	{"the base URL does not lead to ", locales.Mark("failures.base_url_leads")},
	{"the carrier failed with HTTP ", locales.Mark("failures.carrier_failed")},
	{"the question was refused with HTTP ", locales.Mark("failures.question_refused")},
}

// callWords is what is stored of a carrier's call, in the viewer's language when
// it is our own.
func callWords(ctx context.Context, message string) string {
	l := locales.FromContext(ctx)
	if key, known := carrierWords[message]; known {
		return l.T(key)
	}
	for _, b := range carrierBeginnings {
		if rest, ok := strings.CutPrefix(message, b.begins); ok {
			return l.T(b.key, "Rest", rest)
		}
	}
	return failureWords(ctx, message)
}

// failureWords is a stored message, in the viewer's language when it is our own
// or of those that people meet often.
func failureWords(ctx context.Context, message string) string {
	for _, words := range []map[string]string{ownWords, declineWords} {
		if key, known := words[message]; known {
			return locales.FromContext(ctx).T(key)
		}
	}
	return message
}
