package alipay

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/payments"
)

// The calls.
const (
	callPay         = "alipay.trade.pay"
	callPage        = "alipay.trade.page.pay"
	callPrecreate   = "alipay.trade.precreate"
	callQuery       = "alipay.trade.query"
	callClose       = "alipay.trade.close"
	callCancel      = "alipay.trade.cancel"
	callRefund      = "alipay.trade.refund"
	callRefundQuery = "alipay.trade.fastpay.refund.query"
)

// china is Alipay's time zone, on the wire and for expiries.
var china = time.FixedZone("CST", 8*60*60)

const timeLayout = time.DateTime

// order is the business content of a payment. That trade.pay takes
// passback_params, and precreate a time_expire, is [unverified]; Alipay ignores
// what it does not know.
type order struct {
	OutTradeNo     string `json:"out_trade_no"`
	TotalAmount    string `json:"total_amount"`
	Subject        string `json:"subject"`
	ProductCode    string `json:"product_code,omitempty"`
	Scene          string `json:"scene,omitempty"`
	AuthCode       string `json:"auth_code,omitempty"`
	TimeoutExpress string `json:"timeout_express,omitempty"` // from the trade's creation, closed at its end
	TimeExpire     string `json:"time_expire,omitempty"`     // the same at a fixed time
	PassbackParams string `json:"passback_params,omitempty"`
}

func (p *Provider) order(charge payments.Charge) order {
	o := order{
		OutTradeNo: charge.AttemptID, TotalAmount: yuan(charge.Amount), Subject: subject(charge),
		PassbackParams: url.Values{"payment_id": {charge.PaymentID}}.Encode(),
	}
	switch wayOf(charge) {
	case byCode:
		o.Scene, o.AuthCode, o.TimeoutExpress = "bar_code", charge.Token, "5m" // codeLife
	case byPage:
		o.ProductCode = "FAST_INSTANT_TRADE_PAY"
		o.TimeExpire = p.expiry(charge).In(china).Format(timeLayout)
	case byQR:
		o.TimeExpire = p.expiry(charge).In(china).Format(timeLayout)
	}
	return o
}

const maxSubject = 256

// subject is what the customer reads; Alipay refuses some characters in it.
func subject(charge payments.Charge) string {
	text := charge.Description
	if text == "" {
		text = "Order " + charge.OrderNumber
	}
	text = strings.Join(strings.Fields(strings.NewReplacer("/", " ", "=", " ", "&", " ").Replace(text)), " ")
	if text == "" {
		text = charge.PaymentID
	}
	for utf8.RuneCountInString(text) > maxSubject {
		_, last := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-last]
	}
	return text
}

// tradeRef names a trade by our own number.
type tradeRef struct {
	OutTradeNo string `json:"out_trade_no"`
}

// refundOrder is the business content of a refund.
type refundOrder struct {
	OutTradeNo   string `json:"out_trade_no"`
	RefundAmount string `json:"refund_amount"`
	OutRequestNo string `json:"out_request_no"`
	RefundReason string `json:"refund_reason,omitempty"`
}

// refundRef names a refund by our own numbers.
type refundRef struct {
	OutTradeNo   string `json:"out_trade_no"`
	OutRequestNo string `json:"out_request_no"`
}

// form returns the parameters of a call, signed.
func (s *session) form(call string, now time.Time, business any, more url.Values) (url.Values, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(business); err != nil {
		return nil, err //nolint:wrapcheck // our own types always encode
	}
	form := url.Values{
		"app_id": {s.appID}, "method": {call}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {"RSA2"}, "version": {"1.0"},
		"timestamp": {now.In(china).Format(timeLayout)}, "biz_content": {strings.TrimSpace(text.String())},
	}
	for name, values := range more {
		if len(values) > 0 && values[0] != "" {
			form[name] = values
		}
	}
	signature, err := sign(s.private, content(form))
	if err != nil {
		return nil, err
	}
	form.Set("sign", signature)
	return form, nil
}

// answer is what comes back, whatever was called.
type answer struct {
	Code    string `json:"code"`
	Msg     string `json:"msg"`
	SubCode string `json:"sub_code"`
	SubMsg  string `json:"sub_msg"`

	TradeNo       string `json:"trade_no"`
	OutTradeNo    string `json:"out_trade_no"`
	TradeStatus   string `json:"trade_status"`
	TotalAmount   amount `json:"total_amount"`
	TransCurrency string `json:"trans_currency"`
	SendPayDate   string `json:"send_pay_date"` // set once it was paid, also when it was given back since [unverified]

	QRCode    string `json:"qr_code"`
	RetryFlag string `json:"retry_flag"`
	Action    string `json:"action"`

	FundChange   string `json:"fund_change"`
	OutRequestNo string `json:"out_request_no"`
	RefundAmount amount `json:"refund_amount"`
	RefundStatus string `json:"refund_status"`
}

// amount is yuan, which Alipay writes as a string, or as a number in places.
type amount string

// UnmarshalJSON takes both.
func (a *amount) UnmarshalJSON(text []byte) error {
	*a = amount(strings.Trim(string(text), `"`))
	return nil
}
