package models_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

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
		account := func() (id string) {
			db.Reads(t.Context()).Table("carrier_accounts").Select("id").Where("merchant_id = ?", s.ID).Scan(&id)
			return id
		}
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
		shipments("that come back", models.ShipmentFilter{Direction: models.DirectionReturn})
		shipments("of an account", models.ShipmentFilter{AccountID: models.NewID(models.PrefixCarrierAccount)})
		for _, trouble := range models.Troubles {
			queries["parcels in trouble: "+string(trouble)] = func(ctx context.Context, s models.Scope) error {
				_, next, err := db.TroubledShipments(ctx, s, trouble, models.Page{Limit: 2})
				if err == nil && next != "" {
					_, _, err = db.TroubledShipments(ctx, s, trouble, models.Page{Cursor: next})
				}
				return err
			}
		}
		deliveries := func(name string, f models.DeliveryFilter) {
			queries["deliveries "+name] = func(ctx context.Context, s models.Scope) error {
				_, _, err := db.Deliveries(ctx, s, f, models.Page{})
				return err
			}
		}
		deliveries("all", models.DeliveryFilter{})
		deliveries("by status", models.DeliveryFilter{Status: models.DeliveryExhausted})
		deliveries("by type", models.DeliveryFilter{EventType: models.EventDisputeOpened})
		deliveries("of an event", models.DeliveryFilter{EventID: "evt_" + order[4:]})
		deliveries("of an order", models.DeliveryFilter{Search: order})
		deliveries("of an order's number", models.DeliveryFilter{Search: "N77"})
		deliveries("of a payment", models.DeliveryFilter{Search: "pay_" + order[4:]})
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
			"parcels in trouble counted": func(ctx context.Context, s models.Scope) error {
				_, err := db.CountTroubles(ctx, s)
				return err
			},
			"orders by their numbers": func(ctx context.Context, s models.Scope) error {
				_, err := db.OrdersByNumber(ctx, s, []string{"N77", "N78"})
				return err
			},
			"parcels by their numbers": func(ctx context.Context, s models.Scope) error {
				_, err := db.ShipmentsByNumber(ctx, s, []string{"T77", "T78"})
				return err
			},
			"returns of a parcel": func(ctx context.Context, _ models.Scope) error {
				_, err := db.ReturnsOf(ctx, "shp_"+order[4:])
				return err
			},
			"arrivals of a parcel": func(ctx context.Context, _ models.Scope) error {
				_, err := db.ShipmentETAs(ctx, "shp_"+order[4:], 20)
				return err
			},
			"transit figures": func(ctx context.Context, s models.Scope) error {
				if _, err := db.TransitStats(ctx, s, "d77", "d78", models.TransitsByDay); err != nil {
					return err
				}
				_, err := db.TransitStats(ctx, s, "d77", "d78", models.TransitsByLane)
				return err
			},
			"figures": func(ctx context.Context, s models.Scope) error {
				_, err := db.DailyStats(ctx, s, "d77", "d78")
				return err
			},
			"habit all": func(ctx context.Context, _ models.Scope) error {
				_, err := db.CarrierHabit(ctx, s.scope)
				return err
			},
			"calls of an account": func(ctx context.Context, s models.Scope) error {
				_, _, err := db.CarrierCalls(ctx, s, models.CarrierCallFilter{AccountID: account()}, models.Page{})
				return err
			},
			"calls by outcome": func(ctx context.Context, s models.Scope) error {
				_, _, err := db.CarrierCalls(ctx, s, models.CarrierCallFilter{AccountID: account(), Outcome: models.CallAuth}, models.Page{})
				return err
			},
			"load of an account": func(ctx context.Context, _ models.Scope) error {
				_, err := db.CarrierLoads(ctx, account())
				return err
			},
			"waiting parcels": func(ctx context.Context, _ models.Scope) error {
				_, _, err := db.WaitingShipments(ctx, account())
				return err
			},
			"due parcels": func(ctx context.Context, _ models.Scope) error {
				_, err := db.DueShipments(ctx, models.Due{AccountID: account(), By: db.Now()}, 100)
				return err
			},
			"parcels nobody told of": func(ctx context.Context, _ models.Scope) error {
				_, err := db.DueShipments(ctx, models.Due{AccountID: account(), By: db.Now(), Of: models.DueFirst}, 100)
				return err
			},
			"overdue parcels": func(ctx context.Context, _ models.Scope) error {
				_, err := db.OverdueShipments(ctx, 100)
				return err
			},
			"stalled mails": func(ctx context.Context, _ models.Scope) error {
				_, err := db.StalledMails(ctx, 100)
				return err
			},
			"a public page": func(ctx context.Context, _ models.Scope) error {
				_, err := db.PublicParcel(ctx, strings.Repeat("0", 32))
				if errors.Is(err, models.ErrNotFound) {
					return nil
				}
				return err
			},
			"an endpoint's health": func(ctx context.Context, scope models.Scope) error {
				_, err := db.EndpointHealth(ctx, scope, "whe_1")
				return err
			},
			"what an endpoint missed": func(ctx context.Context, _ models.Scope) error {
				if _, err := db.MissedSince(ctx, &models.Endpoint{ID: "whe_1", DisabledAt: &now}); err != nil {
					return err
				}
				_, err := db.MissedSince(ctx, &models.Endpoint{ID: "whe_1"})
				return err
			},
			"an endpoint's last answers": func(ctx context.Context, scope models.Scope) error {
				_, err := db.LastAnswers(ctx, scope, "whe_1", 5)
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

// SQLite knows nothing of how many rows there are and likes an index that gives
// the order best, even when it must walk all parcels of a merchant or an account.
func TestLookupsWalkNothing(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	s := newShop(t, db)
	record(t, db)
	queries := map[string]func(ctx context.Context) error{
		"notice": func(ctx context.Context) error {
			return db.Write(ctx, func(tx *models.Tx) error {
				_, err := tx.ShipmentsOfAccount(s.ID, models.NewID(models.PrefixCarrierAccount), "trk_1", "SB1")
				return err
			})
		},
		"list": func(ctx context.Context) error {
			_, _, err := db.Shipments(ctx, s.scope, models.ShipmentFilter{TrackingNumber: "SB1"}, models.Page{})
			return err
		},
		"words": func(ctx context.Context) error {
			if _, _, err := db.Payments(ctx, s.scope, models.PaymentFilter{Search: "lovelace"}, models.Page{}); err != nil {
				return err
			}
			_, _, err := db.Shipments(ctx, s.scope, models.ShipmentFilter{Search: "lovelace"}, models.Page{})
			return err
		},
		"deliveries": func(ctx context.Context) error {
			_, _, err := db.Deliveries(ctx, s.scope, models.DeliveryFilter{Search: models.NewID(models.PrefixOrder)}, models.Page{})
			return err
		},
		"deliveries of a type": func(ctx context.Context) error {
			_, _, err := db.Deliveries(ctx, s.scope, models.DeliveryFilter{EventType: models.EventDisputeOpened}, models.Page{})
			return err
		},
		"deliveries of a type and a status": func(ctx context.Context) error {
			f := models.DeliveryFilter{EventType: models.EventOrderCreated, Status: models.DeliveryExhausted}
			if _, _, err := db.Deliveries(ctx, s.scope, f, models.Page{}); err != nil {
				return err
			}
			_, _, err := db.Deliveries(ctx, models.AllMerchants(), f, models.Page{})
			return err
		},
		"deliveries of a type to an endpoint": func(ctx context.Context) error {
			f := models.DeliveryFilter{EventType: models.EventOrderCreated, Endpoint: models.NewID(models.PrefixEndpoint)}
			_, _, err := db.Deliveries(ctx, s.scope, f, models.Page{})
			return err
		},
		"replay of failed ones of a type": func(ctx context.Context) error {
			e := &models.Endpoint{ID: models.NewID(models.PrefixEndpoint), MerchantID: s.ID}
			_, err := db.FindReplay(ctx, e, models.Replay{
				Kind: models.ReplayFailed, EventType: models.EventOrderCreated, Since: db.Now().Add(-time.Hour), Until: db.Now(),
			})
			return err
		},
		"first questions": func(ctx context.Context) error {
			_, err := db.DueShipments(ctx, models.Due{AccountID: models.NewID(models.PrefixCarrierAccount), By: db.Now(), Of: models.DueFirst}, 10)
			return err
		},
		"paste": func(ctx context.Context) error {
			_, err := db.ShipmentsByNumber(ctx, s.scope, []string{"SB1", "SB2"})
			return err
		},
	}
	needs := map[string]string{"first questions": "shipments_first"} // or it walks all that are due
	for name, query := range queries {
		found := queriesOf(t, query)
		if len(found) == 0 {
			t.Errorf("%s: no query was recorded", name)
		}
		for _, sql := range found {
			var plan []struct{ Detail string }
			if err := db.Reads(t.Context()).Raw("EXPLAIN QUERY PLAN " + sql).Scan(&plan).Error; err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(plan)
			byType := strings.Contains(text, "event_type=?") && name != "deliveries of a type" // when something else selects less
			if byType || strings.Contains(text, "(merchant_id=?)") || strings.Contains(text, "(carrier_account_id=?)") {
				t.Errorf("%s: %s goes by %s", name, sql, text)
			}
			if !strings.Contains(text, needs[name]) {
				t.Errorf("%s: %s goes not by %s but by %s", name, sql, needs[name], text)
			}
		}
	}
}
