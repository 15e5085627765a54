package wechat

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/payments"
)

const (
	// orderLife is how long a customer may pay: as long as WeChat Pay keeps a native code.
	orderLife = 2 * time.Hour
	// shortestOrder is the least time that an order must have left to be taken [unverified].
	shortestOrder = time.Minute

	maxDescription = 127 // bytes
	maxReason      = 80  // bytes
	maxAttach      = 128 // bytes

	// nowhere stands for a notice address where there is none: WeChat Pay insists
	// on one. Look-ups find out in its stead.
	nowhere = "https://notify.invalid/"

	orders = "/v3/pay/transactions/"
)

// china is the zone in which WeChat Pay tells times.
var china = time.FixedZone("CST", int(8*time.Hour/time.Second))

// order is the order of an attempt.
type order struct {
	*merchant

	charge  payments.Charge
	number  string // out_trade_no
	expires time.Time
}

// order says what is to be asked for, or why it cannot be.
func (p *Provider) order(account payments.Account, charge payments.Charge) (order, *problem) {
	m, wrong := newMerchant(account)
	if wrong != nil {
		return order{}, wrong
	}
	no, ok := number(charge.AttemptID)
	started := charge.StartedAt
	if started.IsZero() {
		started = p.now()
	}
	switch {
	case charge.MethodType != "wechat":
		return order{}, &problem{"method_not_supported", "Payments with " + charge.MethodType + " cannot go through WeChat Pay; only wechat can."}
	case charge.Currency != currency:
		return order{}, &problem{"currency_not_supported", "WeChat Pay takes CNY only, not " + charge.Currency + "."}
	case charge.Token != "":
		return order{}, &problem{
			"token_not_supported",
			"WeChat Pay has no stored payment methods: its customer scans a code each time. Send the payment without a token.",
		}
	case !charge.Capture:
		return order{}, &problem{"authorization_not_supported", "WeChat Pay takes an amount at once; it cannot be reserved first."}
	case !ok:
		return order{}, &problem{"attempt_id_invalid", "The attempt's id cannot be made an order number of WeChat Pay."}
	}
	return order{merchant: m, charge: charge, number: no, expires: started.Add(orderLife).Truncate(time.Second)}, nil
}

// create asks for the order's code.
func (p *Provider) create(ctx context.Context, o order) *exchange {
	c := o.charge
	return p.call(ctx, o.merchant, http.MethodPost, orders+"native", orderRequest{
		AppID: o.appid, MchID: o.mchid,
		Description: clip(cmp.Or(c.Description, "Order "+c.OrderNumber), maxDescription),
		OutTradeNo:  o.number, TimeExpire: o.expires.In(china).Format(time.RFC3339), Attach: clip(c.PaymentID, maxAttach),
		NotifyURL: cmp.Or(c.NotifyURL, nowhere), Amount: wireTotal{Total: c.Amount, Currency: currency},
	})
}

// query asks what has become of the order.
func (p *Provider) query(ctx context.Context, o order) *exchange {
	target := orders + "out-trade-no/" + url.PathEscape(o.number) + "?" + url.Values{"mchid": {o.mchid}}.Encode()
	return p.call(ctx, o.merchant, http.MethodGet, target, nil)
}

// code is the code for the customer, in the answer to a new order.
func (x *exchange) code() string {
	var made struct {
		CodeURL string `json:"code_url"`
	}
	if !x.decode(&made) {
		return ""
	}
	return made.CodeURL
}

// trade is the order in the answer to a query.
func (x *exchange) trade() (wireTrade, bool) {
	var t wireTrade
	ok := x.decode(&t) && t.OutTradeNo != ""
	return t, ok
}

// waiting is the result of an order that its customer may pay now. That it has
// a reference says that its code is known.
func (o order) waiting(x *exchange) payments.Result {
	r := x.about()
	r.Outcome, r.ProviderReference = payments.OutcomeRequiresAction, o.number
	r.NextAction = &payments.NextAction{Type: "qr_code", URL: x.code(), ExpiresAt: o.expires.UTC()}
	return r
}

// clip shortens a text to a number of bytes, between two characters.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "")
	for len(text) > limit {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return text
}
