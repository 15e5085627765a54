package sandbox

import "time"

// reversal is what became of a reference by its reversal.
type reversal string

const (
	reversedNothing reversal = "nothing" // there was no money and nobody asked for any; there will be none
	reversedOpen    reversal = "close"   // a charge under way was ended
	reversedPaid    reversal = "refund"  // the money went back
)

// reverse makes sure that nothing stands taken under a reference, now or later:
// what was paid goes back, what is under way ends, an unknown reference is
// refused from now on.
func (b *bank) reverse(api, account, reference string) (charge, reversal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.charges[b.byRef[refID{account, reference}]]
	if c == nil {
		return b.create(charge{API: api, Account: account, Reference: reference}, statusCanceled).copy(), reversedNothing, nil
	}
	how := reversedOpen
	switch {
	case c.Status == statusCanceled, c.Status == statusVoided:
		return c.copy(), reversedNothing, nil
	case c.Status == statusCreated:
		c.Status, how = statusCanceled, reversedNothing
	case len(c.Taken) == 0:
		c.Status = statusCanceled
	default:
		last := &c.Taken[len(c.Taken)-1]
		if last.Refunded > 0 || c.Dispute != nil {
			return c.copy(), reversedNothing, errState
		}
		c.Status, last.Refunded, last.Voided, how = statusVoided, last.Captured, true, reversedPaid
	}
	b.journal.write(entry{Charge: c})
	b.webhooks.tell(news{What: happenedCanceled, Charge: c.copy()})
	return c.copy(), how, nil
}

// expired reports whether it is too late for the charge's customer to act.
func (c *charge) expired(now time.Time) bool {
	return !c.ExpiresAt.IsZero() && now.After(c.ExpiresAt)
}
