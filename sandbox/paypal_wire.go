package sandbox

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// paypalMoney is an amount in PayPal's decimal strings.
type paypalMoney struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

// paypalDecimals returns the digits after the point, and how many digits of the
// bank's minor units stand for nothing.
func paypalDecimals(currency string) (decimals, dropped int) {
	switch currency {
	case "JPY":
		return 0, 0
	case "HUF", "TWD":
		return 0, 2
	default:
		return 2, 0
	}
}

func paypalAmount(amount int64, currency string) paypalMoney {
	decimals, dropped := paypalDecimals(currency)
	for range dropped {
		amount /= 10
	}
	if decimals == 0 {
		return paypalMoney{currency, strconv.FormatInt(amount, 10)}
	}
	return paypalMoney{currency, fmt.Sprintf("%d.%02d", amount/100, amount%100)}
}

// minor reads an amount; an issue says what is wrong with it.
func (m paypalMoney) minor() (amount int64, issue string) {
	if !isCurrency(m.Currency) || m.Currency != strings.ToUpper(m.Currency) {
		return 0, "INVALID_CURRENCY_CODE"
	}
	decimals, dropped := paypalDecimals(m.Currency)
	whole, fraction, pointed := strings.Cut(m.Value, ".")
	switch {
	case pointed && decimals == 0:
		return 0, "DECIMALS_NOT_SUPPORTED"
	case len(fraction) > decimals:
		return 0, "DECIMAL_PRECISION"
	case len(whole) > 12:
		return 0, "MAX_VALUE_EXCEEDED"
	}
	amount, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)+dropped), 10, 64)
	switch {
	case err != nil:
		return 0, "INVALID_PARAMETER_SYNTAX"
	case amount <= 0:
		return 0, "CANNOT_BE_ZERO_OR_NEGATIVE"
	case amount > maxAmount:
		return 0, "MAX_VALUE_EXCEEDED"
	}
	return amount, ""
}

type paypalLink struct {
	Href   string `json:"href"`
	Rel    string `json:"rel"`
	Method string `json:"method"`
}

type paypalDetail struct {
	Issue       string `json:"issue"`
	Description string `json:"description"`
}

// paypalError is an error in PayPal's form; its issue says what it is about.
func paypalError(status int, name, issue, description string, links ...paypalLink) reply {
	body := map[string]any{
		"name": name, "message": "The request could not be served.", "debug_id": strings.ToLower(rand.Text()[:13]), "links": links,
	}
	if issue != "" {
		body["details"] = []paypalDetail{{issue, cmp.Or(description, issue)}}
	}
	rep := jsonReply(status, body)
	rep.idle = status < http.StatusInternalServerError
	return rep
}

func paypalUnprocessable(issue, description string, links ...paypalLink) reply {
	return paypalError(http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY", issue, description, links...)
}

func paypalInvalid(issue, description string) reply {
	return paypalError(http.StatusBadRequest, "INVALID_REQUEST", issue, description)
}

func paypalNotFound() reply {
	return paypalError(http.StatusNotFound, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "Specified resource ID does not exist.")
}

// paypalFault is an error of the API as a whole in PayPal's words.
func paypalFault(kind apiFault, detail string) reply {
	switch kind {
	case faultCredentials:
		rep := jsonReply(http.StatusUnauthorized, map[string]string{"error": "invalid_token", "error_description": "Token signature verification failed"})
		rep.idle = true
		return rep
	case faultRateLimited:
		return paypalError(http.StatusTooManyRequests, "RATE_LIMIT_REACHED", "", "")
	case faultKeyBusy, faultKeyReused:
		return paypalError(http.StatusConflict, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS", "A previous request is in progress.")
	case faultInternal:
		return paypalError(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "", "")
	case faultTooLarge, faultUnreadable:
	}
	return paypalInvalid("MALFORMED_REQUEST_JSON", detail)
}

// paypalTokenFault has the token endpoint's form for wrong credentials.
func paypalTokenFault(kind apiFault, detail string) reply {
	if kind != faultCredentials {
		return paypalFault(kind, detail)
	}
	return jsonReply(http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": "Client Authentication failed"})
}

// processorCodes are what card processors answer for the codes of the bank's refusals.
var processorCodes = map[string]string{
	"authentication_failed": "7710", "authentication_required": "5650", "card_velocity_exceeded": "5710", "do_not_honor": "0500",
	"expired_card": "5400", "fraudulent": "9500", "generic_decline": "5100", "incorrect_cvc": "5110", "incorrect_number": "1380",
	"insufficient_funds": "5120", "issuer_not_available": "5920", "lost_card": "9520", "processing_error": "8000", "stolen_card": "9520",
	"transaction_not_allowed": "5700",
}

// walletIssues are why PayPal refuses a wallet, by the class of the bank's refusal.
var walletIssues = map[string]string{
	"never": "TRANSACTION_REFUSED", "fix_data": "INSTRUMENT_DECLINED", "later": "TRANSACTION_LIMIT_EXCEEDED", "generic": "DECLINED_DUE_TO_RELATED_TXN",
}
