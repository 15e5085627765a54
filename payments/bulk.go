package payments

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// The rate of a bulk retry, in payments a minute.
const (
	MinBulkRate     = 1
	MaxBulkRate     = 600
	DefaultBulkRate = 60
)

// bulkSlice is how long a job works on a bulk retry before it makes room for
// other jobs, and for a node that stops.
const bulkSlice = 20 * time.Second

// BulkVerdict says whether a payment may be tried again.
type BulkVerdict struct {
	Payment models.Payment
	Order   models.Order
	Refusal *models.Error // nil: it may
}

// PlanBulk says of each payment, in the order of ids, whether it may be tried
// again now. It only reads. Payments out of scope are left out.
func (s *Service) PlanBulk(ctx context.Context, scope models.Scope, ids []string, actor models.Actor) ([]BulkVerdict, error) {
	if len(ids) > models.MaxBulk {
		return nil, models.Invalid("payments", "bulk_too_large")
	}
	payments, err := s.db.PaymentsByID(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*models.Payment, len(payments))
	orderIDs := make([]string, 0, len(payments))
	for i := range payments {
		found[payments[i].ID] = &payments[i]
		orderIDs = append(orderIDs, payments[i].OrderID)
	}
	orders, err := s.db.OrdersByID(ctx, scope, orderIDs)
	if err != nil {
		return nil, err
	}
	waiting, err := s.db.InBulkRetry(ctx, ids)
	if err != nil {
		return nil, err
	}
	attempts, err := s.db.AttemptsByPayment(ctx, slices.Collect(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	rules := s.rulesOnce(ctx)
	plan := make([]BulkVerdict, 0, len(payments))
	for _, id := range ids {
		p := found[id]
		if p == nil {
			continue
		}
		delete(found, id) // named twice, it counts once
		v := BulkVerdict{Payment: *p, Order: orders[p.OrderID]}
		if waiting[id] {
			v.Refusal = models.Conflict("in_bulk_retry", string(p.Status))
		} else if v.Refusal, err = s.retryVerdict(ctx, p, &v.Order, attempts[id], DeedRetry, actor, rules); err != nil {
			return nil, err
		}
		plan = append(plan, v)
	}
	return plan, nil
}

// rulesOnce is RulesOf that asks once for each merchant.
func (s *Service) rulesOnce(ctx context.Context) func(merchantID string) (Rules, error) {
	known := map[string]Rules{}
	return func(merchantID string) (Rules, error) {
		if rules, ok := known[merchantID]; ok {
			return rules, nil
		}
		rules, err := s.RulesOf(ctx, merchantID)
		if err == nil {
			known[merchantID] = rules
		}
		return rules, err
	}
}

// BulkRequest is a person's wish to try many payments again.
type BulkRequest struct {
	Payments  []models.Payment
	PerMinute int64
	Reason    string
	Actor     models.Actor
}

// StartBulk begins a bulk retry. Each payment is asked for once more when its
// turn comes, so that what has changed since the plan is respected.
func (s *Service) StartBulk(tx *models.Tx, r BulkRequest) (*models.BulkRetry, error) {
	why, err := reason(r.Reason)
	if err != nil {
		return nil, err
	}
	switch {
	case r.PerMinute < MinBulkRate || r.PerMinute > MaxBulkRate:
		return nil, models.Invalid("per_minute", "out_of_range")
	case len(r.Payments) == 0:
		return nil, models.Invalid("payments", "nothing_to_retry")
	case len(r.Payments) > models.MaxBulk:
		return nil, models.Invalid("payments", "bulk_too_large")
	}
	b, err := tx.CreateBulkRetry(models.BulkRetry{
		ActorID: r.Actor.ID, ActorName: r.Actor.Name, Reason: why, PerMinute: r.PerMinute,
	}, r.Payments)
	if err != nil {
		return nil, err
	}
	return b, tx.Audit(r.Actor, models.AuditEntry{
		Action: "bulk_retry.start", ObjectID: b.ID, Reason: why,
		Detail: map[string]string{"payments": fmt.Sprint(b.Total), "per_minute": fmt.Sprint(b.PerMinute)},
	})
}

// turnBulk pauses, resumes or cancels a bulk retry, as turn does.
func (s *Service) turnBulk(tx *models.Tx, id, action string, actor models.Actor, turn func(id string) error) error {
	if err := turn(id); err != nil {
		return err
	}
	return tx.Audit(actor, models.AuditEntry{Action: "bulk_retry." + action, ObjectID: id})
}

// PauseBulk has a bulk retry wait until somebody resumes it.
func (s *Service) PauseBulk(tx *models.Tx, id string, actor models.Actor) error {
	return s.turnBulk(tx, id, "pause", actor, tx.PauseBulkRetry)
}

// ResumeBulk has a paused bulk retry go on.
func (s *Service) ResumeBulk(tx *models.Tx, id string, actor models.Actor) error {
	return s.turnBulk(tx, id, "resume", actor, tx.ResumeBulkRetry)
}

// CancelBulk ends a bulk retry before its end.
func (s *Service) CancelBulk(tx *models.Tx, id string, actor models.Actor) error {
	return s.turnBulk(tx, id, "cancel", actor, tx.CancelBulkRetry)
}

// WorkBulk tries the next payments of a bulk retry again, at its rate. One
// worker at a time does, and one that dies leaves nothing half done: a payment
// gets its attempt and its verdict in one transaction.
func (s *Service) WorkBulk(ctx context.Context, id string) error {
	var b *models.BulkRetry
	err := s.db.Write(ctx, func(tx *models.Tx) (err error) {
		b, err = tx.ClaimBulkRetry(id)
		return err
	})
	if err != nil || b == nil {
		return err
	}
	turn := time.NewTicker(time.Minute / time.Duration(b.PerMinute))
	defer turn.Stop()
	for end := time.Now().Add(bulkSlice); ctx.Err() == nil && time.Now().Before(end); {
		more, err := s.bulkStep(ctx, b)
		if ctx.Err() == nil && (err != nil || !more) { // a node that stops breaks a step off, which undoes it
			return err
		}
		select {
		case <-turn.C:
		case <-ctx.Done():
		}
	}
	return s.yieldBulk(context.WithoutCancel(ctx), b)
}

func (s *Service) yieldBulk(ctx context.Context, b *models.BulkRetry) error {
	ctx, cancel := context.WithTimeout(ctx, Settling)
	defer cancel()
	return s.db.Write(ctx, func(tx *models.Tx) error { return tx.YieldBulkRetry(b) })
}

// errBulkLost undoes the turn of a payment whose bulk retry was paused, canceled
// or taken over in the same moment.
var errBulkLost = errors.New("the bulk retry is not this worker's any more")

// bulkStep gives one payment its turn; false when there is no more to do.
func (s *Service) bulkStep(ctx context.Context, held *models.BulkRetry) (more bool, err error) {
	var (
		b    models.BulkRetry
		item *models.BulkRetryItem
	)
	take := func(tx *models.Tx) (err error) {
		b = *held // a transaction may run again
		item, err = tx.NextBulkRetryItem(&b)
		return err
	}
	finish := func(tx *models.Tx, verdict, code string) error {
		kept, err := tx.FinishBulkRetryItem(&b, item, verdict, code)
		if err == nil && !kept {
			return errBulkLost
		}
		return err
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		if err := take(tx); err != nil || item == nil {
			return err
		}
		_, err := s.Retry(tx, models.MerchantScope(item.MerchantID), item.PaymentID, RetryRequest{
			Reason: b.Reason, Bulk: b.ID, Actor: models.Actor{Kind: actorUser, ID: b.ActorID, Name: b.ActorName},
		})
		if err != nil {
			return err
		}
		return finish(tx, models.BulkItemRetried, "")
	})
	if refused, ok := errors.AsType[*models.Error](err); ok { // what was begun is undone
		err = s.db.Write(ctx, func(tx *models.Tx) error {
			if err := take(tx); err != nil || item == nil {
				return err
			}
			return finish(tx, models.BulkItemRefused, refused.Code)
		})
	}
	if errors.Is(err, errBulkLost) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("bulk retry %s: %w", held.ID, err)
	}
	*held = b
	return item != nil, nil
}
