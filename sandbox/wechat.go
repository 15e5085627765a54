package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const apiWeChat = "wechat"

// wechatPrefix is in front of the paths of WeChat Pay's API, and no part of
// what requests are signed for.
const wechatPrefix = "/wechat"

func wechatFormat() format {
	return format{
		name: apiWeChat, natural: true, chargeID: digits(28), refundID: digits(29), disputeID: digits(28),
		account: wechatAccount, caller: wechatCaller, fault: wechatProblem, news: wechatNews, sign: signWeChatNews,
	}
}

// wechatAccount names a merchant; its number is no secret.
func wechatAccount(mchid string) string { return apiWeChat + "_" + mchid }

func (s *Server) wechatRoutes(mux *http.ServeMux) {
	handle := func(method, path string, serve endpoint) {
		mux.HandleFunc(method+" "+wechatPrefix+path, s.api(wechatFormat(), s.wechatSigned(serve)))
	}
	handle("POST", "/v3/pay/transactions/native", s.createOrder)
	handle("GET", "/v3/pay/transactions/out-trade-no/{number}", s.showOrder)
	handle("GET", "/v3/pay/transactions/id/{id}", s.showTransaction)
	handle("POST", "/v3/pay/transactions/out-trade-no/{number}/close", s.closeOrder)
	handle("POST", "/v3/refund/domestic/refunds", s.createWeChatRefund)
	handle("GET", "/v3/refund/domestic/refunds/{number}", s.showWeChatRefund)
	mux.HandleFunc("GET "+wechatPrefix+"/public_key.pem", s.wechatPublicKey)
	mux.HandleFunc("GET "+wechatPrefix+"/scan", s.scanCode)
	mux.HandleFunc("POST "+wechatPrefix+"/scan", s.payCode)
	mux.HandleFunc(wechatPrefix+"/", func(w http.ResponseWriter, _ *http.Request) {
		writeReply(w, wechatError(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "There is nothing at this address."))
	})
}

// wechatOrder is the body of a native order.
type wechatOrder struct {
	AppID       string    `json:"appid"`
	MchID       string    `json:"mchid"`
	Description string    `json:"description"`
	OutTradeNo  string    `json:"out_trade_no"`
	TimeExpire  time.Time `json:"time_expire"`
	Attach      string    `json:"attach"`
	NotifyURL   string    `json:"notify_url"`
	Amount      struct {
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	} `json:"amount"`
}

var (
	wechatOrderNumber  = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)
	wechatRefundNumber = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)
)

func (in *wechatOrder) check(account string, now time.Time) string {
	switch {
	case in.AppID == "" || len(in.AppID) > 32:
		return "appid is required, with at most 32 characters"
	case wechatAccount(in.MchID) != account:
		return "mchid is not the merchant that signed"
	case in.Description == "" || len(in.Description) > 127:
		return "description is required, with at most 127 bytes"
	case !wechatOrderNumber.MatchString(in.OutTradeNo):
		return "out_trade_no has 6 to 32 characters of 0-9 A-Z a-z _ - | *"
	case !in.TimeExpire.IsZero() && !in.TimeExpire.After(now):
		return "time_expire is past"
	case len(in.Attach) > 128:
		return "attach has at most 128 bytes"
	case in.NotifyURL == "" || !isWebURL(in.NotifyURL) || strings.Contains(in.NotifyURL, "?"):
		return "notify_url is required: a web address without a query"
	case in.Amount.Total < 1 || in.Amount.Total > maxAmount:
		return "amount.total is out of range"
	case in.Amount.Currency != "" && in.Amount.Currency != "CNY":
		return "amount.currency must be CNY"
	}
	return ""
}

// createOrder makes an order, or answers with the code of the same order made
// before: its number stands for it for ever.
func (s *Server) createOrder(q *request) reply {
	var in wechatOrder
	if rep, ok := decodeWeChat(q, &in); !ok {
		return rep
	}
	if fault := in.check(q.account, s.opts.Now()); fault != "" {
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", fault)
	}
	amount := amountOf(in.Amount.Total)
	switch amount.Token {
	case "tok_declined_never":
		return wechatError(http.StatusForbidden, "RULE_LIMIT", "A rule of the business does not allow this.")
	case "tok_insufficient_funds":
		return wechatError(http.StatusForbidden, "NOT_ENOUGH", "The balance is not enough.")
	}
	c, err := s.bank.open(charge{
		API: apiWeChat, Account: q.account, Key: fingerprintOf(in), Reference: in.OutTradeNo, PaymentReference: in.Attach,
		Amount: in.Amount.Total, Currency: "CNY", Token: amount.Token, Capture: true, Description: in.Description,
		NotifyURL: reachable(in.NotifyURL), ExpiresAt: in.TimeExpire.UTC(), Metadata: map[string]string{"appid": in.AppID},
	})
	switch {
	case errors.Is(err, errCanceled):
		return wechatError(http.StatusBadRequest, "ORDER_CLOSED", "The order is closed.")
	case err != nil, c.Status == statusSucceeded:
		return wechatError(http.StatusForbidden, "OUT_TRADE_NO_USED", "The order number was used before.")
	}
	return s.offerOrder(q, c, amount)
}

