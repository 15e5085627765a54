package paypal

import "github.com/tillpost/tillpost/payments"

// processors are the codes of card processors, by
// https://developer.paypal.com/docs/api/orders/v2/#definition-processor_response;
// what they say of a next try is ours [unverified].
var processors = map[string]refusal{
	"0390": {never, "The card's account was not found."},
	"0580": {never, "The card does not permit the payment."},
	"1330": {never, "The card's account is not valid."},
	"1335": {never, "The card does not permit payments without its customer."},
	"1352": {never, "The card's account is restricted or not in use."},
	"5140": {never, "The card was closed."},
	"5150": {never, "The card cannot be used: its bank wants it back."},
	"5160": {never, "The customer may not use the card."},
	"5180": {never, "The card is not valid, or is restricted."},
	"5200": {never, "A payment of the same amount with this card was made very recently: check it before anything else."},
	"5210": {never, "The card does not permit this kind of payment."},
	"5700": {never, "The card does not permit this kind of payment."},
	"5910": {never, "The card's bank could not be reached, and asks not to be tried again."},
	"5930": {never, "The card was never activated."},
	"6300": {never, "The card's account is not known."},
	"9500": {never, "The card's bank suspects fraud."},
	"9510": {never, "The card's bank refused the payment for reasons of security."},
	"9520": {never, "The card was reported lost or stolen."},
	"9540": {never, "The card was refused for good."},
	"0R00": {never, "The customer has told the bank to stop the payment."},

	"00N7": {fixData, "The security code is not correct."},
	"0890": {fixData, "The card's PIN is not accepted."},
	"1380": {fixData, "The card's expiry date is not correct."},
	"1382": {fixData, "The security code is not correct."},
	"5110": {fixData, "The security code is not correct."},
	"5130": {fixData, "The PIN is not correct."},
	"5135": {fixData, "The PIN was wrong too often: the customer must use another card."},
	"5170": {fixData, "The billing address is not the card's."},
	"5190": {fixData, "The billing address is not the card's."},
	"5400": {fixData, "The card has expired."},
	"5500": {fixData, "The PIN is not correct."},
	"5650": {fixData, "The card's bank wants the customer to confirm the payment."},
	"5950": {fixData, "The card or its account has changed: the customer must enter it anew."},
	"7700": {fixData, "The customer could not confirm the payment with the bank."},
	"7710": {fixData, "The customer did not confirm the payment with the bank."},
	"PCVV": {fixData, "The security code is not correct."},
	"PPAD": {fixData, "The billing address is not the card's."},

	"0960": {later, "An error occurred at the card's bank."},
	"5120": {later, "There is not enough money in the account."},
	"5710": {later, "The card has reached its limit of amount or number of payments."},
	"5920": {later, "The card's bank could not be reached."},
	"8000": {later, "An error occurred while the card was processed."},
	"8100": {later, "An error occurred while the card was processed."},
	"8110": {later, "An error occurred while the card was processed."},
	"8220": {later, "The card network is not available."},
	"9100": {later, "The card's bank asks to try again later."},

	"0100": {generic, "The card's bank refused the payment without a reason; the customer can ask there."},
	"0500": {generic, "The card's bank refused the payment without a reason."},
	"1000": {generic, "The card's bank would pay only a part."},
	"10BR": {generic, "The card's bank refused the payment without a reason."},
	"1310": {generic, "The card's bank does not allow this amount."},
	"1393": {generic, "The payment cannot be completed with this card."},
	"5100": {generic, "The card's bank refused the payment without a reason."},
	"9530": {generic, "The card's bank wants the customer to call."},
	"9600": {generic, "The card's bank refused the payment for a reason that PayPal does not know."},
}

// advised is what the card network's advice says of a next try; it wins over the code.
var advised = map[string]payments.Class{
	"01": fixData, // new account information is available
	"02": later,
	"03": never,
	"21": never, // the customer has canceled the agreement
}
