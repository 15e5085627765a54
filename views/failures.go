package views

import (
	"context"

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
