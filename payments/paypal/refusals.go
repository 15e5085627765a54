package paypal

import (
	"maps"

	"github.com/tillpost/tillpost/payments"
)

// refusal is what a code of PayPal's means, in the words for staff.
type refusal struct {
	class   payments.Class
	message string
}

const (
	never   = payments.ClassNever
	fixData = payments.ClassFixData
	later   = payments.ClassLater
	generic = payments.ClassGeneric
)

// refusals are the issues of Orders v2 and Payments v2, the codes of card
// processors, and a few of our own for what an order shows.
var refusals = func() map[string]refusal {
	all := make(map[string]refusal, len(issues)+len(processors))
	for _, table := range []map[string]refusal{issues, processors} {
		maps.Copy(all, table)
	}
	return all
}()

// issues follow https://developer.paypal.com/api/rest/reference/orders/v2/errors/
// and https://developer.paypal.com/docs/api/payments/v2/.
var issues = map[string]refusal{
	"AGREEMENT_ALREADY_CANCELLED":             {never, "The customer has withdrawn the permission for payments from this PayPal account."},
	"BILLING_AGREEMENT_NOT_FOUND":             {never, "PayPal does not know the stored payment method any more."},
	"COMPLIANCE_VIOLATION":                    {never, "PayPal refused the payment for legal reasons."},
	"DOMESTIC_TRANSACTION_REQUIRED":           {never, "PayPal allows the payment only within one country."},
	"MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": {never, "PayPal allows no further try of this payment."},
	"MISMATCHED_VAULT_ID_TO_PAYMENT_SOURCE":   {never, "The stored payment method is of another kind than the payment says."},
	"PAYEE_BLOCKED_TRANSACTION":               {never, "The PayPal account's own settings against fraud refused the payment."},
	"TRANSACTION_BLOCKED_BY_PAYEE":            {never, "The PayPal account's own settings against fraud refused the payment."},
	"PAYER_ACCOUNT_LOCKED_OR_CLOSED":          {never, "The customer's PayPal account is locked or closed."},
	"PAYER_ACCOUNT_RESTRICTED":                {never, "The customer's PayPal account is restricted."},
	"PAYER_CANNOT_PAY":                        {never, "The customer cannot pay this merchant through PayPal."},
	"TOKEN_ID_NOT_FOUND":                      {never, "PayPal does not know the stored payment method."},
	"TRANSACTION_REFUSED":                     {never, "PayPal refused the payment."},
	"CARD_BRAND_NOT_SUPPORTED":                {fixData, "PayPal does not take this kind of card here."},
	"CARD_EXPIRED":                            {fixData, "The card has expired."},
	"INSTRUMENT_DECLINED":                     {fixData, "The customer's bank refused: they must choose another way to pay at PayPal."},
	"ORDER_NOT_APPROVED":                      {fixData, "The customer has not approved the payment at PayPal."},
	"PAYER_ACTION_REQUIRED":                   {fixData, "PayPal wants the customer to confirm the payment."},
	"PAYMENT_SOURCE_CANNOT_BE_USED":           {fixData, "The payment method cannot be used here: the customer must choose another."},
	"PAYMENT_SOURCE_DECLINED_BY_PROCESSOR":    {fixData, "The payment method was refused: the customer must choose another."},
	"PAYMENT_SOURCE_INFO_CANNOT_BE_VERIFIED":  {fixData, "The name or the address does not belong to the payment method."},
	"REDIRECT_PAYER_FOR_ALTERNATE_FUNDING":    {fixData, "The customer must choose another way to pay at PayPal."},
	"REFERENCED_CARD_EXPIRED":                 {fixData, "The stored card has expired."},
	"TOKEN_EXPIRED":                           {fixData, "The stored payment method has expired."},
	"TRANSACTION_LIMIT_EXCEEDED":              {later, "The payment is above the customer's limit at PayPal."},
	"TRANSACTION_RECEIVING_LIMIT_EXCEEDED":    {later, "The payment is above what the PayPal account may receive for now."},
	"DECLINED_DUE_TO_RELATED_TXN":             {generic, "PayPal refused a payment that belongs to this one."},
	"BUYER_COMPLAINT":                         {never, "The customer complained at PayPal before the payment was completed."},
	"CHARGEBACK":                              {never, "The customer's bank took the payment back before it was completed."},
	"DECLINED":                                {generic, "The customer's bank refused the payment without a reason."},
	"DENIED":                                  {generic, "PayPal denied the payment without a reason."},
	"FAILED":                                  {generic, "The payment failed at PayPal without a reason."},
	"CANCELLED":                               {generic, "It was canceled at PayPal."},
	"ECHECK":                                  {generic, "The customer's bank did not honor the eCheck."},
	"ORDER_EXPIRED":                           {fixData, "The customer did not approve the payment at PayPal in time."},
	"ORDER_VOIDED":                            {fixData, "The order was given up at PayPal before it was paid."},

	"AUTHORIZATION_ALREADY_CAPTURED": {never, "The authorized amount was taken before."},
	"AUTHORIZATION_DENIED":           {never, "PayPal denied the authorization: there is nothing to take."},
	"AUTHORIZATION_EXPIRED":          {never, "The authorization has expired."},
	"AUTHORIZATION_MISSING":          {never, "PayPal shows no authorization for this payment."},
	"AUTHORIZATION_VOIDED":           {never, "The authorization was released."},
	"AUTH_CAPTURE_CURRENCY_MISMATCH": {never, "The currency is not the authorization's."},
	"CANNOT_BE_VOIDED":               {never, "PayPal does not release this authorization by itself: it is a renewed one."},
	"MAX_CAPTURE_AMOUNT_EXCEEDED":    {never, "The amount is more than what was authorized."},
	"MAX_CAPTURE_COUNT_EXCEEDED":     {never, "PayPal allows no further capture of this authorization."},
	"PREVIOUSLY_CAPTURED":            {never, "The authorized amount was taken already: refund it instead."},

	"CAPTURE_FULLY_REFUNDED":                 {never, "Everything was refunded already."},
	"CAPTURE_MISSING":                        {never, "PayPal shows no payment that could be refunded."},
	"MAX_NUMBER_OF_REFUNDS_EXCEEDED":         {never, "PayPal allows no further refund of this payment."},
	"PARTIAL_REFUND_NOT_ALLOWED":             {never, "PayPal allows only a refund of the whole payment."},
	"REFUND_AMOUNT_EXCEEDED":                 {never, "The amount is more than what is left to refund."},
	"REFUND_AMOUNT_TOO_LOW":                  {never, "The amount is too low to be refunded."},
	"REFUND_CAPTURE_CURRENCY_MISMATCH":       {never, "The currency is not the payment's."},
	"REFUND_IS_RESTRICTED":                   {never, "Only the account that took the payment may refund it."},
	"REFUND_NOT_ALLOWED":                     {never, "PayPal does not allow a refund of this payment."},
	"REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK": {never, "The customer's bank has taken the payment back: it cannot be refunded as well."},
	"REFUND_TIME_LIMIT_EXCEEDED":             {never, "The payment is too old to be refunded through PayPal."},
	"PENDING_CAPTURE":                        {later, "The payment is still pending at PayPal: it can be refunded when it is completed."},
	"REFUND_FAILED_INSUFFICIENT_FUNDS":       {later, "There is not enough money in the PayPal account for the refund."},
	"TRANSACTION_DISPUTED":                   {later, "The customer disputes the payment: PayPal allows no partial refund for now."},
}

