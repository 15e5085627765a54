package sandbox

import (
	"cmp"
	"time"
)

// refund gives back a part of what a charge took.
type refund struct {
	ID        string            `json:"id"`
	Charge    string            `json:"charge"`
	Account   string            `json:"account"`
	Key       string            `json:"key,omitempty"`       // the idempotency key that it was asked for with
	Reference string            `json:"reference,omitempty"` // the caller's own, in formats whose refunds have one
	Metadata  map[string]string `json:"metadata,omitempty"`
	Amount    int64             `json:"amount"`
	Currency  string            `json:"currency"`
	Reason    string            `json:"reason,omitempty"`
	Status    string            `json:"status"` // pending, succeeded or failed
	CreatedAt time.Time         `json:"created_at"`
	SettleAt  time.Time         `json:"settle_at,omitzero"` // when it changes once more; zero: it is final
}

// refund gives back an amount, or all that is left when it is 0. Notes are what
// the caller wants kept with the refund.
func (b *bank) refund(account, chargeID string, amount int64, reason string, notes ...func(*refund)) (refund, error) {
	return b.refundAs(account, chargeID, "", amount, reason, notes...)
}

// refundAs gives back an amount under the caller's reference, which stands for
// one refund of the charge for ever: the same amount finds it again, another is
// refused. Without a reference each call is a refund of its own.
func (b *bank) refundAs(
	account, chargeID, reference string, amount int64, reason string, notes ...func(*refund),
) (refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, chargeID)
	if err != nil {
		return refund{}, err
	}
	if known := b.refundOf(c, reference); known != nil {
		if known.Amount != amount {
			return refund{}, errTaken
		}
		return *known, nil
	}
	captured, refunded := c.money()
	amount = cmp.Or(amount, captured-refunded)
	switch {
	case c.Status != statusSucceeded, c.Dispute.took():
		return refund{}, errState
	case amount <= 0 || amount > captured-refunded:
		return refund{}, errAmount
	}
	r := &refund{
		ID: formatOf(c.API).refundID(), Charge: c.ID, Account: account, Reference: reference,
		Amount: amount, Currency: c.Currency, Reason: reason, Status: "succeeded", CreatedAt: b.opts.Now().UTC(),
	}
	for _, note := range notes {
		note(r)
	}
	switch outcomeOf(c.Token).Result {
	case ResultRefundsLater:
		r.Status, r.SettleAt = "pending", r.CreatedAt.Add(b.opts.SettleAfter)
	case ResultRefundsFailLate:
		r.SettleAt = r.CreatedAt.Add(b.opts.SettleAfter)
	default:
	}
	if !r.SettleAt.IsZero() {
		b.schedule(r.ID, b.opts.SettleAfter, b.settleRefund)
	}
	c.Taken[len(c.Taken)-1].Refunded += amount
	c.Refunds = append(c.Refunds, r.ID)
	b.refunds[r.ID] = r
	b.journal.write(entry{Charge: c, Refund: r})
	told := *r
	b.webhooks.tell(news{What: happenedRefund, Charge: c.copy(), Refund: &told})
	return told, nil
}

// refundOf returns the charge's refund with a reference of the caller's, or nil.
func (b *bank) refundOf(c *charge, reference string) *refund {
	for _, id := range c.Refunds {
		if r := b.refunds[id]; reference != "" && r.Reference == reference {
			return r
		}
	}
	return nil
}

// settleRefund makes a pending refund succeed, and a refund that is to fail late fail.
func (b *bank) settleRefund(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.refunds[id]
	if r == nil {
		return
	}
	c := b.charges[r.Charge]
	r.SettleAt = time.Time{}
	if r.Status == "succeeded" {
		r.Status = "failed"
		c.Taken[len(c.Taken)-1].Refunded -= r.Amount
	} else {
		r.Status = "succeeded"
	}
	b.journal.write(entry{Charge: c, Refund: r})
	told := *r // it may change once more before it is told
	b.webhooks.tell(news{What: happenedRefund, Charge: c.copy(), Refund: &told, Again: true})
}

func (b *bank) refundByID(account, id string) (refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.refunds[id]
	if r == nil || r.Account != account {
		return refund{}, errUnknownRefund
	}
	return *r, nil
}

func (b *bank) refundsOf(account, chargeID string) ([]refund, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, chargeID)
	if err != nil {
		return nil, err
	}
	all := []refund{}
	for _, id := range c.Refunds {
		all = append(all, *b.refunds[id])
	}
	return all, nil
}