// offerOrder answers with the code of an order, having its customer act where
// the amount asks for it.
func (s *Server) offerOrder(q *request, c charge, amount Amount) reply {
	var fault Fault
	var err error
	o := outcomeOf(amount.Token)
	switch later := o.Result == ResultSettlesLater || o.Result == ResultFailsLater; {
	case c.Status == statusCreated && later:
		c, err = s.bank.execute(q.account, c.ID, confirmation{})
	case c.Status == statusCreated:
		fault = o.Fault
		c, err = s.bank.ask(q.account, c.ID, amount.Pays && (fault == "" || fault == FaultLatency))
	case c.Status == statusRequiresAction && amount.Pays:
		c, err = s.bank.ask(q.account, c.ID, true)
	}
	if errors.Is(err, errCanceled) {
		return wechatError(http.StatusBadRequest, "ORDER_CLOSED", "The order is closed.")
	}
	if c.Status != statusRequiresAction && c.Status != statusProcessing {
		return wechatError(http.StatusBadRequest, "INVALID_REQUEST", "The order cannot be paid any more.")
	}
	if fault == FaultLatency {
		s.wait(q.Request, s.slow())
		fault = ""
	}
	rep := jsonReply(http.StatusOK, map[string]string{"code_url": codeURL(c)})
	rep.fault = fault
	return rep
}

// ask has a charge wait for its customer, who pays by themselves a short while
// later if they are to.
func (b *bank) ask(account, id string, pays bool) (charge, error) {
	return b.move(account, id, happenedCharge, func(c *charge) error {
		switch {
		case c.Status == statusCanceled:
			return errCanceled
		case c.Status != statusCreated && c.Status != statusRequiresAction:
			return errState
		}
		c.Status = statusRequiresAction
		if pays && c.SettleAt.IsZero() {
			c.SettleAt = b.opts.Now().UTC().Add(b.opts.SettleAfter)
			b.schedule(c.ID, b.opts.SettleAfter, b.payItself)
		}
		return nil
	})
}

// payItself is the customer who needs no page.
func (b *bank) payItself(id string) { _, _ = b.complete(id, true) } // it may be closed by now

// showOrder tells where an order stands, by its number.
func (s *Server) showOrder(q *request) reply {
	if rep, ok := ownMerchant(q); !ok {
		return rep
	}
	c, err := s.bank.byReference(q.account, q.PathValue("number"))
	if err != nil || c.Status == statusCreated {
		return wechatError(http.StatusNotFound, "ORDER_NOT_EXIST", "There is no such order.")
	}
	return jsonReply(http.StatusOK, wechatTrade(c))
}

// showTransaction tells of an order that is paid, by WeChat Pay's own number.
func (s *Server) showTransaction(q *request) reply {
	if rep, ok := ownMerchant(q); !ok {
		return rep
	}
	c, err := s.bank.charge(q.account, q.PathValue("id"))
	if err != nil || len(c.Taken) == 0 {
		return wechatError(http.StatusNotFound, "ORDER_NOT_EXIST", "There is no such order.")
	}
	return jsonReply(http.StatusOK, wechatTrade(c))
}

// closeOrder ends an order that is not paid. What it does not know it does not
// keep from being made later.
func (s *Server) closeOrder(q *request) reply {
	var in struct {
		MchID string `json:"mchid"`
	}
	if rep, ok := decodeWeChat(q, &in); !ok {
		return rep
	}
	if wechatAccount(in.MchID) != q.account {
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "mchid is not the merchant that signed")
	}
	number := q.PathValue("number")
	if c, err := s.bank.byReference(q.account, number); err != nil || c.Status == statusCreated {
		return wechatError(http.StatusNotFound, "ORDER_NOT_EXIST", "There is no such order.")
	}
	c, err := s.bank.cancelReference(apiWeChat, q.account, number)
	switch {
	case err == nil, c.Status == statusFailed:
		return reply{status: http.StatusNoContent}
	case c.Status == statusProcessing:
		return wechatError(http.StatusAccepted, "USERPAYING", "The customer is paying.")
	default:
		return wechatError(http.StatusBadRequest, "ORDERPAID", "The order is paid.")
	}
}

func ownMerchant(q *request) (reply, bool) {
	if wechatAccount(q.URL.Query().Get("mchid")) != q.account {
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "mchid is not the merchant that signed"), false
	}
	return reply{}, true
}

// decodeWeChat reads a body; WeChat Pay passes over fields that it does not know.
func decodeWeChat(q *request, into any) (reply, bool) {
	if err := json.Unmarshal(q.body, into); err != nil {
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "The body is not what it should be: "+err.Error()), false
	}
	return reply{}, true
}

// reachable is an address for webhooks, or nothing for one that leads nowhere by
// its name (RFC 6761): then they go where the account's others go.
func reachable(address string) string {
	if u, err := url.Parse(address); err != nil || strings.HasSuffix(u.Hostname(), ".invalid") {
		return ""
	}
	return address
}
