package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// The statuses of bulk retries and of replays.
const (
	BulkRunning  = "running"
	BulkPaused   = "paused"
	BulkCanceled = "canceled"
	BulkFinished = "finished"
)

// MaxBulk is how many payments a bulk retry may have.
const MaxBulk = 500

// BulkRetry tries many payments again, one after the other.
type BulkRetry struct {
	ID         string `gorm:"primaryKey"`
	ActorID    string
	ActorName  string
	Reason     string
	Status     string
	PerMinute  int64
	Total      int64
	Retried    int64 // got another attempt
	Refused    int64 // must not be tried now, or no more
	LeaseUntil *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// Left is how many payments have not had their turn.
func (b *BulkRetry) Left() int64 { return b.Total - b.Retried - b.Refused }

// Open says whether it goes on, now or when somebody resumes it.
func (b *BulkRetry) Open() bool { return b.Status == BulkRunning || b.Status == BulkPaused }

// Verdicts of a bulk retry's items.
const (
	BulkItemRetried = "retried"
	BulkItemRefused = "refused"
)

// BulkRetryItem is a payment of a bulk retry. While its verdict is empty no
// other bulk retry may have the payment.
type BulkRetryItem struct {
	BulkRetryID string `gorm:"primaryKey"`
	Position    int64  `gorm:"primaryKey;autoIncrement:false"`
	MerchantID  string
	PaymentID   string
	Verdict     string
	Code        string // why it was refused, as in API errors
	DoneAt      *time.Time
}

// CodeBulkCanceled is the code of items whose turn never came.
const CodeBulkCanceled = "bulk_canceled"

// CreateBulkRetry stores a bulk retry of payments, in their order, and starts
// it. That one of them waits in another one is a conflict, in_bulk_retry.
func (tx *Tx) CreateBulkRetry(b BulkRetry, payments []Payment) (*BulkRetry, error) {
	b.ID, b.Status, b.Total = NewID(PrefixBulkRetry), BulkRunning, int64(len(payments))
	b.CreatedAt, b.UpdatedAt, b.LeaseUntil = tx.now, tx.now, &tx.now
	if err := tx.create(&b); err != nil {
		return nil, err
	}
	items := make([]BulkRetryItem, len(payments))
	for i := range payments {
		items[i] = BulkRetryItem{
			BulkRetryID: b.ID, Position: int64(i), MerchantID: payments[i].MerchantID, PaymentID: payments[i].ID,
		}
	}
	if err := insertMany(tx, items, clause.OnConflict{DoNothing: true}); err != nil {
		return nil, err
	}
	stored, err := all[BulkRetryItem](tx.q().Select("position").Where("bulk_retry_id = ?", b.ID))
	if err != nil {
		return nil, err
	}
	if len(stored) < len(items) {
		return nil, Conflict("in_bulk_retry", "")
	}
	tx.Enqueue(BulkRetryArgs{BulkRetryID: b.ID})
	tx.announceBulk(b.ID)
	return &b, nil
}

// announceBulk tells the pages of support and admins; no merchant sees them.
func (tx *Tx) announceBulk(id string) { tx.Announce(Hint{Topic: "bulk", ID: id}) }

// BulkRetry loads one.
func (db *DB) BulkRetry(ctx context.Context, id string) (*BulkRetry, error) {
	return first[BulkRetry](db.q(ctx).Where("id = ?", id))
}

// BulkRetries lists them, newest first, with the next page's cursor.
func (db *DB) BulkRetries(ctx context.Context, p Page) ([]BulkRetry, string, error) {
	return page(db.q(ctx), p, PrefixBulkRetry, func(b BulkRetry) string { return b.ID })
}

// BulkRetryItems lists the items of a bulk retry from a position on, in their order.
func (db *DB) BulkRetryItems(ctx context.Context, id string, from int64, limit int) ([]BulkRetryItem, error) {
	return all[BulkRetryItem](db.q(ctx).Where("bulk_retry_id = ? AND position >= ?", id, from).Order("position").Limit(limit))
}

// BulkRetryEnds counts the payments that were tried again by what they are now.
func (db *DB) BulkRetryEnds(ctx context.Context, id string) (map[PaymentStatus]int64, error) {
	var rows []struct {
		Status PaymentStatus
		N      int64
	}
	err := db.q(ctx).Table("bulk_retry_items AS i").Joins("JOIN payments p ON p.id = i.payment_id").
		Select("p.status, COUNT(*) AS n").Where("i.bulk_retry_id = ? AND i.verdict = ?", id, BulkItemRetried).
		Group("p.status").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count ends of bulk retry %s: %w", id, err)
	}
	ends := make(map[PaymentStatus]int64, len(rows))
	for _, r := range rows {
		ends[r.Status] = r.N
	}
	return ends, nil
}

// PaymentsByID loads payments, in no order.
func (db *DB) PaymentsByID(ctx context.Context, scope Scope, ids []string) ([]Payment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return all[Payment](scope.in(db.q(ctx), "merchant_id").Where("id IN ?", ids))
}

// InBulkRetry tells which of the payments wait in a bulk retry.
func (db *DB) InBulkRetry(ctx context.Context, paymentIDs []string) (map[string]bool, error) {
	waiting := map[string]bool{}
	if len(paymentIDs) == 0 {
		return waiting, nil
	}
	items, err := all[BulkRetryItem](db.q(ctx).Select("payment_id").Where("verdict = '' AND payment_id IN ?", paymentIDs))
	for i := range items {
		waiting[items[i].PaymentID] = true
	}
	return waiting, err
}
