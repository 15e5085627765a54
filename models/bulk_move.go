package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// bulkLease is how long a worker may be silent before another takes over.
const bulkLease = time.Minute

// ClaimBulkRetry makes the caller the one worker of a running bulk retry, until
// a minute after its last step. Nil when there is nothing to do for it.
func (tx *Tx) ClaimBulkRetry(id string) (*BulkRetry, error) {
	lease := tx.now.Add(bulkLease)
	ok, err := tx.update("bulk_retries", map[string]any{"lease_until": lease},
		"id = ? AND status = ? AND lease_until <= ?", id, BulkRunning, tx.now)
	if err != nil || !ok {
		return nil, err
	}
	return first[BulkRetry](tx.q().Where("id = ?", id))
}

// NextBulkRetryItem is the next payment of a bulk retry that its worker holds;
// nil when nothing is left, or when the bulk retry was paused, canceled or taken
// over. It renews the lease, also in b.
func (tx *Tx) NextBulkRetryItem(b *BulkRetry) (*BulkRetryItem, error) {
	held, err := tx.holdBulkRetry(b, map[string]any{})
	if err != nil || !held {
		return nil, err
	}
	items, err := all[BulkRetryItem](tx.q().Where("bulk_retry_id = ? AND verdict = ''", b.ID).Order("position").Limit(1))
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return &items[0], nil
}

// holdBulkRetry changes a bulk retry and renews its lease, unless the caller has
// lost it.
func (tx *Tx) holdBulkRetry(b *BulkRetry, set map[string]any) (bool, error) {
	lease := tx.now.Add(bulkLease)
	set["lease_until"], set["updated_at"] = lease, tx.now
	held, err := tx.update("bulk_retries", set, "id = ? AND status = ? AND lease_until = ?", b.ID, BulkRunning, b.LeaseUntil)
	if held {
		b.LeaseUntil = &lease
	}
	return held, err
}

// FinishBulkRetryItem stores the verdict about an item that NextBulkRetryItem
// gave in the same transaction or one before; false when the caller has lost the
// bulk retry meanwhile, and nothing may be kept. The last item finishes it.
func (tx *Tx) FinishBulkRetryItem(b *BulkRetry, item *BulkRetryItem, verdict, code string) (bool, error) {
	column := map[string]string{BulkItemRetried: "retried", BulkItemRefused: "refused"}[verdict]
	held, err := tx.holdBulkRetry(b, map[string]any{column: gorm.Expr(column + " + 1")})
	if err != nil || !held {
		return false, err
	}
	ok, err := tx.update("bulk_retry_items", map[string]any{"verdict": verdict, "code": code, "done_at": tx.now},
		"bulk_retry_id = ? AND position = ? AND verdict = ''", b.ID, item.Position)
	if err != nil || !ok {
		return false, err
	}
	if _, err := tx.update("bulk_retries", map[string]any{"status": BulkFinished, "lease_until": nil},
		"id = ? AND retried + refused = total", b.ID); err != nil {
		return false, err
	}
	tx.announceBulk(b.ID)
	return true, nil
}

// YieldBulkRetry gives a bulk retry that its worker holds to another job.
func (tx *Tx) YieldBulkRetry(b *BulkRetry) error {
	ok, err := tx.update("bulk_retries", map[string]any{"lease_until": tx.now},
		"id = ? AND status = ? AND lease_until = ?", b.ID, BulkRunning, b.LeaseUntil)
	if err == nil && ok {
		tx.Enqueue(BulkRetryArgs{BulkRetryID: b.ID})
	}
	return err
}

// PauseBulkRetry has a running bulk retry wait; what it has begun goes on.
func (tx *Tx) PauseBulkRetry(id string) error {
	return tx.turnBulkRetry(id, map[string]any{"status": BulkPaused, "lease_until": nil}, BulkRunning)
}

// ResumeBulkRetry has a paused bulk retry go on.
func (tx *Tx) ResumeBulkRetry(id string) error {
	err := tx.turnBulkRetry(id, map[string]any{"status": BulkRunning, "lease_until": tx.now}, BulkPaused)
	if err == nil {
		tx.Enqueue(BulkRetryArgs{BulkRetryID: id})
	}
	return err
}

// CancelBulkRetry ends a bulk retry: payments whose turn has not come stay as
// they are.
func (tx *Tx) CancelBulkRetry(id string) error {
	if err := tx.turnBulkRetry(id, map[string]any{"status": BulkCanceled, "lease_until": nil}, BulkRunning, BulkPaused); err != nil {
		return err
	}
	res := tx.q().Table("bulk_retry_items").Where("bulk_retry_id = ? AND verdict = ''", id).
		Updates(map[string]any{"verdict": BulkItemRefused, "code": CodeBulkCanceled, "done_at": tx.now})
	if res.Error != nil {
		return res.Error
	}
	_, err := tx.update("bulk_retries", map[string]any{"refused": gorm.Expr("refused + ?", res.RowsAffected)}, "id = ?", id)
	return err
}

func (tx *Tx) turnBulkRetry(id string, set map[string]any, from ...string) error {
	set["updated_at"] = tx.now
	ok, err := tx.update("bulk_retries", set, "id = ? AND status IN ?", id, from)
	if err != nil {
		return err
	}
	if !ok {
		b, err := first[BulkRetry](tx.q().Where("id = ?", id))
		if err != nil {
			return err
		}
		return Conflict("bulk_moved", b.Status)
	}
	tx.announceBulk(id)
	return nil
}

// StalledBulkRetries finds running bulk retries that no worker holds and whose
// job seems to be lost.
func (db *DB) StalledBulkRetries(ctx context.Context, limit int) ([]BulkRetry, error) {
	return all[BulkRetry](db.q(ctx).
		// The literal lets SQLite see that the partial index serves.
		Where("status = 'running' AND lease_until < ?", db.Now().Add(-bulkLease)).Order("lease_until").Limit(limit))
}

// RequeueBulkRetry gives a bulk retry that was left a new job. Should the old
// one turn up as well, one of them finds nothing to do.
func (tx *Tx) RequeueBulkRetry(b *BulkRetry) error {
	ok, err := tx.update("bulk_retries", map[string]any{"lease_until": tx.now}, "id = ? AND status = ? AND lease_until = ?",
		b.ID, BulkRunning, b.LeaseUntil)
	if err == nil && ok {
		tx.Enqueue(BulkRetryArgs{BulkRetryID: b.ID})
	}
	return err
}
