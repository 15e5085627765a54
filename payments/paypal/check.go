package paypal

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// check refuses what need not be sent to PayPal to know that it is wrong.
func check(account payments.Account, charge payments.Charge) (payments.Result, bool) {
	refuse := func(code, message string) (payments.Result, bool) {
		return payments.Result{Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: code, Message: message}, false
	}
	switch {
	case account.Fields["client_id"] == "":
		return refuse("client_id_missing", "The PayPal account has no client id.")
	case account.Fields["client_secret"] == "":
		return refuse("client_secret_missing", "The PayPal account has no client secret.")
	case !isAddress(base(account)):
		return refuse("base_url_invalid", "The PayPal account's base address is not a web address.")
	}
	switch charge.MethodType {
	case "card":
		if charge.Token == "" {
			return refuse("token_missing", "Only cards in PayPal's vault can be charged through PayPal here.")
		}
	case "paypal", "wallet":
		if charge.Token == "" && charge.ReturnURL == "" {
			return refuse("return_url_missing", "PayPal needs an address to send the customer back to.")
		}
	default:
		return refuse("method_not_supported", "Payments with "+charge.MethodType+" cannot go through PayPal here; PayPal and cards in its vault can.")
	}
	if _, err := format(charge.Amount, charge.Currency); err != nil {
		return refuse("amount_not_supported", "PayPal cannot take the amount: "+err.Error()+".")
	}
	return payments.Result{}, true
}

func base(account payments.Account) string {
	return strings.TrimSuffix(cmp.Or(account.BaseURL, DefaultBaseURL), "/")
}

func isAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
