package sandbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const apiPaypal = "paypal"

// Times of PayPal's: how long a token is good, how long an order's key is
// remembered, and how long an order lasts that is not paid.
const (
	paypalTokenLife = 9 * time.Hour
	paypalKeyLife   = 6 * time.Hour
	paypalOrderLife = 6 * time.Hour
)

// maxPaypalInvoices bounds the invoice ids that are kept; past it all are forgotten.
const maxPaypalInvoices = 500_000

// paypalDesk is what the PayPal format keeps beside the bank.
type paypalDesk struct {
	secret []byte // signs access tokens: they are good until the process ends
	key    func() *rsa.PrivateKey

	mu       sync.Mutex
	events   []paypalEvent             // newest last
	invoices map[refID]map[string]bool // order ids by account and invoice id
}

func newPaypalDesk() *paypalDesk {
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails
	return &paypalDesk{secret: secret, invoices: make(map[refID]map[string]bool), key: sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // the size is right and randomness never fails
		}
		return key
	})}
}

func paypalFormat() format {
	return format{
		name: apiPaypal, approves: true, chargeID: upper(17), refundID: upper(17), disputeID: prefixed("PP-R-"),
		account: accountOf, caller: paypalBearer, fault: paypalFault, news: paypalNews, sign: signPaypal,
	}
}

func (s *Server) paypalRoutes(mux *http.ServeMux) {
	entrance := paypalFormat()
	entrance.caller, entrance.fault = paypalClient, paypalTokenFault
	mux.HandleFunc("POST /paypal/v1/oauth2/token", s.api(entrance, s.paypalToken))
	handle := func(pattern string, serve endpoint) { mux.HandleFunc(pattern, s.api(paypalFormat(), serve)) }
	handle("POST /paypal/v2/checkout/orders", s.createPaypalOrder)
	handle("GET /paypal/v2/checkout/orders/{id}", s.showPaypalOrder)
	handle("PATCH /paypal/v2/checkout/orders/{id}", s.patchPaypalOrder)
	handle("POST /paypal/v2/checkout/orders/{id}/capture", s.payPaypalOrder(true))
	handle("POST /paypal/v2/checkout/orders/{id}/authorize", s.payPaypalOrder(false))
	handle("POST /paypal/v2/payments/authorizations/{id}/capture", s.capturePaypal)
	handle("POST /paypal/v2/payments/authorizations/{id}/void", s.voidPaypal)
	handle("POST /paypal/v2/payments/captures/{id}/refund", s.refundPaypal)
	handle("GET /paypal/v2/payments/captures/{id}", s.showPaypalCapture)
	handle("GET /paypal/v2/payments/refunds/{id}", s.showPaypalRefund)
	handle("POST /paypal/v1/notifications/verify-webhook-signature", s.verifyPaypal)
	handle("GET /paypal/v1/notifications/webhooks-events", s.listPaypalEvents)
	mux.HandleFunc("/paypal/", func(w http.ResponseWriter, _ *http.Request) { writeReply(w, paypalNotFound()) })
}

// paypalClient knows callers by client id and secret, which has to look like one
// of the sandbox's.
func paypalClient(_ *Server, r *http.Request, _ []byte) (string, bool) {
	id, secret, ok := r.BasicAuth()
	return accountOf(id), ok && id != "" && strings.HasPrefix(secret, "sk_sandbox_")
}

func (s *Server) paypalToken(q *request) reply {
	if string(q.body) != "grant_type=client_credentials" {
		return jsonReply(http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type", "error_description": "Grant Type is not supported."})
	}
	until := s.opts.Now().Add(paypalTokenLife).Unix()
	return jsonReply(http.StatusOK, map[string]any{
		"scope": "https://uri.paypal.com/services/payments/payment", "access_token": s.paypal.token(q.account, until),
		"token_type": "Bearer", "app_id": "APP-SANDBOX", "expires_in": int64(paypalTokenLife / time.Second),
	})
}

// token names an account and its own end.
func (d *paypalDesk) token(account string, until int64) string {
	claim := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%s", until, account))
	mac := hmac.New(sha256.New, d.secret)
	mac.Write([]byte(claim))
	return "A21AA" + claim + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

func paypalBearer(s *Server, r *http.Request, _ []byte) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer A21AA")
	claim, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(claim)
	if !ok || err != nil {
		return "", false
	}
	seconds, account, _ := strings.Cut(string(text), "|")
	until, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !hmac.Equal([]byte("A21AA"+token), []byte(s.paypal.token(account, until))) {
		return "", false
	}
	return account, s.opts.Now().Unix() < until
}

// paypalOnce runs a POST once for its PayPal-Request-Id, which counts for one
// kind of call, whatever the body says. Asked again PayPal shows the latest
// state; not ok says that it has forgotten the id by then.
func (s *Server) paypalOnce(q *request, fault Fault, run func() reply, latest func(kept []byte) (reply, bool)) reply {
	id := q.Header.Get("PayPal-Request-Id")
	if id == "" {
		return s.run(q, fault, run)
	}
	for generation := 0; ; generation++ {
		keyed := *q
		keyed.body, keyed.key = nil, fmt.Sprintf("%s %s %d", q.URL.Path, id, generation)
		rep := s.once(&keyed, fault, run)
		if rep.header["Idempotent-Replayed"] == "" {
			return rep
		}
		rep.header = nil
		if rep.status >= http.StatusMultipleChoices {
			return rep
		}
		if shown, ok := latest(rep.body); ok {
			return shown
		}
	}
}
