package sandbox

import (
	"errors"
	"net/http"
	"strings"
)

// opened opens the charge of an order, or finds the one made before.
func (c *alipayCall) opened(token string) (charge, reply, bool) {
	fen, ok := alipayFen(c.biz.TotalAmount)
	expiry, inTime := alipayExpiry(c.biz, c.server.opts.Now())
	switch {
	case c.biz.OutTradeNo == "" || len(c.biz.OutTradeNo) > 64:
		return charge{}, c.refuse("ACQ.INVALID_PARAMETER", "out_trade_no is required, with at most 64 characters"), false
	case !ok:
		return charge{}, c.refuse("ACQ.INVALID_PARAMETER", "total_amount is from 0.01 to 100000000.00 yuan"), false
	case c.biz.Subject == "" || len([]rune(c.biz.Subject)) > 256 || strings.ContainsAny(c.biz.Subject, "/=&"):
		return charge{}, c.refuse("ACQ.INVALID_PARAMETER", "subject is required, with at most 256 characters, none of them /, = or &"), false
	case !inTime:
		return charge{}, c.refuse("ACQ.INVALID_PARAMETER", "timeout_express is like 5m, time_expire like yyyy-MM-dd HH:mm:ss"), false
	case !isWebURL(c.form.Get("notify_url")), !isWebURL(c.form.Get("return_url")):
		return charge{}, c.refuse("ACQ.INVALID_PARAMETER", "notify_url and return_url must be http or https addresses"), false
	}
	made, err := c.server.bank.open(charge{
		API: apiAlipay, Account: c.account, Reference: c.biz.OutTradeNo, PaymentReference: alipayPayment(c.biz.PassbackParams),
		Amount: fen, Currency: "CNY", Token: token, Capture: true, Description: c.biz.Subject,
		ReturnURL: c.form.Get("return_url"), NotifyURL: c.form.Get("notify_url"), ExpiresAt: expiry,
	})
	switch {
	case errors.Is(err, errCanceled):
		return charge{}, c.refuse("ACQ.TRADE_HAS_CLOSE", "the order was canceled"), false
	case err != nil:
		return charge{}, c.refuse("ACQ.PAYMENT_AUTH_CODE_INVALID", "no such payment code"), false
	case made.Amount != fen || made.Description != c.biz.Subject:
		return charge{}, c.refuse("ACQ.CONTEXT_INCONSISTENT", "the order has other details"), false
	}
	return made, reply{}, true
}

// pay charges a payment code.
func (c *alipayCall) pay() reply {
	if c.biz.Scene != "bar_code" || c.biz.AuthCode == "" {
		return c.refuse("ACQ.INVALID_PARAMETER", "scene is bar_code, and auth_code is required")
	}
	o := outcomeOf(c.biz.AuthCode)
	if !o.known() {
		return c.refuse("ACQ.PAYMENT_AUTH_CODE_INVALID", "no such payment code")
	}
	fault := o.Fault
	if fault != "" && !c.server.firstOf(c.account, "alipay.trade.pay "+c.biz.OutTradeNo) {
		fault = ""
	}
	return c.server.run(c.request, fault, func() reply {
		made, rep, ok := c.opened(c.biz.AuthCode)
		if !ok {
			return rep
		}
		if made.Status == statusCreated || made.Status == statusFailed && c.server.alipayStatus(made) == "" {
			var err error
			made, err = c.server.bank.execute(c.account, made.ID, confirmation{token: c.biz.AuthCode})
			switch {
			case errors.Is(err, errState): // another request was faster
			case err != nil:
				return c.refuse("ACQ.TRADE_HAS_CLOSE", "the order was canceled")
			case made.Status == statusSucceeded:
				return c.paid(made)
			}
		}
		return c.standing(made)
	})
}

func (c *alipayCall) paid(made charge) reply {
	view := alipayView(made)
	view["gmt_payment"] = alipayTime(made.Taken[0].At)
	view["fund_bill_list"] = []map[string]string{{"amount": alipayYuan(made.Amount), "fund_channel": "ALIPAYACCOUNT"}}
	return c.answer("10000", view)
}

