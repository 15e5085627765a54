package models

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"
)

// bulkWork is the work on bulk retries.
var bulkWork = longWork{
	table: "bulk_retries", lease: time.Minute,
	job: func(id string) river.JobArgs { return BulkRetryArgs{BulkRetryID: id} },
}

// ClaimBulkRetry makes the caller the one worker of a running bulk retry, until
// a minute after its last step. Nil when there is nothing to do for it.
func (tx *Tx) ClaimBulkRetry(id string) (*BulkRetry, error) {
	ok, err := bulkWork.claim(tx, id, tx.now.Add(bulkWork.lease))
	if err != nil || !ok {
		return nil, err
	}
	return first[BulkRetry](tx.q().Where("id = ?", id))
}

// NextBulkRetryItem is the next payment of a bulk retry that its worker holds;
// nil when nothing is left, or when the bulk retry was paused, canceled or taken
// over. It renews the lease, also in b.
func (tx *Tx) NextBulkRetryItem(b *BulkRetry) (*BulkRetryItem, error) {
	held, err := bulkWork.hold(tx, b.ID, &b.LeaseUntil, map[string]any{})
	if err != nil || !held {
		return nil, err
	}
	items, err := all[BulkRetryItem](tx.q().Where("bulk_retry_id = ? AND verdict = ''", b.ID).Order("position").Limit(1))
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return &items[0], nil
}

// FinishBulkRetryItem stores the verdict about an item that NextBulkRetryItem
// gave in the same transaction or one before; false when the caller has lost the
// bulk retry meanwhile, and nothing may be kept. The last item finishes it.
func (tx *Tx) FinishBulkRetryItem(b *BulkRetry, item *BulkRetryItem, verdict, code string) (bool, error) {
	column := map[string]string{BulkItemRetried: "retried", BulkItemRefused: "refused"}[verdict]
	held, err := bulkWork.hold(tx, b.ID, &b.LeaseUntil, map[string]any{column: gorm.Expr(column + " + 1")})
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
func (tx *Tx) YieldBulkRetry(b *BulkRetry) error { return bulkWork.hand(tx, b.ID, b.LeaseUntil) }

// PauseBulkRetry has a running bulk retry wait; what it has begun goes on.
func (tx *Tx) PauseBulkRetry(id string) error {
	return tx.turnBulkRetry(id, BulkPaused, BulkRunning)
}

// ResumeBulkRetry has a paused bulk retry go on.
func (tx *Tx) ResumeBulkRetry(id string) error {
	return tx.turnBulkRetry(id, BulkRunning, BulkPaused)
}

// CancelBulkRetry ends a bulk retry: payments whose turn has not come stay as
// they are.
func (tx *Tx) CancelBulkRetry(id string) error {
	if err := tx.turnBulkRetry(id, BulkCanceled, BulkRunning, BulkPaused); err != nil {
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

func (tx *Tx) turnBulkRetry(id, to string, from ...string) error {
	ok, err := bulkWork.turn(tx, id, map[string]any{"status": to}, from...)
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
		Where("status = 'running' AND lease_until < ?", db.Now().Add(-bulkWork.lease)).Order("lease_until").Limit(limit))
}

// RequeueBulkRetry gives a bulk retry that was left a new job.
func (tx *Tx) RequeueBulkRetry(b *BulkRetry) error { return bulkWork.hand(tx, b.ID, b.LeaseUntil) }
