package sandbox

import "time"

// capture takes an authorized amount, or a part of it; the rest is released.
// Notes are what the caller wants kept with the charge.
func (b *bank) capture(account, id string, amount int64, notes ...func(*charge)) (charge, error) {
	return b.move(account, id, happenedCapture, func(c *charge) error {
		switch {
		case c.Status != statusAuthorized:
			return errState
		case amount > c.Amount:
			return errAmount
		case amount == 0:
			amount = c.Amount
		}
		c.Status = statusSucceeded
		c.Taken[len(c.Taken)-1].Captured = amount
		c.note(notes)
		return nil
	})
}

// void releases an authorized amount.
func (b *bank) void(account, id string, notes ...func(*charge)) (charge, error) {
	return b.move(account, id, happenedVoid, func(c *charge) error {
		if c.Status != statusAuthorized {
			return errState
		}
		c.Status = statusVoided
		c.Taken[len(c.Taken)-1].Voided = true
		c.note(notes)
		return nil
	})
}

// cancel ends a charge for which no money was taken yet.
func (b *bank) cancel(account, id string) (charge, error) {
	return b.move(account, id, happenedCanceled, func(c *charge) error {
		switch c.Status {
		case statusCreated, statusFailed, statusRequiresAction:
			c.Status = statusCanceled
		case statusAuthorized:
			c.Status = statusCanceled
			c.Taken[len(c.Taken)-1].Voided = true
		default:
			return errState
		}
		return nil
	})
}

// cancelReference makes sure that a reference is never charged: a charge not
// yet executed is canceled, an unknown reference is refused from now on. What
// has been executed stays as it is and is returned with errState.
func (b *bank) cancelReference(api, account, reference string) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.charges[b.byRef[refID{account, reference}]]
	if c == nil {
		return b.create(charge{API: api, Account: account, Reference: reference}, statusCanceled).copy(), nil
	}
	switch c.Status {
	case statusCreated, statusRequiresAction:
		c.Status = statusCanceled
		b.journal.write(entry{Charge: c})
	case statusCanceled:
	default:
		return c.copy(), errState
	}
	return c.copy(), nil
}

// complete is the customer's answer to a charge that asked for it.
func (b *bank) complete(id string, succeeded bool) (charge, error) {
	return b.move("", id, happenedLater, func(c *charge) error {
		if c.Status != statusRequiresAction || c.expired(b.opts.Now()) {
			return errState
		}
		switch {
		case succeeded && formatOf(c.API).approves:
			c.Status = statusApproved
			return nil
		case succeeded:
			b.take(c)
			return nil
		}
		c.Status, c.Refusal = statusFailed, &Outcome{
			Class: "fix_data", Code: "authentication_failed", Message: "The customer did not confirm the payment.",
		}
		return nil
	})
}

// settleCharge ends the processing of a charge.
func (b *bank) settleCharge(id string) {
	_, _ = b.move("", id, happenedLater, func(c *charge) error {
		if c.Status != statusProcessing {
			return errState
		}
		o := outcomeOf(c.Token)
		if o.Result == ResultFailsLater {
			c.Status, c.Refusal = statusFailed, &o
			return nil
		}
		b.take(c)
		return nil
	})
}

// note changes what is kept with a charge.
func (c *charge) note(notes []func(*charge)) {
	for _, one := range notes {
		one(c)
	}
}

func (b *bank) move(account, id string, what happening, change func(*charge) error) (charge, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.find(account, id)
	if err != nil {
		return charge{}, err
	}
	if err := change(c); err != nil {
		return c.copy(), err
	}
	b.journal.write(entry{Charge: c})
	b.webhooks.tell(news{What: what, Charge: c.copy()})
	return c.copy(), nil
}

// schedule calls settle for id after a while, unless the bank stops first.
func (b *bank) schedule(id string, after time.Duration, settle func(string)) {
	if b.stopped {
		return
	}
	b.timers[id] = time.AfterFunc(after, func() {
		b.mu.Lock()
		delete(b.timers, id)
		stopped := b.stopped
		b.mu.Unlock()
		if !stopped {
			settle(id)
		}
	})
}

// resume schedules what was processing when the journal ended.
func (b *bank) resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.opts.Now()
	for _, c := range b.charges {
		if c.Status == statusProcessing {
			b.schedule(c.ID, max(0, c.SettleAt.Sub(now)), b.settleCharge)
		}
		if c.Status == statusRequiresAction && !c.SettleAt.IsZero() {
			b.schedule(c.ID, max(0, c.SettleAt.Sub(now)), b.payItself)
		}
	}
	for _, r := range b.refunds {
		if !r.SettleAt.IsZero() {
			b.schedule(r.ID, max(0, r.SettleAt.Sub(now)), b.settleRefund)
		}
	}
}

func (b *bank) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	for _, timer := range b.timers {
		timer.Stop()
	}
}
