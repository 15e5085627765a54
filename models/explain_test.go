package models_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// many is how many orders, payments, parcels, events and deliveries there are;
// a tenth belongs to the merchant that asks. PostgreSQL weighs costs, which
// takes some rows to matter; SQLite goes by the shape of indexes.
var many = map[models.Dialect]int{models.Postgres: 12_000, models.SQLite: 800}

// fill writes many rows in few statements. Rare statuses are rare, and old.
func fill(t testing.TB, db *models.DB, many int) shop {
	t.Helper()
	s, other := newShop(t, db), newShop(t, db)
	account, endpoint := carrierAccount(t, db, s.ID), newEndpoint(t, db, s.ID)
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
		{`UPDATE shipments SET next_poll_at = ? WHERE late`, []any{now.Add(-time.Hour)}},
		{`INSERT INTO tracking_events (id, merchant_id, shipment_id, dedupe_key, sort_at, status, received_at)
			` + numbers + ` SELECT ` + id("trk") + `, ` + owner + `, ` + id("shp") + `, 'k', ?, 'delivered', ? FROM n`, []any{now, now}},
		{`INSERT INTO events (id, merchant_id, type, object_id, order_id, body, created_at)
			` + numbers + ` SELECT ` + id("evt") + `, ` + owner + `, CASE WHEN i < 50 THEN 'ping' ELSE 'order.created' END, ` + id("ord") + `, ` + id("ord") + `,
			'{}', ? FROM n`, []any{now}},
		{`INSERT INTO deliveries (id, merchant_id, endpoint_id, event_id, event_type, status, created_at, updated_at)
			` + numbers + ` SELECT ` + id("dlv") + `, ` + owner + `, ?, ` + id("evt") + `, 'order.created', CASE WHEN i < 50 THEN 'exhausted' ELSE 'delivered' END,
			?, ? FROM n`, []any{endpoint.ID, now, now}},
		{`INSERT INTO audit_entries (id, merchant_id, actor_kind, actor_id, action, object_id, order_id, detail, created_at)
			` + numbers + ` SELECT ` + id("aud") + `, ` + owner + `, 'user', 'usr_' || (i % 3000), 'act' || (i % 3000), ` + id("ord") + `, ` + id("ord") + `, '{}', ? FROM n`, []any{now}},
		{`INSERT INTO daily_stats ` + numbers + ` SELECT ` + owner + `, 'd' || i, 'orders', 'EUR', 1, 1 FROM n`, nil},
		{`INSERT INTO stat_deltas ` + numbers + ` SELECT 'sta' || i, ` + owner + `, 'd' || i, 'orders', 'EUR', 1, 1 FROM n`, nil},
		{`INSERT INTO idempotency_keys ` + numbers + ` SELECT ` + owner + `, 'k' || i, 'f', 200, '', '', ? FROM n`, []any{now}},
	} {
		execute(t, db, insert.sql, insert.args...)
	}
	execute(t, db, "ANALYZE")
	return s
}

// queriesOf runs fn and returns the SELECTs that it sends, ready to be explained.
func queriesOf(t *testing.T, fn func(ctx context.Context) error) []string {
	t.Helper()
	var (
		found []string
		ctx   = context.WithValue(t.Context(), recordKey{}, &found)
	)
	if err := fn(ctx); err != nil {
		t.Error(err)
	}
	return found
}

type recordKey struct{}

