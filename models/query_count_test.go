package models_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// The number of statements that a page takes does not grow with its rows.
func TestPagesTakeAConstantNumberOfQueries(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		account, endpoint := carrierAccount(t, db, s.ID), newEndpoint(t, db, s.ID)
		grow := func(from, to int) {
			for i := from; i < to; i++ {
				o := modelstest.Order(t, db, s.ID, 1000)
				modelstest.Payment(t, db, o, s.gateway)
				sh := parcel(t, db, o, account, fmt.Sprintf("N%d", i))
				modelstest.Write(t, db, func(tx *models.Tx) error {
					_, err := tx.AddTrackingEvents(sh, []models.TrackingEvent{{DedupeKey: "a", Status: models.ShipmentInTransit}}, false)
					return err
				})
				modelstest.ClaimDelivery(t, db, newDelivery(t, db, endpoint))
			}
		}
		pages := map[string]func(ctx context.Context) (int, error){
			"orders": func(ctx context.Context) (int, error) {
				rows, _, err := db.Orders(ctx, s.scope, models.OrderFilter{}, models.Page{Limit: 200})
				if err != nil {
					return 0, err
				}
				objects, err := db.OrderObjects(ctx, rows)
				for _, o := range objects {
					if len(o.Items) != 1 || len(o.Payments) != 1 || len(o.Payments[0].Attempts) != 1 ||
						len(o.Shipments) != 1 || len(o.Shipments[0].Events) != 1 || o.Payments[0].OrderID != o.ID {
						t.Errorf("order %s is rendered as %+v", o.ID, o)
					}
				}
				return len(objects), err
			},
			"payments": func(ctx context.Context) (int, error) {
				rows, _, err := db.Payments(ctx, s.scope, models.PaymentFilter{}, models.Page{Limit: 200})
				if err != nil {
					return 0, err
				}
				objects, err := db.PaymentObjects(ctx, rows)
				return len(objects), err
			},
			"shipments": func(ctx context.Context) (int, error) {
				rows, _, err := db.Shipments(ctx, s.scope, models.ShipmentFilter{}, models.Page{Limit: 200})
				if err != nil {
					return 0, err
				}
				objects, err := db.ShipmentObjects(ctx, rows)
				return len(objects), err
			},
			"deliveries": func(ctx context.Context) (int, error) {
				rows, _, err := db.Deliveries(ctx, s.scope, models.DeliveryFilter{EventType: models.EventPing}, models.Page{Limit: 200})
				if err != nil {
					return 0, err
				}
				objects, err := db.DeliveryObjects(ctx, rows)
				return len(objects), err
			},
		}
		queries := func(name string, rows int) int64 {
			var n atomic.Int64
			got, err := pages[name](models.CountQueries(t.Context(), &n))
			if err != nil || got != rows {
				t.Errorf("%s: %d rows of %d, %v", name, got, rows, err)
			}
			return n.Load()
		}
		grow(0, 1)
		before := map[string]int64{}
		for name := range pages {
			before[name] = queries(name, 1)
		}
		grow(1, 12)
		for name := range pages {
			if after := queries(name, 12); after != before[name] || after > 7 {
				t.Errorf("%s: %d queries for 12 rows, %d for one", name, after, before[name])
			}
		}
	})
}
