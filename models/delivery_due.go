package models

import (
	"context"
	"time"
)

// deliveryPatience is how long a delivery may be overdue before its job counts
// as lost with the worker that had taken it.
const deliveryPatience = 10 * time.Minute

// StalledDeliveries finds deliveries that are long overdue and that no worker holds.
func (db *DB) StalledDeliveries(ctx context.Context, limit int) ([]Delivery, error) {
	now := db.Now()
	return all[Delivery](db.q(ctx).Select("id").
		// The literals let SQLite see that the partial index serves.
		Where("status IN ('pending', 'delivering', 'retrying') AND next_attempt_at < ?"+
			" AND (lease_until IS NULL OR lease_until < ?)", now.Add(-deliveryPatience), now).
		Order("next_attempt_at").Limit(limit))
}

// RequeueDelivery gives a delivery that is long overdue a new job. Should the
// old one turn up as well, one of them finds nothing to do.
func (tx *Tx) RequeueDelivery(id string) error {
	ok, err := tx.update("deliveries", map[string]any{"next_attempt_at": tx.now, "updated_at": tx.now},
		"id = ? AND status IN ? AND next_attempt_at < ? AND (lease_until IS NULL OR lease_until < ?)",
		id, []string{DeliveryPending, DeliveryDelivering, DeliveryRetrying}, tx.now.Add(-deliveryPatience), tx.now)
	if err == nil && ok {
		tx.Enqueue(DeliverArgs{DeliveryID: id})
	}
	return err
}
