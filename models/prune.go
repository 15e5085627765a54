package models

import (
	"fmt"
	"time"
)

// How long rows are kept.
const (
	keepIdempotencyKeys = 30 * 24 * time.Hour
	keepEvents          = KeepEventDays * 24 * time.Hour
	keepAttempts        = 30 * 24 * time.Hour // what they sent and were answered, unless DB.KeepAttempts says otherwise
	keepHealth          = 30 * 24 * time.Hour
	keepNews            = 30 * 24 * time.Hour  // what carriers told of parcels, with recipients' names in it
	keepAddresses       = 30 * 24 * time.Hour  // of customers who got a mail
	keepMails           = 365 * 24 * time.Hour // what keeps a status from being told twice
	keepAlerts          = 180 * 24 * time.Hour // messages about incidents
	keepIncidents       = 400 * 24 * time.Hour
	abandoned           = 14 * 24 * time.Hour // an unfinished delivery that nothing happened to: every schedule is over by then
)

// maxReplays bounds the replays that one step of pruning deletes, since each
// takes its items with it.
const maxReplays = 5

// KeepEventDays is how many days events are kept, with their deliveries.
const KeepEventDays = 90

// KeepCarrierCalls is how long calls to carriers are kept, and their figures.
const KeepCarrierCalls = 14 * 24 * time.Hour

// Prune deletes up to limit rows of each kind that is past its retention and
// returns how many it deleted. A delivery that is still under way, because
// somebody replayed it, stays and keeps its event.
func (tx *Tx) Prune(limit int) (int64, error) {
	limit = min(limit, maxFold)
	oldEvents := idBound(PrefixEvent, tx.now.Add(-keepEvents))
	deliveries, err := tx.freeIDs("SELECT id FROM deliveries WHERE event_id < ? AND (status IN ? OR updated_at < ?) ORDER BY event_id, id LIMIT ?",
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
		{"UPDATE customer_mails SET recipient = '' WHERE id IN (SELECT id FROM customer_mails WHERE recipient <> '' AND id < ? ORDER BY id LIMIT ?)",
			[]any{idBound(PrefixCustomerMail, tx.now.Add(-keepAddresses)), limit}},
		{"DELETE FROM customer_mails WHERE id IN (SELECT id FROM customer_mails WHERE id < ? ORDER BY id LIMIT ?)",
			[]any{idBound(PrefixCustomerMail, tx.now.Add(-keepMails)), limit}},
		{"DELETE FROM inbound_events WHERE id IN (SELECT id FROM inbound_events WHERE id < ? AND account_id >= ? AND account_id < ? " +
			"AND status <> ? ORDER BY id LIMIT ?)",
			[]any{idBound(PrefixInboundEvent, tx.now.Add(-keepNews)), PrefixCarrierAccount + "_", PrefixCarrierAccount + "`", InboundError, limit}},
		{"UPDATE delivery_attempts SET request_headers = '', answer = '' WHERE (delivery_id, number) IN " +
			"(SELECT delivery_id, number FROM delivery_attempts WHERE request_headers <> '' AND started_at < ? ORDER BY started_at LIMIT ?)",
			[]any{tx.now.Add(-tx.db.KeepAttempts), limit}},
		{"DELETE FROM endpoint_hours WHERE (endpoint_id, hour, bucket) IN " +
			"(SELECT endpoint_id, hour, bucket FROM endpoint_hours WHERE hour < ? LIMIT ?)",
			[]any{tx.now.Add(-keepHealth).UTC(), limit}},
		{"DELETE FROM delivery_attempts WHERE delivery_id IN ?", []any{deliveries}},
		{"DELETE FROM deliveries WHERE id IN ?", []any{deliveries}},
		{"DELETE FROM events WHERE id IN (SELECT e.id FROM events e WHERE e.id < ? AND NOT EXISTS " +
			"(SELECT 1 FROM deliveries d WHERE d.event_id = e.id) ORDER BY e.id LIMIT ?)",
			[]any{oldEvents, limit}},
		{"DELETE FROM replays WHERE id IN (SELECT id FROM replays WHERE id < ? AND status IN ('canceled', 'finished') ORDER BY id LIMIT ?)",
			[]any{idBound(PrefixReplay, tx.now.Add(-keepEvents)), min(limit, maxReplays)}},
		{"DELETE FROM carrier_calls WHERE id IN (SELECT id FROM carrier_calls WHERE id < ? ORDER BY id LIMIT ?)",
			[]any{idBound(PrefixCarrierCall, tx.now.Add(-KeepCarrierCalls)), limit}},
		{"DELETE FROM carrier_hours WHERE (carrier_account_id, hour, bucket) IN " +
			"(SELECT carrier_account_id, hour, bucket FROM carrier_hours WHERE hour < ? LIMIT ?)",
			[]any{tx.now.Add(-KeepCarrierCalls).UTC(), limit}},
		{"DELETE FROM gateway_hours WHERE (gateway_account_id, hour) IN (SELECT gateway_account_id, hour FROM gateway_hours WHERE hour < ? LIMIT ?)",
			[]any{tx.now.Add(-weekAndMore).UTC(), limit}},
		{"DELETE FROM alert_messages WHERE id IN (SELECT id FROM alert_messages WHERE id < ? ORDER BY id LIMIT ?)",
			[]any{idBound(PrefixAlertMessage, tx.now.Add(-keepAlerts)), limit}},
		{"DELETE FROM incidents WHERE id IN (SELECT i.id FROM incidents i WHERE i.id < ? AND i.resolved_at IS NOT NULL AND NOT EXISTS " +
			"(SELECT 1 FROM alert_messages m WHERE m.incident_id = i.id) ORDER BY i.id LIMIT ?)",
			[]any{idBound(PrefixIncident, tx.now.Add(-keepIncidents)), limit}},
	} {
		res := tx.q().Exec(s.sql, s.args...)
		if res.Error != nil {
			return deleted, fmt.Errorf("prune: %w", res.Error)
		}
		deleted += res.RowsAffected
	}
	return deleted, nil
}
