package models_test

import (
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A new order is shown from what was written: it says the same as what is read
// afterwards, merchants are told the same, and nothing is read for it.
func TestNewOrderIsShownAsItIsStored(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		newEndpoint(t, db, s.ID)
		zone := time.FixedZone("+08", 8*3600)
		promised := time.Date(2026, 3, 5, 0, 0, 0, 123456789, zone)
		order := models.Order{
			MerchantID: s.ID, Number: "1001", Currency: "EUR", Amount: 1250, CustomerName: "Ada", PromisedAt: &promised,
			PlacedAt: time.Date(2026, 3, 1, 12, 0, 0, 987654321, zone), Metadata: map[string]string{"b": "2", "a": "1"},
			ShippingAddress: models.Address{City: "Johor"},
		}
		items := []models.OrderItem{{SKU: "PEN", Name: "Pen", Quantity: 2, Amount: 1000}, {Name: "Box", Quantity: 1, Amount: 250}}
		var (
			n     atomic.Int64
			shown models.OrderJSON
		)
		err := db.Write(models.CountQueries(t.Context(), &n), func(tx *models.Tx) error {
			o, err := tx.CreateOrder(order, items)
			if err == nil {
				shown = o.NewObject(items)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Load(); got > 9 {
			t.Errorf("%d statements", got)
		}
		stored, err := db.OrderObject(t.Context(), s.scope, shown.ID)
		if err != nil {
			t.Fatal(err)
		}
		events, err := db.OrderEvents(t.Context(), s.scope, shown.ID, 10)
		if err != nil || len(events) != 1 || events[0].Sequence != 1 {
			t.Fatalf("%+v, %v", events, err)
		}
		told, err := events[0].Object()
		if err != nil {
			t.Fatal(err)
		}
		text := func(object any) string {
			out, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			return string(out)
		}
		if text(shown) != text(stored) || string(told.Data) != text(stored) {
			t.Errorf("shown\n%s\ntold\n%s\nstored\n%s", text(shown), told.Data, text(stored))
		}
		if o := load[models.Order](t, db, shown.ID); o.ToldState != "open unpaid unshipped" || o.Sequence != 1 {
			t.Errorf("told %q, sequence %d", o.ToldState, o.Sequence)
		}
	})
}
