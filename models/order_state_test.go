package models_test

import (
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestPaymentState(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o := modelstest.Order(t, db, modelstest.Merchant(t, db).ID, 1000)
		for _, tt := range []struct {
			name                                              string
			amount, pending, authorized, paid, back, disputed int64
			want                                              string
		}{
			{"nothing", 1000, 0, 0, 0, 0, 0, "unpaid"},
			{"under way", 1000, 1000, 0, 0, 0, 0, "unpaid"},
			{"reserved", 1000, 0, 1, 0, 0, 0, "authorized"},
			{"a part, the rest reserved", 1000, 0, 999, 1, 0, 0, "partly_paid"},
			{"almost all", 1000, 0, 0, 999, 0, 0, "partly_paid"},
			{"all", 1000, 0, 0, 1000, 0, 0, "paid"},
			{"too much", 1000, 0, 0, 1001, 0, 0, "overpaid"},
			{"some back", 1000, 0, 0, 1000, 1, 0, "partly_refunded"},
			{"some of too much back", 1000, 0, 0, 1500, 500, 0, "partly_refunded"},
			{"all back", 1000, 0, 0, 1000, 1000, 0, "refunded"},
			{"all that was paid back", 1000, 0, 0, 400, 400, 0, "refunded"},
			{"disputed", 1000, 0, 0, 1000, 0, 1, "disputed"},
			{"disputed and refunded", 1000, 0, 0, 1000, 1000, 1, "disputed"},
			{"free of charge", 0, 0, 0, 0, 0, 0, "paid"},
		} {
			execute(t, db, `UPDATE orders SET amount = ?, amount_pending = ?, amount_authorized = ?, amount_paid = ?,
				amount_refunded = ?, amount_disputed = ? WHERE id = ?`,
				tt.amount, tt.pending, tt.authorized, tt.paid, tt.back, tt.disputed, o.ID)
			if got := load[models.Order](t, db, o.ID).PaymentState; got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
	})
}

func TestShippingState(t *testing.T) {
	t.Parallel()
	type box struct {
		status, direction string
		pieces            int64 // 0: the shop did not say
	}
	out := func(status string, pieces int64) box { return box{status, models.DirectionOutbound, pieces} }
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		for _, tt := range []struct {
			name  string
			boxes []box // of an order of three pieces
			want  string
		}{
			{"no parcel", nil, "unshipped"},
			{"announced", []box{out(models.ShipmentInfoReceived, 0)}, "unshipped"},
			{"under way", []box{out(models.ShipmentPickedUp, 0)}, "shipped"},
			{"two pieces under way", []box{out(models.ShipmentInTransit, 2)}, "partly_shipped"},
			{"two parcels make it whole", []box{out(models.ShipmentInTransit, 2), out(models.ShipmentPickedUp, 1)}, "shipped"},
			{"one piece delivered", []box{out(models.ShipmentDelivered, 1), out(models.ShipmentInTransit, 2)}, "partly_delivered"},
			{"all delivered", []box{out(models.ShipmentDelivered, 1), out(models.ShipmentDelivered, 2)}, "delivered"},
			{"more delivered than ordered", []box{out(models.ShipmentDelivered, 3), out(models.ShipmentDelivered, 2)}, "delivered"},
			{"one in trouble", []box{out(models.ShipmentDelivered, 2), out(models.ShipmentException, 1)}, "attention"},
			{"canceled parcels do not count", []box{out(models.ShipmentCanceled, 0)}, "unshipped"},
			{"expired", []box{out(models.ShipmentExpired, 0)}, "unshipped"},
			{"a return does not count", []box{{models.ShipmentDelivered, models.DirectionReturn, 0}}, "unshipped"},
			{"a return in trouble does", []box{{models.ShipmentException, models.DirectionReturn, 0}}, "attention"},
		} {
			var id string
			modelstest.Write(t, db, func(tx *models.Tx) error {
				o, err := tx.CreateOrder(models.Order{
					MerchantID: s.ID, Number: tt.name, Currency: "EUR", Amount: 100, PlacedAt: tx.Now(),
				}, []models.OrderItem{{Name: "Tea", Quantity: 2, Amount: 60}, {Name: "Cup", Quantity: 1, Amount: 40}})
				if err != nil {
					return err
				}
				id = o.ID
				for i, b := range tt.boxes {
					var items []models.ShipmentItem
					if b.pieces > 0 {
						items = []models.ShipmentItem{{SKU: "X", Quantity: b.pieces}}
					}
					_, err := tx.CreateShipment(models.Shipment{
						MerchantID: s.ID, OrderID: id, Carrier: "dhl", TrackingNumber: string(rune('A' + i)),
						Direction: b.direction, Status: b.status, Items: items,
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
			if got := load[models.Order](t, db, id).ShippingState; got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
	})
}
