package models

import (
	"fmt"
	"time"
)

// How long rows are kept.
const (
	keepIdempotencyKeys = 30 * 24 * time.Hour
	keepEvents          = 90 * 24 * time.Hour
	abandoned           = 14 * 24 * time.Hour // an unfinished delivery that nothing happened to: every schedule is over by then
)

// Prune deletes up to limit rows of each kind that is past its retention and
// returns how many it deleted. A delivery that is still under way, because
// somebody replayed it, stays and keeps its event.
func (tx *Tx) Prune(limit int) (int64, error) {
	limit = min(limit, maxFold)
	oldEvents := idBound(PrefixEvent, tx.now.Add(-keepEvents))
	deliveries, err := tx.ids("SELECT id FROM deliveries WHERE event_id < ? AND (status IN ? OR updated_at < ?) ORDER BY event_id, id LIMIT ?",
		oldEvents, []string{DeliveryDelivered, DeliveryExhausted, DeliveryCanceled}, tx.now.Add(-abandoned), limit)
	if err != nil {
		return 0, err
	}
	var deleted int64
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM sessions WHERE id_hash IN (SELECT id_hash FROM sessions WHERE expires_at < ? LIMIT ?)",
			[]any{tx.now, limit}},
		{"DELETE FROM idempotency_keys WHERE (merchant_id, key) IN (SELECT merchant_id, key FROM idempotency_keys WHERE created_at < ? LIMIT ?)",
			[]any{tx.now.Add(-keepIdempotencyKeys), limit}},
		{"DELETE FROM delivery_attempts WHERE delivery_id IN ?", []any{deliveries}},
		{"DELETE FROM deliveries WHERE id IN ?", []any{deliveries}},
		{"DELETE FROM events WHERE id IN (SELECT e.id FROM events e WHERE e.id < ? AND NOT EXISTS " +
			"(SELECT 1 FROM deliveries d WHERE d.event_id = e.id) ORDER BY e.id LIMIT ?)",
			[]any{oldEvents, limit}},
	} {
		res := tx.q().Exec(s.sql, s.args...)
		if res.Error != nil {
			return deleted, fmt.Errorf("prune: %w", res.Error)
		}
		deleted += res.RowsAffected
	}
	return deleted, nil
}

// ids runs a query for ids and, where the database can, locks their rows.
func (tx *Tx) ids(query string, args ...any) ([]string, error) {
	if tx.db.Dialect == Postgres {
		query += " FOR UPDATE SKIP LOCKED"
	}
	var ids []string
	if err := tx.q().Raw(query, args...).Scan(&ids).Error; err != nil {
		return nil, fmt.Errorf("prune: %w", err)
	}
	return ids, nil
}
