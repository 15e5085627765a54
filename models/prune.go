package models

import (
	"fmt"
	"time"
)

// How long rows are kept.
const (
	keepIdempotencyKeys = 30 * 24 * time.Hour
	keepEvents          = 90 * 24 * time.Hour
)

// Prune deletes up to limit rows of each kind that is past its retention and
// returns how many it deleted.
func (tx *Tx) Prune(limit int) (int64, error) {
	oldEvents := idBound(PrefixEvent, tx.now.Add(-keepEvents))
	oldDeliveries := "SELECT id FROM deliveries WHERE event_id < ? ORDER BY event_id, id LIMIT ?" // by its index, not all through the table
	statements := []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM sessions WHERE id_hash IN (SELECT id_hash FROM sessions WHERE expires_at < ? LIMIT ?)",
			[]any{tx.now, limit}},
		{"DELETE FROM idempotency_keys WHERE (merchant_id, key) IN (SELECT merchant_id, key FROM idempotency_keys WHERE created_at < ? LIMIT ?)",
			[]any{tx.now.Add(-keepIdempotencyKeys), limit}},
		{"DELETE FROM delivery_attempts WHERE delivery_id IN (" + oldDeliveries + ")", []any{oldEvents, limit}},
		{"DELETE FROM deliveries WHERE id IN (" + oldDeliveries + ")", []any{oldEvents, limit}},
		{"DELETE FROM events WHERE id IN (SELECT e.id FROM events e WHERE e.id < ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id) LIMIT ?)",
			[]any{oldEvents, limit}},
	}
	var deleted int64
	for _, s := range statements {
		res := tx.q().Exec(s.sql, s.args...)
		if res.Error != nil {
			return deleted, fmt.Errorf("prune: %w", res.Error)
		}
		deleted += res.RowsAffected
	}
	return deleted, nil
}
