package sandbox

import (
	"cmp"
	"errors"
	"slices"
)

// refund gives back an amount; its request number stands for one refund for ever.
func (c *alipayCall) refund() reply {
	found, status, rep, ok := c.existing()
	if !ok {
		return rep
	}
	fen, ok := alipayFen(c.biz.RefundAmount)
	switch {
	case !ok:
		return c.refuse("ACQ.INVALID_PARAMETER", "refund_amount is not an amount in yuan")
	case status == "WAIT_BUYER_PAY":
		return c.refuse("ACQ.TRADE_STATUS_ERROR", "the trade is not paid")
	case len(found.Taken) == 0, found.Status == statusVoided:
		return c.refuse("ACQ.TRADE_HAS_CLOSE", "the trade is closed")
	case c.biz.OutRequestNo == "" && fen != found.Amount:
		return c.refuse("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "out_request_no is required for a part of the amount")
	}
	number := cmp.Or(c.biz.OutRequestNo, found.Reference)
	_, repeated := c.server.alipayRefund(found, number)
	made, err := c.server.bank.refundAs(c.account, found.ID, number, fen, c.biz.RefundReason)
	switch {
	case errors.Is(err, errTaken):
		return c.refuse("ACQ.DISCORDANT_REPEAT_REQUEST", "the refund has another amount")
	case errors.Is(err, errAmount):
		return c.refuse("ACQ.REASON_TRADE_REFUND_FEE_ERR", "the amount is more than what is left")
	case err != nil:
		return c.refuse("ACQ.TRADE_NOT_ALLOW_REFUND", "the trade cannot be refunded")
	}
	view := alipayView(found)
	view["fund_change"], view["refund_fee"] = "Y", alipayYuan(c.server.alipayRefunded(found))
	if repeated || made.Status != "succeeded" {
		view["fund_change"] = "N"
	}
	return c.answer("10000", view)
}

// refundQuery tells of a refund that was made, and says little of any other.
func (c *alipayCall) refundQuery() reply {
	found, _, rep, ok := c.existing()
	if !ok {
		return rep
	}
	if c.biz.OutRequestNo == "" {
		return c.refuse("ACQ.INVALID_PARAMETER", "out_request_no is required")
	}
	fields := map[string]any{"trade_no": found.ID, "out_trade_no": found.Reference}
	if made, ok := c.server.alipayRefund(found, c.biz.OutRequestNo); ok && made.Status == "succeeded" {
		fields["out_request_no"], fields["refund_status"] = made.Reference, "REFUND_SUCCESS"
		fields["refund_amount"], fields["total_amount"] = alipayYuan(made.Amount), alipayYuan(found.Amount)
	}
	return c.answer("10000", fields)
}

// alipayRefund returns a charge's refund by its request number.
func (s *Server) alipayRefund(c charge, number string) (refund, bool) {
	all, err := s.bank.refundsOf(c.Account, c.ID)
	if err != nil {
		return refund{}, false
	}
	i := slices.IndexFunc(all, func(r refund) bool { return r.Reference == number })
	if i < 0 {
		return refund{}, false
	}
	return all[i], true
}

// alipayRefunded is the sum of what was given back of a charge.
func (s *Server) alipayRefunded(c charge) int64 {
	current, err := s.bank.charge(c.Account, c.ID)
	if err != nil {
		return 0 // dropped as the oldest meanwhile
	}
	_, refunded := current.money()
	return refunded
}
