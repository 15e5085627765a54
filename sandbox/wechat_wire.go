package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// china is the zone in which WeChat Pay tells times.
var china = time.FixedZone("CST", int(8*time.Hour/time.Second))

func wechatTime(t time.Time) string { return t.In(china).Format(time.RFC3339) }

// wechatError is an error in WeChat Pay's form.
func wechatError(status int, code, message string) reply {
	return jsonReply(status, map[string]string{"code": code, "message": message})
}

// wechatProblem is an error of the API as a whole.
func wechatProblem(kind apiFault, detail string) reply {
	switch kind {
	case faultCredentials:
		return wechatError(http.StatusUnauthorized, "SIGN_ERROR",
			"The signature is wrong or too old, or the merchant's public key was not set at /settings.")
	case faultRateLimited:
		return wechatError(http.StatusTooManyRequests, "FREQUENCY_LIMITED", "Too many requests; slow down.")
	case faultInternal:
		return wechatError(http.StatusInternalServerError, "SYSTEM_ERROR", "Something went wrong on our side.")
	case faultKeyReused, faultKeyBusy: // there are no keys
		return wechatError(http.StatusForbidden, "OUT_TRADE_NO_USED", "The order number was used before.")
	case faultUnreadable, faultTooLarge:
	}
	return wechatError(http.StatusBadRequest, "PARAM_ERROR", "The body could not be read: "+detail)
}

// wechatState is a charge's status as WeChat Pay calls it.
func wechatState(c charge) (state, words string) {
	_, refunded := c.money()
	switch {
	case refunded > 0:
		return "REFUND", "Refunded"
	case c.Status == statusSucceeded:
		return "SUCCESS", "Paid"
	case c.Status == statusProcessing:
		return "USERPAYING", "The customer is paying"
	case c.Status == statusFailed:
		return "PAYERROR", "The payment failed"
	case c.Status == statusCanceled:
		return "CLOSED", "Closed"
	default:
		return "NOTPAY", "Not paid"
	}
}

// wechatTrade shows a charge as an order.
func wechatTrade(c charge) map[string]any {
	state, words := wechatState(c)
	view := map[string]any{
		"appid": c.Metadata["appid"], "mchid": strings.TrimPrefix(c.Account, wechatAccount("")), "out_trade_no": c.Reference,
		"trade_state": state, "trade_state_desc": words, "attach": c.PaymentReference,
		"amount": map[string]any{"total": c.Amount, "currency": c.Currency},
	}
	if len(c.Taken) > 0 {
		view["transaction_id"], view["trade_type"], view["bank_type"] = c.ID, "NATIVE", "OTHERS"
		view["success_time"] = wechatTime(c.Taken[0].At)
		view["payer"] = map[string]string{"openid": "oSandbox" + c.ID[len(c.ID)-20:]}
		view["amount"] = map[string]any{
			"total": c.Amount, "payer_total": c.Amount, "currency": c.Currency, "payer_currency": c.Currency,
		}
	}
	return view
}

// fingerprintOf tells orders apart that ask for different things.
func fingerprintOf(in wechatOrder) string {
	text, err := json.Marshal(in)
	if err != nil {
		panic(err) // a plain struct
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