// record keeps the statements of contexts that queriesOf made.
func record(t *testing.T, db *models.DB) {
	t.Helper()
	err := db.Reads(t.Context()).Callback().Query().After("gorm:query").Register("test:record", func(g *gorm.DB) {
		if found, ok := g.Statement.Context.Value(recordKey{}).(*[]string); ok {
			*found = append(*found, g.Dialector.Explain(g.Statement.SQL.String(), g.Statement.Vars...))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// small tables may be read whole, and so may what a query has itself made.
var small = []string{
	"merchants", "users", "gateway_accounts", "carrier_accounts", "webhook_endpoints", "found", "s", "CONSTANT",
}

// explain returns the lines of the query's plan that read a table or an index
// from end to end. A list without a filter may go down an index, since it stops
// at its limit; one with a filter would not.
func explain(t *testing.T, db *models.DB, sql string, filtered bool) (whole []string) {
	t.Helper()
	prefix, column := "EXPLAIN ", "QUERY PLAN"
	if db.Dialect == models.SQLite {
		prefix, column = "EXPLAIN QUERY PLAN ", "detail"
	}
	var rows []map[string]any
	if err := db.Reads(t.Context()).Raw(prefix + strings.ReplaceAll(sql, "?", "??")).Scan(&rows).Error; err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.TrimSpace(fmt.Sprint(row[column]))
	}
	for i, line := range lines {
		table, ordered := scanned(line)
		below := strings.Join(lines[i+1:min(i+3, len(lines))], " ")
		walks := strings.Contains(line, "_pkey") && strings.HasPrefix(below, "Filter:")
		if table != "" && !slices.Contains(small, table) && (!ordered || filtered) || filtered && walks {
			whole = append(whole, line)
		}
	}
	return whole
}

var (
	seqScan    = regexp.MustCompile(`Seq Scan on (\w+)`)
	sqliteScan = regexp.MustCompile(`^SCAN (\w+)`)
	// fewRows are indexes that hold alone what waits for somebody.
	fewRows = regexp.MustCompile(`shipments_late|payments_issue|payments_desk|disputes_open`)
)

// scanned names the table that a line of a plan reads whole, in the order of an
// index or not.
func scanned(line string) (table string, ordered bool) {
	if m := seqScan.FindStringSubmatch(line); m != nil {
		return m[1], false
	}
	if m := sqliteScan.FindStringSubmatch(line); m != nil {
		if fewRows.MatchString(line) {
			return "", false
		}
		return m[1], strings.Contains(line, "USING")
	}
	return "", false
}

// No list, filter, search or sweep reads a table from end to end, and none counts
// a large one: what is counted is bounded by a limit.
func TestAcceptance13ListsAtSize(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := fill(t, db, many[db.Dialect])
		record(t, db)
		late, now := true, db.Now()
		order := "ord_" + fmt.Sprintf("%026d", many[db.Dialect]/2)
		span := models.Span{From: now.Add(-time.Hour), To: now}
		queries := map[string]func(ctx context.Context, s models.Scope) error{}
		orders := func(name string, f models.OrderFilter) {
			queries["orders "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Orders(ctx, s, f, models.Page{})
				return err
			}
		}
		orders("all", models.OrderFilter{})
		orders("by number", models.OrderFilter{Number: "N77"})
		orders("by status", models.OrderFilter{Status: models.OrderCanceled})
		orders("by payment state", models.OrderFilter{PaymentState: "partly_paid"})
		orders("by shipping state", models.OrderFilter{ShippingState: "attention"})
		orders("by search", models.OrderFilter{Search: "term777"})
		orders("by search for two", models.OrderFilter{Search: "term777 term778"})
		orders("by payment", models.OrderFilter{Search: "pay_" + order[4:]})
		orders("of a span", models.OrderFilter{Created: span})
		payments := func(name string, f models.PaymentFilter) {
			queries["payments "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Payments(ctx, s, f, models.Page{})
				return err
			}
		}
		payments("all", models.PaymentFilter{})
		payments("of an order", models.PaymentFilter{OrderID: order})
		payments("by status", models.PaymentFilter{Statuses: []models.PaymentStatus{models.PaymentUnknown}})
		payments("by statuses", models.PaymentFilter{Statuses: []models.PaymentStatus{models.PaymentUnknown, models.PaymentNeedsReview}})
		payments("by search", models.PaymentFilter{Search: "term777"})
		payments("by id", models.PaymentFilter{Search: "pay_" + order[4:]})
		desk := func(name string, f models.DeskFilter) {
			queries["desk "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.DeskPayments(ctx, s, f, models.Page{})
				return err
			}
		}
		desk("all", models.DeskFilter{})
		desk("of the unknown", models.DeskFilter{Kind: "unknown"})
		desk("of issues", models.DeskFilter{Kind: "issue"})
		desk("of the failed", models.DeskFilter{Kind: "failed"})
		desk("of a provider", models.DeskFilter{Provider: "sandbox"})
		desk("by amount", models.DeskFilter{Currency: "EUR", AmountMin: 50})
		desk("of a span", models.DeskFilter{Created: span})
		desk("by search", models.DeskFilter{Search: "term777"})
		shipments := func(name string, f models.ShipmentFilter) {
			queries["shipments "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Shipments(ctx, s, f, models.Page{})
				return err
			}
		}
		shipments("all", models.ShipmentFilter{})
		shipments("of an order", models.ShipmentFilter{OrderID: order})
		shipments("by carrier", models.ShipmentFilter{Carrier: "ups"})
		shipments("by status", models.ShipmentFilter{Statuses: []string{models.ShipmentException}})
		shipments("late", models.ShipmentFilter{Late: &late})
		shipments("by number", models.ShipmentFilter{TrackingNumber: "T77"})
		shipments("by search", models.ShipmentFilter{Search: "term777"})
		deliveries := func(name string, f models.DeliveryFilter) {
			queries["deliveries "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Deliveries(ctx, s, f, models.Page{})
				return err
			}
		}
		deliveries("all", models.DeliveryFilter{})
		deliveries("by status", models.DeliveryFilter{Status: models.DeliveryExhausted})
		deliveries("of an event", models.DeliveryFilter{EventID: "evt_" + order[4:]})
		audit := func(name string, f models.AuditFilter) {
			queries["audit "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.AuditEntries(ctx, s, f, models.Page{})
				return err
			}
		}
		audit("all", models.AuditFilter{})
		audit("by object", models.AuditFilter{ObjectID: order})
		audit("by order", models.AuditFilter{OrderID: order})
		audit("by actor", models.AuditFilter{ActorID: "usr_77"})
		audit("by action", models.AuditFilter{Action: "act77"})
		maps.Copy(queries, map[string]func(ctx context.Context, s models.Scope) error{
			"events all": func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Events(ctx, s, "", models.Span{}, models.Page{})
				return err
			},
			"events by type": func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Events(ctx, s, models.EventPing, models.Span{}, models.Page{})
				return err
			},
			"events of an order": func(ctx context.Context, s models.Scope) error {
				_, err := db.OrderEvents(ctx, s, order, 50)
				return err
			},
			"events of an object": func(ctx context.Context, s models.Scope) error {
				_, err := db.ObjectEvents(ctx, s, order, 50)
				return err
			},
			"order": func(ctx context.Context, _ models.Scope) error {
				_, err := db.OrderObject(ctx, models.AllMerchants(), order)
				return err
			},
			"attention": func(ctx context.Context, s models.Scope) error {
				if _, err := db.Attention(ctx, s); err != nil {
					return err
				}
				if _, err := db.OpenDisputes(ctx, s, 10); err != nil {
					return err
				}
				_, err := db.AttentionPayments(ctx, s, 10)
				return err
			},
			"figures": func(ctx context.Context, s models.Scope) error {
				_, err := db.DailyStats(ctx, s, "d77", "d78")
				return err
			},
			"due parcels": func(ctx context.Context, _ models.Scope) error {
				var account string
				db.Reads(t.Context()).Table("carrier_accounts").Select("id").Limit(1).Scan(&account)
				_, err := db.DueShipments(ctx, account, 100)
				return err
			},
			"overdue parcels": func(ctx context.Context, _ models.Scope) error {
				_, err := db.OverdueShipments(ctx, 100)
				return err
			},
			"stalled deliveries": func(ctx context.Context, _ models.Scope) error {
				_, err := db.StalledDeliveries(ctx, 100)
				return err
			},
			"stalled attempts": func(ctx context.Context, _ models.Scope) error {
				_, err := db.StalledAttempts(ctx, 100)
				return err
			},
		})
		for name, run := range queries {
			for who, scope := range map[string]models.Scope{"a merchant": s.scope, "support": models.AllMerchants()} {
				sent := queriesOf(t, func(ctx context.Context) error { return run(ctx, scope) })
				if len(sent) == 0 {
					t.Errorf("%s for %s: no query was recorded", name, who)
				}
				for _, sql := range sent {
					if strings.Contains(strings.ToUpper(sql), "COUNT(") && !strings.Contains(sql, "LIMIT") {
						t.Errorf("%s for %s counts without a limit:\n%s", name, who, sql)
					}
					if whole := explain(t, db, sql, !strings.HasSuffix(name, " all")); len(whole) > 0 {
						t.Errorf("%s for %s: %q in\n%s", name, who, whole, sql)
					}
				}
			}
		}
	})
}
