package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// alipayNews is an asynchronous notification: a signed form.
func alipayNews(s *Server, n news) []byte {
	c := n.Charge
	status := s.alipayStatus(c)
	if status == "" || status == "WAIT_BUYER_PAY" || n.What == happenedDispute {
		return nil // not over yet, or nothing that Alipay tells of
	}
	if n.What == happenedRefund && n.Refund.Status != "succeeded" {
		return nil
	}
	id := sha256.Sum256([]byte(n.ID))
	params := url.Values{
		"notify_time": {alipayTime(n.At)}, "notify_type": {"trade_status_sync"}, "notify_id": {hex.EncodeToString(id[:17])},
		"app_id": {strings.TrimPrefix(c.Account, alipayPrefix)}, "charset": {"utf-8"}, "version": {"1.0"}, "sign_type": {"RSA2"},
		"trade_no": {c.ID}, "out_trade_no": {c.Reference}, "trade_status": {status}, "subject": {c.Description},
		"total_amount": {alipayYuan(c.Amount)}, "gmt_create": {alipayTime(c.CreatedAt)},
		"seller_id": {alipaySeller}, "buyer_id": {alipayBuyer},
	}
	if len(c.Taken) > 0 {
		params.Set("gmt_payment", alipayTime(c.Taken[0].At))
		params.Set("receipt_amount", alipayYuan(c.Amount))
		params.Set("buyer_pay_amount", alipayYuan(c.Amount))
	}
	if _, refunded := c.money(); refunded > 0 {
		params.Set("refund_fee", alipayYuan(refunded))
		params.Set("gmt_refund", alipayTime(n.At))
	}
	if n.Refund != nil {
		params.Set("out_biz_no", n.Refund.Reference)
	}
	if status == "TRADE_CLOSED" {
		params.Set("gmt_close", alipayTime(n.At))
	}
	params.Set("sign", s.alipay.sign(alipayContent(params, "sign", "sign_type")))
	return []byte(params.Encode())
}
