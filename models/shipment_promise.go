package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Bounds of looking for broken promises.
const (
	// pollPatience is how long a poll may be overdue before its parcel counts as
	// one that nobody asks for.
	pollPatience = time.Hour
	// answerPatience is how long after its promise a parcel may wait for a poll
	// at all; longer than the longest time between two polls.
	answerPatience = 13 * time.Hour
	// oldPromise is when a promise is history, which an import brought.
	oldPromise = 90 * 24 * time.Hour
)

// Overdue says whether time alone has broken the promise of a parcel that has
// not arrived. One that passed very long ago is history, unless it was seen
// when it broke. The sweep's condition below says the same.
func Overdue(promised *time.Time, seen bool, now time.Time) bool {
	return promised != nil && promised.Before(now) && (seen || promised.After(now.Add(-oldPromise)))
}

// OverdueShipments finds parcels on their way whose promise has passed and that
// no poll will find late: nobody asks for them, their account is stopped, or
// its quota is used up. The longest overdue come first.
func (db *DB) OverdueShipments(ctx context.Context, limit int) ([]string, error) {
	var ids []string
	err := overdue(db.q(ctx).Table("shipments"), db.Now()).Order("promised_at").Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("overdue shipments: %w", err)
	}
	return ids, nil
}

// OverdueShipments loads those of the parcels that are still overdue; their
// rows must be locked already.
func (tx *Tx) OverdueShipments(ids []string) ([]Shipment, error) {
	return all[Shipment](overdue(tx.q(), tx.now).Where("id IN ?", ids).Order("id"))
}

// overdue is the condition of both; literals let the partial index serve.
func overdue(q *gorm.DB, now time.Time) *gorm.DB {
	return q.Where("promised_at < ? AND promised_at > ? AND NOT late AND status IN ('unknown', 'info_received', 'picked_up', "+
		"'in_transit', 'out_for_delivery', 'available_for_pickup', 'delivery_failed', 'exception')", now, now.Add(-oldPromise)).
		Where("next_poll_at IS NULL OR next_poll_at < ? OR promised_at < ?", now.Add(-pollPatience), now.Add(-answerPatience)).
		Where("lease_until IS NULL OR lease_until < ?", now)
}
