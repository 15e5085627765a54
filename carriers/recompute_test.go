package carriers_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestRecompute(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		start := db.Now().Add(-3 * time.Hour).Truncate(time.Second)
		d.courier.say(tracking(scan(carriers.StatusPickedUp, start), scan(carriers.StatusDelivered, start.Add(time.Hour))))
		d.poll(t, id)
		recompute := func(scope models.Scope, apply bool) (fields []string) {
			n, err := carriers.Recompute(t.Context(), db, scope, apply, func(found carriers.Difference) { fields = append(fields, found.Field) })
			if err != nil || n > 1 {
				t.Fatalf("%d parcels, %v", n, err)
			}
			return fields
		}
		if fields := recompute(models.AllMerchants(), false); len(fields) != 0 {
			t.Errorf("a fresh parcel differs in %v", fields)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			sh, err := tx.Shipment(models.AllMerchants(), id)
			if err != nil {
				return err
			}
			c := sh.Unchanged()
			c.Status, c.DeliveredAt = models.ShipmentInTransit, nil
			return tx.MoveShipment(sh, c)
		})
		if fields := recompute(models.MerchantScope(models.NewID(models.PrefixMerchant)), false); len(fields) != 0 {
			t.Errorf("another merchant's parcels differ in %v", fields)
		}
		for _, apply := range []bool{false, true} {
			if fields := recompute(models.AllMerchants(), apply); len(fields) != 2 {
				t.Errorf("apply %v: it differs in %v, want status and delivered_at", apply, fields)
			}
		}
		if fields := recompute(models.AllMerchants(), false); len(fields) != 0 {
			t.Errorf("a corrected parcel differs in %v", fields)
		}
		if got := d.shipment(t, id); got.Status != models.ShipmentDelivered || got.DeliveredAt == nil {
			t.Errorf("parcel is %s", got.Status)
		}
	})
}

// An account that is added late follows the parcels that came before it.
func TestFollow(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		create := func(s models.Shipment) string {
			var id string
			modelstest.Write(t, db, func(tx *models.Tx) error {
				s.MerchantID, s.OrderID, s.Direction = d.shop.ID, d.order.ID, models.DirectionOutbound
				sh, err := tx.CreateShipment(s)
				if err == nil {
					id = sh.ID
				}
				return err
			})
			return id
		}
		early := func(carrier, number, status string) string {
			return create(models.Shipment{Carrier: carrier, TrackingNumber: number, Status: status})
		}
		aggregator := models.NewID(models.PrefixCarrierAccount)
		modelstest.Write(t, db, func(tx *models.Tx) error { // disabled, which its parcels do not know yet
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: aggregator, MerchantID: d.shop.ID, Kind: "easypost", Name: "EasyPost",
			}})
		})
		told, longAgo := db.Now(), db.Now().AddDate(0, -4, 0)
		moved := create(models.Shipment{
			Carrier: "dhl", TrackingNumber: "A4", Status: models.ShipmentInTransit, CarrierAccountID: &aggregator, Service: "trk_1", PushedAt: &told,
		})
		history := create(models.Shipment{
			Carrier: "dhl", TrackingNumber: "A5", Status: models.ShipmentPickedUp, CreatedAt: longAgo, LastEventAt: &longAgo,
		})
		waiting, done := early("dhl", "A1", models.ShipmentUnknown), early("dhl", "A2", models.ShipmentDelivered)
		other := early("elsewhere", "A3", models.ShipmentUnknown)
		account := models.NewID(models.PrefixCarrierAccount)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: account, MerchantID: d.shop.ID, Kind: "dhl", Name: "DHL", Enabled: true,
			}})
		})
		for range 2 {
			if err := d.Follow(t.Context(), account); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.shipment(t, waiting); got.CarrierAccountID == nil || *got.CarrierAccountID != account || got.NextPollAt == nil {
			t.Errorf("the waiting parcel: account %v, due %v", got.CarrierAccountID, got.NextPollAt)
		}
		if got := d.shipment(t, moved); got.CarrierAccountID == nil || *got.CarrierAccountID != account || got.Service != "" || got.PushedAt != nil {
			t.Errorf("the disabled aggregator's parcel: account %v, known as %q, told of at %v", got.CarrierAccountID, got.Service, got.PushedAt)
		}
		for _, id := range []string{done, other, history} {
			if got := d.shipment(t, id); got.CarrierAccountID != nil || got.NextPollAt != nil {
				t.Errorf("parcel %s of %s: account %v", got.TrackingNumber, got.Carrier, got.CarrierAccountID)
			}
		}
	})
}

// Parcels of carriers without an account go to an aggregator's.
func TestAggregatorsTakeWhatIsLeft(t *testing.T) {
	t.Parallel()
	aggregators := credentials.Aggregators()
	if len(aggregators) == 0 {
		t.Fatal("there is no aggregator")
	}
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		account := models.NewID(models.PrefixCarrierAccount)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: account, MerchantID: d.shop.ID, Kind: aggregators[0], Name: "All", Enabled: true,
			}})
		})
		for carrier, want := range map[string]string{"sandbox": d.account, "ups": account} {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				sh, err := d.Add(tx, d.shop.ID, carriers.New{OrderID: d.order.ID, Carrier: carrier, TrackingNumber: "1Z999AA10123456784"})
				if err != nil {
					return err
				}
				if sh.Carrier != carrier || sh.CarrierAccountID == nil || *sh.CarrierAccountID != want {
					t.Errorf("%s went to %v, want %s", carrier, sh.CarrierAccountID, want)
				}
				return nil
			})
		}
	})
}
