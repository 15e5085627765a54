package sandbox

import (
	"errors"
	"net/http"
)

// createWeChatRefund gives back a part of an order. A refund that failed is made
// once more when it is sent again under its number.
func (s *Server) createWeChatRefund(q *request) reply {
	var in struct {
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
		OutRefundNo   string `json:"out_refund_no"`
		Reason        string `json:"reason"`
		Amount        struct {
			Refund   int64  `json:"refund"`
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
	}
	if rep, ok := decodeWeChat(q, &in); !ok {
		return rep
	}
	switch {
	case !wechatRefundNumber.MatchString(in.OutRefundNo):
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "out_refund_no has 1 to 64 characters of 0-9 A-Z a-z _ - | * @")
	case in.Amount.Refund < 1:
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "amount.refund is out of range")
	case in.Amount.Currency != "CNY":
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "amount.currency must be CNY")
	case len(in.Reason) > 80:
		return wechatError(http.StatusBadRequest, "PARAM_ERROR", "reason has at most 80 bytes")
	}
	c, err := s.bank.byReference(q.account, in.OutTradeNo)
	if in.OutTradeNo == "" {
		c, err = s.bank.charge(q.account, in.TransactionID)
	}
	switch {
	case err != nil:
		return wechatError(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "There is no such order.")
	case in.Amount.Total != c.Amount:
		return wechatError(http.StatusBadRequest, "INVALID_REQUEST", "amount.total is not that of the order")
	}
	if known, err := s.bank.refundByReference(q.account, in.OutRefundNo); err == nil && known.Charge != c.ID {
		return wechatError(http.StatusBadRequest, "INVALID_REQUEST", "The refund's number belongs to another order.")
	}
	r, err := s.bank.refundAs(q.account, c.ID, in.OutRefundNo, in.Amount.Refund, in.Reason)
	if err == nil && wechatRefundState(c, r) == "CLOSED" {
		r, err = s.bank.retryRefund(r.ID)
	}
	if err != nil {
		return wechatRefundError(err)
	}
	return jsonReply(http.StatusOK, wechatRefund(c, r))
}

func wechatRefundError(err error) reply {
	message := "The order cannot be refunded as it stands."
	switch {
	case errors.Is(err, errAmount):
		message = "The refund is more than what is left of the order."
	case errors.Is(err, errTaken):
		message = "The refund's number was used with another amount."
	}
	return wechatError(http.StatusBadRequest, "INVALID_REQUEST", message)
}

func (s *Server) showWeChatRefund(q *request) reply {
	r, err := s.bank.refundByReference(q.account, q.PathValue("number"))
	if err != nil {
		return wechatError(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "There is no such refund.")
	}
	c, err := s.bank.charge(q.account, r.Charge)
	if err != nil {
		return wechatError(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "There is no such refund.")
	}
	return jsonReply(http.StatusOK, wechatRefund(c, r))
}

// wechatRefundState is a refund's status as WeChat Pay calls it. It tells of
// success only once that is final.
func wechatRefundState(c charge, r refund) string {
	switch {
	case r.Status == "failed" && amountOf(c.Amount).Ending == "08":
		return "ABNORMAL"
	case r.Status == "failed":
		return "CLOSED"
	case r.Status == "succeeded" && r.SettleAt.IsZero():
		return "SUCCESS"
	default:
		return "PROCESSING"
	}
}

func wechatRefund(c charge, r refund) map[string]any {
	view := map[string]any{
		"refund_id": r.ID, "out_refund_no": r.Reference, "transaction_id": c.ID, "out_trade_no": c.Reference,
		"channel": "ORIGINAL", "user_received_account": "Balance", "create_time": wechatTime(r.CreatedAt),
		"status": wechatRefundState(c, r),
		"amount": map[string]any{
			"refund": r.Amount, "total": c.Amount, "payer_total": c.Amount, "payer_refund": r.Amount,
			"settlement_refund": r.Amount, "settlement_total": c.Amount, "discount_refund": 0, "currency": r.Currency,
		},
	}
	if view["status"] == "SUCCESS" {
		view["success_time"] = wechatTime(r.CreatedAt)
	}
	return view
}

// refundByReference returns the account's refund with a reference of its own.
func (b *bank) refundByReference(account, reference string) (refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.refunds {
		if r.Account == account && r.Reference == reference && reference != "" {
			return *r, nil
		}
	}
	return refund{}, errUnknownRefund
}

// retryRefund makes a refund that failed once more; it is pending at first, and
// then succeeds.
func (b *bank) retryRefund(id string) (refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.refunds[id]
	if r == nil {
		return refund{}, errUnknownRefund
	}
	if r.Status != "failed" {
		return *r, nil // somebody else was first
	}
	c := b.charges[r.Charge]
	if captured, refunded := c.money(); r.Amount > captured-refunded {
		return refund{}, errAmount
	}
	r.Status, r.SettleAt = "pending", b.opts.Now().UTC().Add(b.opts.SettleAfter)
	c.Taken[len(c.Taken)-1].Refunded += r.Amount
	b.schedule(r.ID, b.opts.SettleAfter, b.settleRefund)
	b.journal.write(entry{Charge: c, Refund: r})
	return *r, nil
}