// standing answers a payment whose order stands somewhere already, or was refused.
func (c *alipayCall) standing(made charge) reply {
	switch c.server.alipayStatus(made) {
	case "WAIT_BUYER_PAY":
		return c.answer("10003", map[string]any{
			"trade_no": made.ID, "out_trade_no": made.Reference, "total_amount": alipayYuan(made.Amount), "buyer_user_id": alipayBuyer,
		})
	case "TRADE_SUCCESS":
		return c.refuse("ACQ.TRADE_HAS_SUCCESS", "the trade has been paid")
	case "TRADE_CLOSED":
		return c.refuse("ACQ.TRADE_HAS_CLOSE", "the trade has been closed")
	}
	if made.Refusal == nil {
		return c.refuse("ACQ.SYSTEM_ERROR", "the trade cannot be paid now")
	}
	return c.refuse(alipayRefusal(*made.Refusal), made.Refusal.Message)
}

// alipayRefusal is Alipay's code of a refusal.
func alipayRefusal(o Outcome) string {
	switch o.Code {
	case "insufficient_funds":
		return "ACQ.BUYER_BALANCE_NOT_ENOUGH"
	case "card_velocity_exceeded":
		return "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR"
	}
	switch o.Class {
	case "never":
		return "ACQ.BUYER_ENABLE_STATUS_FORBID"
	case "fix_data":
		return "ACQ.PAYMENT_AUTH_CODE_INVALID"
	case "later":
		return "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH"
	default:
		return "ACQ.PAYMENT_FAIL"
	}
}

// firstOf reports whether something happens for the first time, for formats
// whose requests have no idempotency keys.
func (s *Server) firstOf(account, what string) bool {
	id := keyID{account, what}
	first, _, err := s.keys.begin(id, fingerprint(what))
	if err != nil {
		return false // it is happening right now
	}
	s.keys.finish(id, reply{idle: true})
	return first
}

// asks is the token of a charge that its customer decides.
const asks = "tok_action_required"

// precreate makes a QR code; the trade comes into being when it is scanned.
func (c *alipayCall) precreate() reply {
	made, rep, ok := c.opened(asks)
	switch {
	case !ok:
		return rep
	case c.server.alipayStatus(made) != "" && made.Status != statusRequiresAction:
		return c.standing(made)
	}
	return c.answer("10000", map[string]any{"out_trade_no": made.Reference, "qr_code": origin(c.Request) + "/alipay/qr/" + made.ID})
}

// alipayScan is what a customer sees who scans a QR code.
func (s *Server) alipayScan(w http.ResponseWriter, r *http.Request) {
	c, err := s.bank.charge("", r.PathValue("id"))
	if err != nil || c.API != apiAlipay {
		http.NotFound(w, r)
		return
	}
	s.alipayAsk(w, r, c)
}

// alipayPage is where a customer comes by the address that a merchant signed.
func (s *Server) alipayPage(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	q := &request{Request: r, format: alipayFormat(), account: alipayPrefix + form.Get("app_id")}
	call := &alipayCall{request: q, server: s, form: form}
	if rep, ok := call.check(); !ok {
		writeReply(w, rep)
		return
	}
	if method := form.Get("method"); method != "alipay.trade.page.pay" && method != "alipay.trade.wap.pay" {
		writeReply(w, call.fail("40002", "isv.invalid-method", "no such page"))
		return
	}
	if rep, ok := call.readBusiness(); !ok {
		writeReply(w, rep)
		return
	}
	c, rep, ok := call.opened(asks)
	if !ok {
		writeReply(w, rep)
		return
	}
	s.alipayAsk(w, r, c)
}

// alipayAsk makes the trade and leads its customer to the page with the buttons.
func (s *Server) alipayAsk(w http.ResponseWriter, r *http.Request, c charge) {
	if c.expired(s.opts.Now()) {
		http.Error(w, "It is too late to pay.", http.StatusGone)
		return
	}
	var err error
	if c.Status == statusCreated {
		_, err = s.bank.execute(c.Account, c.ID, confirmation{})
	}
	if c.Status == statusCanceled || errors.Is(err, errCanceled) {
		http.Error(w, "The order was canceled.", http.StatusGone)
		return
	}
	http.Redirect(w, r, "/v1/charges/"+c.ID+"/action", http.StatusSeeOther)
}
