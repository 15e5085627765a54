package sandbox

import (
	"errors"
	"maps"
)

// alipayStatus is how a query names the state of a charge; empty: there is no
// such trade. Orders that were never executed, and payment codes that were
// refused at once, leave none.
func (s *Server) alipayStatus(c charge) string {
	captured, refunded := c.money()
	switch {
	case c.Tries == 0, c.Refusal != nil && outcomeOf(c.Token).refusesAtOnce():
		return ""
	case c.Status == statusSucceeded && refunded < captured:
		return "TRADE_SUCCESS"
	case (c.Status == statusRequiresAction || c.Status == statusProcessing) && !c.expired(s.opts.Now()):
		return "WAIT_BUYER_PAY"
	default:
		return "TRADE_CLOSED"
	}
}

// alipayView is a trade as payments and queries show it.
func alipayView(c charge) map[string]any {
	view := map[string]any{
		"trade_no": c.ID, "out_trade_no": c.Reference, "total_amount": alipayYuan(c.Amount), "buyer_logon_id": "san***@sandbox.example",
		"buyer_user_id": alipayBuyer, "receipt_amount": "0.00", "buyer_pay_amount": "0.00",
	}
	if len(c.Taken) > 0 {
		view["receipt_amount"], view["buyer_pay_amount"] = alipayYuan(c.Amount), alipayYuan(c.Amount)
	}
	return view
}

const (
	alipayBuyer  = "2088000000000001"
	alipaySeller = "2088000000000002"
)

// find returns the charge that a request names.
func (c *alipayCall) find() (charge, bool) {
	if c.biz.TradeNo != "" {
		found, err := c.server.bank.charge(c.account, c.biz.TradeNo)
		return found, err == nil && found.API == apiAlipay
	}
	found, err := c.server.bank.byReference(c.account, c.biz.OutTradeNo)
	return found, err == nil
}

// existing returns the charge of a trade that exists, and its status.
func (c *alipayCall) existing() (found charge, status string, rep reply, ok bool) {
	if c.biz.TradeNo == "" && c.biz.OutTradeNo == "" {
		return charge{}, "", c.refuse("ACQ.INVALID_PARAMETER", "out_trade_no or trade_no is required"), false
	}
	found, ok = c.find()
	if ok {
		status = c.server.alipayStatus(found)
	}
	if status == "" {
		return charge{}, "", c.refuse("ACQ.TRADE_NOT_EXIST", "no such trade"), false
	}
	return found, status, reply{}, true
}

func (c *alipayCall) query() reply {
	found, status, rep, ok := c.existing()
	if !ok {
		return rep
	}
	view := alipayView(found)
	view["trade_status"] = status
	if len(found.Taken) > 0 {
		view["send_pay_date"] = alipayTime(found.Taken[0].At)
	}
	return c.answer("10000", view)
}

// close ends a trade that waits for its buyer.
func (c *alipayCall) close() reply {
	found, _, rep, ok := c.existing()
	if !ok {
		return rep
	}
	found, err := c.server.bank.move(c.account, found.ID, happenedCanceled, func(c *charge) error {
		if c.Status != statusRequiresAction && c.Status != statusProcessing {
			return errState
		}
		c.Status = statusCanceled
		return nil
	})
	if err != nil {
		return c.refuse("ACQ.REASON_TRADE_STATUS_INVALID", "the trade does not wait for its buyer")
	}
	return c.answer("10000", map[string]any{"trade_no": found.ID, "out_trade_no": found.Reference})
}

// cancel makes sure that no money stands under an order, whatever becomes of
// requests that are still under way.
func (c *alipayCall) cancel() reply {
	reference := c.biz.OutTradeNo
	if c.biz.TradeNo != "" {
		found, ok := c.find()
		if !ok {
			return c.refuse("ACQ.INVALID_PARAMETER", "no such trade_no")
		}
		reference = found.Reference
	}
	if reference == "" {
		return c.refuse("ACQ.INVALID_PARAMETER", "out_trade_no or trade_no is required")
	}
	reversed, how, err := c.server.bank.reverse(apiAlipay, c.account, reference)
	if errors.Is(err, errState) {
		return c.refuse("ACQ.REASON_TRADE_REFUND_FEE_ERR", "a part was given back already")
	}
	fields := map[string]any{"out_trade_no": reference, "retry_flag": "N"}
	if how != reversedNothing {
		maps.Copy(fields, map[string]any{"trade_no": reversed.ID, "action": string(how)})
	}
	return c.answer("10000", fields)
}
