package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// transitColumns are all.
var transitColumns = []string{"merchant_id", "day", "carrier", "country", "transit_days", "promise"}

// Delivered parcels count by carrier, country, days and promise, on the day of
// their delivery; a correction takes back what was counted.
func TestTransitStatsFollowTheParcels(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db) // in Berlin
		account := carrierAccount(t, db, s.ID)
		at := func(day, hour int) *time.Time {
			moment := time.Date(2026, 3, day, hour, 30, 0, 0, time.UTC)
			return &moment
		}
		var o *models.Order
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			o, err = tx.CreateOrder(models.Order{
				MerchantID: s.ID, Number: "A1", Currency: "EUR", Amount: 100, PlacedAt: tx.Now(),
				ShippingAddress: models.Address{Country: "my"}, PromisedAt: at(10, 12),
			}, nil)
			return err
		})
		add := func(number, direction string, promised *time.Time) *models.Shipment {
			var sh *models.Shipment
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				sh, err = tx.CreateShipment(models.Shipment{
					MerchantID: s.ID, OrderID: o.ID, Carrier: "dhl", CarrierAccountID: &account, TrackingNumber: number,
					Direction: direction, PromisedAt: promised,
				})
				return err
			})
			return sh
		}
		move := func(sh *models.Shipment, c models.ShipmentChange) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error {
				loaded, err := tx.Shipment(s.scope, sh.ID)
				if err != nil {
					return err
				}
				return tx.MoveShipment(loaded, c)
			})
			checkStats(t, db)
		}
		quick := add("N1", models.DirectionOutbound, at(10, 12))
		move(quick, models.ShipmentChange{Status: models.ShipmentDelivered, ShippedAt: at(3, 23), DeliveredAt: at(5, 1)}) // on the 4th and the 5th, in Berlin
		move(add("N2", models.DirectionOutbound, at(10, 12)), models.ShipmentChange{Status: models.ShipmentDelivered, ShippedAt: at(3, 8), DeliveredAt: at(11, 23), Late: true})
		move(add("N3", models.DirectionOutbound, nil), models.ShipmentChange{Status: models.ShipmentDelivered, DeliveredAt: at(5, 8)})
		move(add("N4", models.DirectionReturn, nil), models.ShipmentChange{Status: models.ShipmentDelivered, DeliveredAt: at(5, 8)})
		move(add("N5", models.DirectionOutbound, at(10, 12)), models.ShipmentChange{Status: models.ShipmentDelivered, LastEventAt: at(5, 8)}) // at an unknown time
		check := func(want []models.TransitStat) {
			t.Helper()
			for i := range want {
				want[i].MerchantID, want[i].Carrier, want[i].Country = s.ID, "dhl", "MY"
			}
			got, err := db.TransitStats(t.Context(), s.scope, "2026-03-01", "2026-03-31", transitColumns)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
		all := []models.TransitStat{
			{Day: "2026-03-05", TransitDays: models.TransitUnknown, Promise: models.PromiseNone, Count: 2},
			{Day: "2026-03-05", TransitDays: 1, Promise: models.PromiseKept, Count: 1},
			{Day: "2026-03-12", TransitDays: 9, Promise: models.PromiseBroken, Count: 1},
		}
		check(all)
		fold(t, db)
		check(all)
		move(quick, models.ShipmentChange{Status: models.ShipmentInTransit, ShippedAt: at(3, 23)})
		check([]models.TransitStat{all[0], all[2]})
		fold(t, db)
		check([]models.TransitStat{all[0], all[2]})
		if got, err := db.TransitStats(t.Context(), newShop(t, db).scope, "2026-03-01", "2026-03-31", models.TransitsByDay); err != nil || len(got) > 0 {
			t.Errorf("another merchant sees %v, %v", got, err)
		}

		execute(t, db, "UPDATE transit_stats SET count = count + 2 WHERE promise = 'broken'")
		execute(t, db, "DELETE FROM transit_stats WHERE promise = 'none'")
		diffs, err := db.CheckStats(t.Context(), "0000", "9999")
		if err != nil || len(diffs) != 2 || diffs[1].Count != 3 || diffs[1].WantCount != 1 {
			t.Errorf("the check finds %+v, %v", diffs, err)
		}
		if _, err := db.RebuildStats(t.Context(), "0000", "9999"); err != nil {
			t.Fatal(err)
		}
		checkStats(t, db)
		check([]models.TransitStat{all[0], all[2]})
	})
}
