package models_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// BenchmarkListsAtSize lists pages of large tables, of one merchant and of all,
// from their newest row and from their middle on. TILLPOST_BENCH_ROWS is how
// many orders, payments, parcels, events and deliveries there are.
func BenchmarkListsAtSize(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("TILLPOST_BENCH_ROWS"))
	if err != nil {
		rows = 10_000
	}
	for name, db := range map[string]*models.DB{"sqlite": modelstest.SQLite(b), "postgres": modelstest.Postgres(b)} {
		s := fill(b, db, rows)
		middle := fmt.Sprintf("%026d", rows/2)
		for who, scope := range map[string]models.Scope{"merchant": s.scope, "support": models.AllMerchants()} {
			for what, list := range map[string]func(p models.Page) error{
				"orders": func(p models.Page) error {
					_, _, err := db.Orders(b.Context(), scope, models.OrderFilter{}, p)
					return err
				},
				"payments": func(p models.Page) error {
					_, _, err := db.Payments(b.Context(), scope, models.PaymentFilter{}, p)
					return err
				},
				"desk": func(p models.Page) error {
					_, _, err := db.DeskPayments(b.Context(), scope, models.DeskFilter{}, p)
					return err
				},
				"shipments": func(p models.Page) error {
					_, _, err := db.Shipments(b.Context(), scope, models.ShipmentFilter{}, p)
					return err
				},
				"deliveries": func(p models.Page) error {
					_, _, err := db.Deliveries(b.Context(), scope, models.DeliveryFilter{}, p)
					return err
				},
			} {
				prefix := map[string]string{"orders": "ord_", "payments": "pay_", "desk": "pay_", "shipments": "shp_", "deliveries": "dlv_"}[what]
				for at, page := range map[string]models.Page{"newest": {}, "middle": {Cursor: prefix + middle}} {
					b.Run(name+"/"+who+"/"+what+"/"+at, func(b *testing.B) {
						for b.Loop() {
							if err := list(page); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
			}
		}
	}
}
