package adyen

import (
	"cmp"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// declined is what a refusal of Adyen's means, in the words for staff.
type declined struct {
	reason  string // Adyen's name of it, in small letters; webhooks give no code
	class   payments.Class
	message string
}

const (
	never   = payments.ClassNever
	fixData = payments.ClassFixData
	later   = payments.ClassLater
	generic = payments.ClassGeneric
)

// refusals follows
// https://docs.adyen.com/development-resources/refusal-reasons, by refusalReasonCode.
var refusals = map[string]declined{
	"2":  {"refused", generic, "The card's bank refused the payment without a reason."},
	"3":  {"referral", generic, "The card's bank refused the payment and wants to be asked about it."},
	"4":  {"acquirer error", later, "The bank that takes payments for the shop had an error."},
	"5":  {"blocked card", never, "The card is blocked and cannot be used."},
	"6":  {"expired card", fixData, "The card has expired."},
	"7":  {"invalid amount", fixData, "The card's bank does not allow this amount."},
	"8":  {"invalid card number", fixData, "The card number is not correct."},
	"9":  {"issuer unavailable", later, "The card's bank could not be reached."},
	"10": {"not supported", never, "The card's bank does not support this kind of payment."},
	"11": {"3d not authenticated", fixData, "The customer did not confirm the payment with the bank."},
	"12": {"not enough balance", later, "There is not enough money in the account."},
	"14": {"acquirer fraud", never, "The payment is suspected of fraud."},
	"15": {"cancelled", generic, "The payment was canceled."},
	"16": {"shopper cancelled", fixData, "The customer gave the payment up."},
	"17": {"invalid pin", fixData, "The PIN is not correct."},
	"18": {"pin tries exceeded", never, "The PIN was wrong too often."},
	"19": {"pin validation not possible", fixData, "The PIN could not be checked."},
	"20": {"fraud", never, "Adyen refused the payment because it suspects fraud."},
	"21": {"not submitted", later, "Adyen did not pass the payment on to the bank."},
	"22": {"fraud-cancelled", never, "Adyen canceled the payment because it suspects fraud."},
	"23": {"transaction not permitted", never, "The card's bank does not allow this kind of payment."},
	"24": {"cvc declined", fixData, "The security code is not correct."},
	"25": {"restricted card", never, "The card is restricted and cannot be used."},
	"26": {"revocation of auth", never, "The customer has withdrawn the permission for such payments."},
	"27": {"declined non generic", generic, "The card's bank refused the payment for a reason that Adyen does not tell."},
	"28": {"withdrawal amount exceeded", later, "The card has reached its limit of amount."},
	"29": {"withdrawal count exceeded", later, "The card has reached its limit of number of payments."},
	"31": {"issuer suspected fraud", never, "The card's bank suspects fraud."},
	"32": {"avs declined", fixData, "The billing address is not the card's."},
	"33": {"card requires online pin", fixData, "The card needs its PIN."},
	"34": {"no checking account available on card", fixData, "The card has no checking account."},
	"35": {"no savings account available on card", fixData, "The card has no savings account."},
	"36": {"mobile pin required", fixData, "The customer must enter a PIN on the phone."},
	"37": {"contactless fallback", fixData, "The card cannot be used without contact: the customer must use it otherwise."},
	"38": {"authentication required", fixData, "The card's bank wants the customer to confirm the payment."},
	"39": {"rreq not received from ds", fixData, "The result of the customer's confirmation did not come."},
	"42": {"3ds authentication error", fixData, "The customer's confirmation with the bank failed."},
	"46": {"blocked by adyen to prevent excessive retry fees", never, "Adyen blocked the payment because the card was tried too often."},
}

// advice is what Mastercard's advice on a refusal (its merchant advice code)
// says of another try; it wins over the refusal's own class.
var advice = map[string]payments.Class{
	"01": fixData, "02": later, "03": never, "04": fixData, "21": never,
	"24": later, "25": later, "26": later, "27": later, "28": later, "29": later, "30": later,
}

// refuse makes a result of a refused payment.
func refuse(r *payments.Result, account payments.Account, code, reason string, more additional) {
	r.Outcome = payments.OutcomeDeclined
	known, ok := refusals[code]
	if !ok {
		known = declined{class: generic, message: "The payment was refused: " + mask(account, cmp.Or(reason, code, "no reason given")) + "."}
	}
	r.NetworkCode = leading(more.text("refusalReasonRaw"))
	r.Advice = leading(more.text("merchantAdviceCode")) // [unverified] its name
	r.Code, r.Message = mask(account, cmp.Or(code, "refused")), known.message
	r.Class = cmp.Or(advice[r.Advice], known.class)
	r.RetryAfter = cmp.Or(r.RetryAfter, payments.AdviceWait(r.Advice))
}

// codeOf finds the code of a refusal that was told by its name.
func codeOf(reason string) string {
	name, _, _ := strings.Cut(strings.ToLower(reason), ":")
	for code, known := range refusals {
		if known.reason == strings.TrimSpace(name) {
			return code
		}
	}
	return ""
}

// leading is the code at the start of a text like "05 : Do not honor".
func leading(text string) string {
	code, _, found := strings.Cut(text, ":")
	code = strings.TrimSpace(code)
	const longest = 3
	if len(code) > longest || !found && len(text) > longest {
		return ""
	}
	return code
}