// settings are the issues that are the merchant's account's own.
//
//nolint:gosec // names of issues, none of them a credential
var settings = map[string]string{
	"AUTH_CAPTURE_NOT_ENABLED":              "The PayPal account may not authorize payments to capture them later.",
	"CONSENT_NEEDED":                        "The PayPal account has not consented to what is asked of it.",
	"INVALID_ACCOUNT_STATUS":                "PayPal does not accept the account's status.",
	"NOT_AUTHORIZED":                        "The PayPal account is not allowed this request.",
	"NOT_ELIGIBLE_FOR_TOKEN_PROCESSING":     "The PayPal account may not charge stored payment methods.",
	"NOT_ENABLED_FOR_BANK_PROCESSING":       "The PayPal account cannot take payments from banks.",
	"NOT_ENABLED_FOR_CARD_PROCESSING":       "The PayPal account cannot take cards.",
	"PAYEE_ACCOUNT_INVALID":                 "The PayPal account cannot receive payments.",
	"PAYEE_ACCOUNT_LOCKED_OR_CLOSED":        "The PayPal account is locked or closed.",
	"PAYEE_ACCOUNT_NOT_VERIFIED":            "The PayPal account is not verified.",
	"PAYEE_ACCOUNT_RESTRICTED":              "The PayPal account is restricted.",
	"PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING": "The PayPal account cannot take cards.",
	"PERMISSION_DENIED":                     "The PayPal account is not allowed this request.",
}

// pending are the reasons why a payment is not completed yet that staff can do something about.
var pending = map[string]string{
	"ECHECK":         "The customer pays by eCheck: it takes days.",
	"PENDING_REVIEW": "PayPal is reviewing the payment.",
	"RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION": "The PayPal account wants the payment to be accepted by hand: its currency is not held there.",
	"UNILATERAL":            "The PayPal account is not confirmed: confirm its e-mail address.",
	"VERIFICATION_REQUIRED": "The PayPal account must be verified first.",
}
