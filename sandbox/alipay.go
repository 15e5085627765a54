package sandbox

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const apiAlipay = "alipay"

// alipayPrefix tells accounts of Alipay's format, which are app ids, from others.
const alipayPrefix = "alipay_"

// alipayFormat is Alipay's open platform (RSA2) under /alipay. An account is
// known by its public key, which its owner leaves at /settings; the sandbox
// signs with a key of its own, whose public half is at /alipay/public_key.pem.
//
// A payment code is any token of the sandbox. Trades without one are decided by
// their customer, on the page that the signed address or the QR code leads to.
func alipayFormat() format {
	return format{
		name: apiAlipay, natural: true, chargeID: digits(28), refundID: digits(28), disputeID: digits(28),
		account: func(appID string) string { return alipayPrefix + appID },
		caller:  alipayCaller,
		news:    alipayNews, newsType: "application/x-www-form-urlencoded; charset=utf-8", ack: "success",
		sign: func(*Server, http.Header, string, []byte) {}, // the signature is in the body
	}
}

// alipayCaller names the account of a request; whether it is the account's own,
// the gateway finds out, to refuse it in the words of the method.
func alipayCaller(_ *Server, _ *http.Request, body []byte) (string, bool) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return alipayPrefix, true
	}
	return alipayPrefix + form.Get("app_id"), true
}

func (s *Server) alipayRoutes(mux *http.ServeMux) {
	f := alipayFormat()
	f.fault = s.alipayFault
	mux.HandleFunc("POST /alipay/gateway.do", s.api(f, s.alipayGateway))
	mux.HandleFunc("GET /alipay/gateway.do", s.alipayPage)
	mux.HandleFunc("GET /alipay/qr/{id}", s.alipayScan)
	mux.HandleFunc("GET /alipay/public_key.pem", s.alipayPublicKey)
}

func (s *Server) alipayPublicKey(w http.ResponseWriter, _ *http.Request) {
	der, err := x509.MarshalPKIXPublicKey(s.alipay.private().Public())
	if err != nil {
		panic(err) // an RSA key always encodes
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})) // a client that has left is none of the sandbox's business
}

// alipayCall is one request whose signature holds.
type alipayCall struct {
	*request

	server *Server
	form   url.Values
	biz    alipayBusiness
}

// alipayBusiness is the business content of every method.
type alipayBusiness struct {
	OutTradeNo     string `json:"out_trade_no"`
	TradeNo        string `json:"trade_no"`
	TotalAmount    string `json:"total_amount"`
	Subject        string `json:"subject"`
	Scene          string `json:"scene"`
	AuthCode       string `json:"auth_code"`
	TimeoutExpress string `json:"timeout_express"`
	TimeExpire     string `json:"time_expire"`
	PassbackParams string `json:"passback_params"`
	RefundAmount   string `json:"refund_amount"`
	OutRequestNo   string `json:"out_request_no"`
	RefundReason   string `json:"refund_reason"`
}

var alipayMethods = map[string]func(*alipayCall) reply{
	"alipay.trade.pay":                  (*alipayCall).pay,
	"alipay.trade.precreate":            (*alipayCall).precreate,
	"alipay.trade.query":                (*alipayCall).query,
	"alipay.trade.close":                (*alipayCall).close,
	"alipay.trade.cancel":               (*alipayCall).cancel,
	"alipay.trade.refund":               (*alipayCall).refund,
	"alipay.trade.fastpay.refund.query": (*alipayCall).refundQuery,
}

// alipayGateway is where every method is called.
func (s *Server) alipayGateway(q *request) reply {
	form, err := url.ParseQuery(string(q.body))
	if err != nil {
		return q.format.fault(faultUnreadable, "the body is not a form")
	}
	call := &alipayCall{request: q, server: s, form: form}
	if rep, ok := call.check(); !ok {
		return rep
	}
	serve, known := alipayMethods[form.Get("method")]
	if !known {
		return call.fail("40002", "isv.invalid-method", "no such method")
	}
	if rep, ok := call.readBusiness(); !ok {
		return rep
	}
	return serve(call)
}

func (c *alipayCall) readBusiness() (reply, bool) {
	if err := json.Unmarshal([]byte(c.form.Get("biz_content")), &c.biz); err != nil {
		return c.fail("40002", "isv.invalid-parameter", "biz_content is not what it should be"), false
	}
	return reply{}, true
}

// check refuses requests that are not their account's own, or not in form.
func (c *alipayCall) check() (reply, bool) {
	known, ok := c.server.accounts.of(c.account)
	key, err := alipayMerchantKey(known.PublicKey)
	switch {
	case !ok || err != nil:
		// Without an app there is nobody to sign for.
		return alipayUnsigned("40002", "isv.invalid-app-id", "the app has no public key here: POST it to /settings"), false
	case !alipayVerified(key, c.form):
		return c.fail("40002", "isv.invalid-signature", "the signature does not match the app's public key"), false
	}
	for name, want := range map[string]string{"sign_type": "RSA2", "version": "1.0", "charset": "utf-8", "format": "JSON"} {
		if c.form.Get(name) != want {
			return c.fail("40002", "isv.invalid-"+strings.ReplaceAll(name, "_", "-"), name+" must be "+want), false
		}
	}
	if _, err := time.ParseInLocation(time.DateTime, c.form.Get("timestamp"), alipayZone); err != nil {
		return c.fail("40002", "isv.invalid-timestamp", "timestamp must be yyyy-MM-dd HH:mm:ss"), false
	}
	return reply{}, true
}
