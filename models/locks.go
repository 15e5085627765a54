package models

import (
	"fmt"
	"slices"

	"gorm.io/gorm/clause"
)

// The order of locks. On PostgreSQL a transaction locks rows, by an update or by
// forUpdate, in the order
//
//	merchants → users → payments → attempts → shipments → orders → deliveries → customer_mails →
//	webhook_endpoints → gateway_accounts, carrier_accounts → carrier_hours → gateway_minutes
//
// and those of one table by ascending id, so that two that meet wait for each
// other in one direction. Rows that a transaction inserts itself stand outside,
// as nobody can wait for them. SQLite has one writer, who meets nobody.

// forUpdate locks the row on PostgreSQL and means nothing to SQLite, so that
// correctness rests on guarded updates. It does not hold up foreign keys.
var forUpdate = clause.Locking{Strength: "NO KEY UPDATE"}

// skipLocked is forUpdate of those rows that nobody else holds.
var skipLocked = clause.Locking{Strength: "NO KEY UPDATE", Options: "SKIP LOCKED"}

// roomFor refuses one more row than a merchant may have, with a code; where says
// which rows count. Others who add to them wait, so that none is counted twice.
func (tx *Tx) roomFor(row any, merchantID string, most int64, code string, where ...any) error {
	if _, err := first[Merchant](tx.q().Select("id").Clauses(forUpdate).Where("id = ?", merchantID)); err != nil {
		return err
	}
	q := tx.q().Model(row).Where("merchant_id = ?", merchantID)
	if len(where) > 0 {
		q = q.Where(where[0], where[1:]...)
	}
	var others int64
	if err := q.Count(&others).Error; err != nil {
		return fmt.Errorf("count %T: %w", row, err)
	}
	if others >= most {
		return Conflict(code, "")
	}
	return nil
}

// lockPaymentOf locks the payment of an attempt, which comes before the attempt.
func (tx *Tx) lockPaymentOf(attemptID string) error {
	if tx.db.Dialect != Postgres {
		return nil
	}
	var id string
	err := tx.q().Table("payments").Select("id").Clauses(forUpdate).
		Where("id = (?)", tx.q().Table("attempts").Select("payment_id").Where("id = ?", attemptID)).
		Scan(&id).Error
	if err != nil {
		return fmt.Errorf("lock payment of %s: %w", attemptID, err)
	}
	return nil
}

// lockOrder loads an order and locks its row.
func (tx *Tx) lockOrder(scope Scope, id string) (*Order, error) {
	return first[Order](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
}

// LockOrders loads orders and locks their rows; those that do not exist are not
// in it.
func (tx *Tx) LockOrders(scope Scope, ids []string) (map[string]*Order, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	orders := make(map[string]*Order, len(ids))
	for part := range slices.Chunk(ids, maxIDs) {
		rows, err := all[Order](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id IN ?", part).Order("id"))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			orders[rows[i].ID] = &rows[i]
		}
	}
	return orders, nil
}

// maxIDs is how many rows one statement names.
const maxIDs = 500

// lockIDs locks the rows of a condition in the order of their ids, for an update
// of many, and returns the ids.
func (tx *Tx) lockIDs(table string, lock clause.Locking, where string, args ...any) ([]string, error) {
	var ids []string
	err := tx.q().Table(table).Clauses(lock).Where(where, args...).Order("id").Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", table, err)
	}
	return ids, nil
}

// updateShipments updates parcels that the transaction has locked.
func (tx *Tx) updateShipments(ids []string, set map[string]any) error {
	for part := range slices.Chunk(ids, maxIDs) {
		if _, err := tx.update("shipments", set, "id IN ?", part); err != nil {
			return err
		}
	}
	return nil
}

// freeIDs runs a query for ids and locks their rows; on PostgreSQL it leaves out
// those that somebody else holds, which are for the next look.
func (tx *Tx) freeIDs(query string, args ...any) ([]string, error) {
	if tx.db.Dialect == Postgres {
		query += " FOR UPDATE SKIP LOCKED"
	}
	var ids []string
	if err := tx.q().Raw(query, args...).Scan(&ids).Error; err != nil {
		return nil, fmt.Errorf("lock rows that are free: %w", err)
	}
	return ids, nil
}
