package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
)

// many is how many orders, payments, parcels, events and deliveries there are;
// a tenth belongs to the merchant that asks. PostgreSQL weighs costs, which
// takes some rows to matter; SQLite goes by the shape of indexes.
var many = map[models.Dialect]int{models.Postgres: 12_000, models.SQLite: 800}

// fill writes many rows in few statements. Rare statuses are rare, and old.
func fill(t testing.TB, db *models.DB, many int) shop {
	t.Helper()
	s, other := newShop(t, db), newShop(t, db)
	account, theirs, endpoint := carrierAccount(t, db, s.ID), carrierAccount(t, db, other.ID), newEndpoint(t, db, s.ID)
	id := func(prefix string) string {
		if db.Dialect == models.Postgres {
			return "'" + prefix + "_' || lpad(i::text, 26, '0')"
		}
		return "'" + prefix + "_' || printf('%026d', i)"
	}
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", many)
	owner := fmt.Sprintf("CASE WHEN i %% 10 = 0 THEN '%s' ELSE '%s' END", s.ID, other.ID)
	now := db.Now()
	for _, insert := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO orders (id, merchant_id, number, status, currency, amount, shipping_address, metadata, placed_at,
			amount_paid, parcels_attention, created_at, updated_at)
			` + numbers + ` SELECT ` + id("ord") + `, ` + owner + `, 'N' || i, CASE WHEN i < 50 THEN 'canceled' ELSE 'open' END, 'EUR', 100,
			'{}', '{}', ?, CASE WHEN i < 60 THEN 50 ELSE 100 END, CASE WHEN i < 40 THEN 1 ELSE 0 END, ?, ? FROM n`, []any{now, now, now}},
		{`INSERT INTO order_items (order_id, position, name, quantity, amount) ` + numbers + ` SELECT ` + id("ord") + `, 0, 'Tea', 1, 100 FROM n`, nil},
		{`INSERT INTO search_terms ` + numbers + ` SELECT 'term' || i, ` + owner + `, ` + id("ord") + ` FROM n`, nil},
		{`INSERT INTO payments (id, merchant_id, order_id, gateway_account_id, status, amount, currency, capture, method_type, metadata,
			next_action, created_at, updated_at)
			` + numbers + ` SELECT ` + id("pay") + `, ` + owner + `, ` + id("ord") + `, ?, CASE WHEN i < 50 THEN 'unknown' ELSE 'paid' END, 100, 'EUR',
			'automatic', 'card', '{}', '{}', ?, ? FROM n`, []any{s.gateway, now, now}},
		{`INSERT INTO attempts (id, merchant_id, payment_id, gateway_account_id, number, kind, status, cause, idempotency_key, lease_until, created_at)
			` + numbers + ` SELECT ` + id("att") + `, ` + owner + `, ` + id("pay") + `, ?, 1, 'charge', CASE WHEN i < 30 THEN 'sending' ELSE 'succeeded' END,
			'api', 'k' || i, ?, ? FROM n`, []any{s.gateway, now, now}},
		{`UPDATE payments SET issue = 'charged_twice' WHERE id < 'pay_00000000000000000000000020'`, nil},
		{`INSERT INTO disputes (id, merchant_id, payment_id, order_id, gateway_account_id, provider_reference, status, amount, currency, reason,
			created_at, updated_at)
			` + numbers + ` SELECT ` + id("dsp") + `, ` + owner + `, ` + id("pay") + `, ` + id("ord") + `, ?, 'dp_' || i, CASE WHEN i < 40 THEN 'needs_response' ELSE 'won' END, 100, 'EUR', '',
			?, ? FROM n`, []any{s.gateway, now, now}},
		{`UPDATE disputes SET closed_at = created_at WHERE status = 'won'`, nil},
		{`INSERT INTO shipments (id, merchant_id, order_id, carrier, carrier_account_id, tracking_number, direction, items, status, late,
			next_poll_at, created_at, updated_at)
			` + numbers + ` SELECT ` + id("shp") + `, ` + owner + `, ` + id("ord") + `, CASE WHEN i < 50 THEN 'ups' ELSE 'dhl' END, ?, 'T' || i, 'outbound', '[]',
			CASE WHEN i < 50 THEN 'exception' ELSE 'delivered' END, i < 50, NULL, ?, ? FROM n`,
			[]any{account, now, now}},
		{`UPDATE shipments SET next_poll_at = ?, status_at = created_at, news_at = created_at WHERE late`, []any{now.Add(-time.Hour)}},
		{`UPDATE shipments SET status = 'in_transit', direction = 'return', promised_at = ?, news_at = ?, sync_failed_at = ?, sync_error_kind = 'auth'
			WHERE id < 'shp_00000000000000000000000020'`, []any{now, now.Add(-6 * 24 * time.Hour), now}},
		{`INSERT INTO shipment_etas (id, merchant_id, shipment_id, source, seen_at)
			` + numbers + ` SELECT ` + id("eta") + `, ` + owner + `, ` + id("shp") + `, 'poll', ? FROM n`, []any{now}},
		{`INSERT INTO tracking_events (id, merchant_id, shipment_id, dedupe_key, sort_at, status, received_at)
			` + numbers + ` SELECT ` + id("trk") + `, ` + owner + `, ` + id("shp") + `, 'k', ?, 'delivered', ? FROM n`, []any{now, now}},
		{`INSERT INTO carrier_calls (id, merchant_id, carrier_account_id, purpose, method, url, outcome, started_at)
			` + numbers + ` SELECT ` + id("ccl") + `, ` + owner + `, CASE WHEN i % 10 = 0 THEN ? ELSE ? END, 'poll', 'GET', '',
			CASE WHEN i < 50 THEN 'auth' ELSE 'ok' END, ? FROM n`, []any{account, theirs, now}},
		{`INSERT INTO carrier_hours (carrier_account_id, hour, bucket, calls, answered)
			` + numbers + ` SELECT ?, ?, i, 1, 1 FROM n`, []any{account, now.Add(-48 * time.Hour)}},
		{`INSERT INTO customer_mails (id, merchant_id, shipment_id, journey, status, recipient, state, next_at, created_at, updated_at)
			` + numbers + ` SELECT ` + id("cml") + `, ` + owner + `, ` + id("shp") + `, 1, 'shipped', '', CASE WHEN i < 50 THEN 'queued' ELSE 'sent' END, ?, ?, ? FROM n`,
			[]any{now, now, now}},
		{`INSERT INTO events (id, merchant_id, type, object_id, order_id, body, created_at)
			` + numbers + ` SELECT ` + id("evt") + `, ` + owner + `, CASE WHEN i < 50 THEN 'ping' ELSE 'order.created' END, ` + id("ord") + `, ` + id("ord") + `,
			'{}', ? FROM n`, []any{now}},
		{`INSERT INTO deliveries (id, merchant_id, endpoint_id, event_id, event_type, status, created_at, updated_at)
			` + numbers + ` SELECT ` + id("dlv") + `, ` + owner + `, ?, ` + id("evt") + `, CASE WHEN i < 50 THEN 'dispute.opened' ELSE 'order.created' END,
			CASE WHEN i < 50 THEN 'exhausted' ELSE 'delivered' END,
			?, ? FROM n`, []any{endpoint.ID, now, now}},
		{`INSERT INTO delivery_attempts (delivery_id, number, started_at, latency_ms, status)
			` + numbers + ` SELECT ` + id("dlv") + `, 1, ?, 5, 200 FROM n`, []any{now}},
		{`INSERT INTO endpoint_hours (endpoint_id, hour, bucket, attempts, delivered)
			` + numbers + ` SELECT ?, ?, i, 1, 1 FROM n`, []any{endpoint.ID, now.Add(-48 * time.Hour)}},
		{`INSERT INTO audit_entries (id, merchant_id, actor_kind, actor_id, action, object_id, order_id, detail, created_at)
			` + numbers + ` SELECT ` + id("aud") + `, ` + owner + `, 'user', 'usr_' || (i % 3000), 'act' || (i % 3000), ` + id("ord") + `, ` + id("ord") + `, '{}', ? FROM n`, []any{now}},
		{`INSERT INTO daily_stats ` + numbers + ` SELECT ` + owner + `, 'd' || i, 'orders', 'EUR', 1, 1 FROM n`, nil},
		{`INSERT INTO stat_deltas ` + numbers + ` SELECT 'sta' || i, ` + owner + `, 'd' || i, 'orders', 'EUR', 1, 1 FROM n`, nil},
		{`INSERT INTO transit_stats ` + numbers + ` SELECT ` + owner + `, 'd' || i, 'dhl', 'MY', 3, 'kept', 1 FROM n`, nil},
		{`INSERT INTO transit_deltas ` + numbers + ` SELECT 'tra' || i, ` + owner + `, 'd' || i, 'dhl', 'MY', 3, 'kept', 1 FROM n`, nil},
		{`INSERT INTO idempotency_keys ` + numbers + ` SELECT ` + owner + `, 'k' || i, 'f', 200, '', '', ? FROM n`, []any{now}},
	} {
		patiently(t, db, insert.sql, insert.args...)
	}
	patiently(t, db, "ANALYZE")
	return s
}
