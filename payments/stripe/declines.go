package stripe

import (
	"cmp"

	"github.com/tillpost/tillpost/payments"
)

// decline is what a code of Stripe's means, in the words for staff.
type decline struct {
	class   payments.Class
	message string
}

const (
	never   = payments.ClassNever
	fixData = payments.ClassFixData
	later   = payments.ClassLater
	generic = payments.ClassGeneric
)

// declines follows https://docs.stripe.com/declines/codes and, for the codes
// that stand in for a decline code, https://docs.stripe.com/error-codes.
var declines = map[string]decline{
	"card_not_supported":               {never, "The card does not support this kind of purchase."},
	"currency_not_supported":           {never, "The card does not support the currency."},
	"do_not_try_again":                 {never, "The card's bank refused the payment for good."},
	"duplicate_transaction":            {never, "A payment of the same amount with this card was made very recently: check it before anything else."},
	"fraudulent":                       {never, "Stripe refused the payment because it suspects fraud."},
	"invalid_account":                  {never, "The card, or the account behind it, is not valid."},
	"lost_card":                        {never, "The card was reported lost."},
	"merchant_blacklist":               {never, "The payment matches an entry on the Stripe account's block list."},
	"not_permitted":                    {never, "The card does not permit the payment."},
	"pickup_card":                      {never, "The card cannot be used; it may have been reported lost or stolen."},
	"restricted_card":                  {never, "The card cannot be used; it may have been reported lost or stolen."},
	"revocation_of_all_authorizations": {never, "The customer has withdrawn the permission for all payments with this card."},
	"revocation_of_authorization":      {never, "The customer has withdrawn the permission for this payment."},
	"security_violation":               {never, "The card's bank refused the payment for reasons of security."},
	"service_not_allowed":              {never, "The card's bank does not allow this kind of payment."},
	"stolen_card":                      {never, "The card was reported stolen."},
	"stop_payment_order":               {never, "The customer has told the bank to stop the payment."},
	"testmode_decline":                 {never, "A Stripe test card was used with a live account, or the other way round."},
	"transaction_not_allowed":          {never, "The card's bank does not allow this kind of payment."},
	"livemode_mismatch":                {never, "A Stripe test card was used with a live account, or the other way round."},

	"authentication_required":               {fixData, "The card's bank wants the customer to confirm the payment."},
	"authentication_not_handled":            {fixData, "The card's bank wants the customer to confirm the payment."},
	"payment_intent_authentication_failure": {fixData, "The customer did not confirm the payment with the bank."},
	"expired_card":                          {fixData, "The card has expired."},
	"incorrect_address":                     {fixData, "The billing address is not the card's."},
	"incorrect_cvc":                         {fixData, "The security code is not correct."},
	"incorrect_number":                      {fixData, "The card number is not correct."},
	"incorrect_pin":                         {fixData, "The PIN is not correct."},
	"incorrect_zip":                         {fixData, "The postal code is not the card's."},
	"invalid_cvc":                           {fixData, "The security code is not correct."},
	"invalid_expiry_month":                  {fixData, "The card's expiry month is not correct."},
	"invalid_expiry_year":                   {fixData, "The card's expiry year is not correct."},
	"invalid_number":                        {fixData, "The card number is not correct."},
	"invalid_pin":                           {fixData, "The PIN is not correct."},
	"new_account_information_available":     {fixData, "The card or its account has changed: the customer must enter it anew."},
	"offline_pin_required":                  {fixData, "The card needs its PIN."},
	"online_or_offline_pin_required":        {fixData, "The card needs its PIN."},
	"pin_try_exceeded":                      {fixData, "The PIN was wrong too often: the customer must use another card."},
	"payment_method_customer_decline":       {fixData, "The customer refused the payment."},

	"approve_with_id":                  {later, "The card's bank could not approve the payment; it may if tried again."},
	"card_decline_rate_limit_exceeded": {later, "The card was refused too often; it can be tried again tomorrow."},
	"card_velocity_exceeded":           {later, "The card has reached its limit of amount or number of payments."},
	"insufficient_funds":               {later, "There is not enough money in the account."},
	"issuer_not_available":             {later, "The card's bank could not be reached."},
	"processing_error":                 {later, "An error occurred while the card was processed."},
	"reenter_transaction":              {later, "The card's bank could not process the payment and asks for another try."},
	"try_again_later":                  {later, "The card's bank asks to try again later."},
	"withdrawal_count_limit_exceeded":  {later, "The card has reached its limit of amount or number of payments."},

	"call_issuer":     {generic, "The card's bank refused the payment without a reason; the customer can ask there."},
	"card_declined":   {generic, "The card's bank refused the payment without a reason."},
	"do_not_honor":    {generic, "The card's bank refused the payment without a reason."},
	"generic_decline": {generic, "The card's bank refused the payment without a reason."},
	"invalid_amount":  {generic, "The card's bank does not allow this amount."},
	"no_action_taken": {generic, "The card's bank refused the payment without a reason."},
}

// advised is what Stripe's advice on a decline says; it wins over the code.
var advised = map[string]payments.Class{
	"do_not_try_again":  never,
	"try_again_later":   later,
	"confirm_card_data": fixData,
}

// refuse makes a result of a declined payment.
func refuse(r *payments.Result, x *exchange, e wireError) {
	r.Outcome = payments.OutcomeDeclined
	r.Code = e.Code
	if e.Code == "" || e.Code == "card_declined" {
		r.Code = cmp.Or(e.DeclineCode, e.Code)
	}
	known, ok := declines[r.Code]
	if !ok {
		known = decline{generic, "The payment was refused: " + x.mask([]byte(cmp.Or(e.Message, r.Code, "no reason given")))}
	}
	r.Class = cmp.Or(advised[e.AdviceCode], known.class)
	r.Message = known.message
	r.NetworkCode = e.NetworkCode
	r.Advice = cmp.Or(e.AdviceCode, e.NetworkAdvice)
	r.RetryAfter = max(r.RetryAfter, payments.AdviceWait(e.NetworkAdvice)) // Stripe's own advice names no time
}
