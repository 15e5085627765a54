package models

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm/clause"
)

// AttemptInterrupted is noted of an attempt whose worker died with what came of it.
const AttemptInterrupted = "Tillpost was interrupted: whether this attempt arrived is not known"

// ReleaseDeliveries gives deliveries whose worker died back to the queue, up to
// limit of them, and returns how many they were. Each lost attempt is noted; next
// says how long to wait after so many, or that there is no further one: a program
// that dies again and again must not use them up in minutes. Those that the caller
// still has the results of, for whom the database was away, stay as they are.
func (tx *Tx) ReleaseDeliveries(next func(attempts int) (time.Duration, bool), limit int, held []string) (int, error) {
	ids, err := tx.freeIDs("SELECT id FROM deliveries WHERE status = 'delivering' AND lease_until < ? AND id NOT IN ? ORDER BY id LIMIT ?",
		tx.now, append(slices.Clip(held), ""), limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	lost, err := all[Delivery](tx.q().Where("id IN ?", ids).Order("id"))
	if err != nil {
		return 0, err
	}
	attempts := make([]DeliveryAttempt, len(lost))
	for i := range lost {
		d := &lost[i]
		attempts[i] = DeliveryAttempt{
			DeliveryID: d.ID, Number: d.Attempts, StartedAt: d.UpdatedAt, Cause: d.Cause, Error: AttemptInterrupted,
		}
		status, at := DeliveryExhausted, (*time.Time)(nil)
		if wait, more := next(d.Attempts - d.RoundStart); more {
			due := tx.now.Add(wait)
			status, at = DeliveryRetrying, &due
		}
		if err := tx.releaseDelivery(d, status, at); err != nil {
			return 0, err
		}
	}
	return len(lost), insertMany(tx, attempts, clause.OnConflict{DoNothing: true})
}

func (tx *Tx) releaseDelivery(d *Delivery, status string, next *time.Time) error {
	ok, err := tx.update("deliveries", map[string]any{
		"status": status, "cause": SentBySchedule, "next_attempt_at": next, "lease_until": nil,
		"last_status": 0, "last_error": AttemptInterrupted, "updated_at": tx.now,
	}, "id = ? AND status = ? AND attempts = ?", d.ID, DeliveryDelivering, d.Attempts)
	if err != nil {
		return fmt.Errorf("release delivery %s: %w", d.ID, err)
	}
	if ok {
		hint := Hint{Topic: TopicDelivery, ID: d.ID, MerchantID: d.MerchantID}
		if next != nil {
			hint.Endpoint = d.EndpointID
		}
		tx.Announce(hint)
	}
	return nil
}
