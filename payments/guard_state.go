package payments

import (
	"strconv"
	"time"

	"github.com/tillpost/tillpost/models"
)

// BreakerState is whether an account's provider is called.
type BreakerState string

// The states of a breaker.
const (
	BreakerClosed  BreakerState = "closed"  // calls go through
	BreakerOpen    BreakerState = "open"    // no calls: the provider fails
	BreakerProbing BreakerState = "probing" // the next call tells whether it answers again
)

// Protection is how an account's provider is protected now.
type Protection struct {
	Breaker   BreakerState
	OpenUntil time.Time // of an open breaker
	Failures  int       // in a row, that this node has seen
	Trips     int       // failures in a row that open the breaker
	Busy      int       // calls under way on this node
	Places    int       // calls that can be under way on one node
	Used      int       // requests of this second, over all nodes
	Limit     int       // requests a second, over all nodes
}

// Protection tells how an account's provider is protected now.
func (s *Service) Protection(a *models.GatewayAccount) Protection {
	now := s.db.Now()
	p := Protection{Breaker: BreakerClosed, Trips: breakerTrips, Places: bulkhead, Limit: a.RateLimit}
	if until := a.BreakerOpenUntil; until != nil {
		p.Breaker = BreakerProbing
		if until.After(now) {
			p.Breaker, p.OpenUntil = BreakerOpen, *until
		}
	}
	if a.RateSecond != nil && a.RateSecond.Equal(now.UTC().Truncate(time.Second)) {
		p.Used = a.RateTaken
	}
	one := s.guards.of(a.ID)
	p.Busy = len(one.slots)
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.breaker != nil && (a.BreakerResetAt == nil || !a.BreakerResetAt.After(one.madeAt)) {
		p.Failures = int(one.breaker.Counts().ConsecutiveFailures)
	}
	return p
}

// ResetBreaker lets calls of an account through again because somebody knows
// that its provider answers.
func (s *Service) ResetBreaker(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	a, err := tx.GatewayAccount(scope, id)
	if err != nil {
		return err
	}
	if err := tx.ResetGatewayBreaker(a.ID); err != nil {
		return err
	}
	return tx.Audit(actor, models.AuditEntry{
		MerchantID: &a.MerchantID, Action: "account.reset", ObjectID: a.ID, Detail: map[string]string{"name": a.Name, "kind": a.Kind},
	})
}

// SetRateLimit changes how many requests a second an account may make.
func (s *Service) SetRateLimit(tx *models.Tx, scope models.Scope, id string, perSecond int, actor models.Actor) error {
	a, err := tx.GatewayAccount(scope, id)
	if err != nil {
		return err
	}
	if err := tx.SetGatewayRateLimit(a.ID, perSecond); err != nil {
		return err
	}
	return tx.Audit(actor, models.AuditEntry{
		MerchantID: &a.MerchantID, Action: "account.limit", ObjectID: a.ID,
		Detail: map[string]string{"name": a.Name, "from": strconv.Itoa(a.RateLimit), "to": strconv.Itoa(perSecond)},
	})
}
