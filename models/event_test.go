package models_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestEventsComeWithDeliveriesOrNotAtAll(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		all := newEndpoint(t, db, s.ID)
		paid := newEndpoint(t, db, s.ID, models.EventPaymentPaid)
		paused, deleted := newEndpoint(t, db, s.ID), newEndpoint(t, db, s.ID)
		newEndpoint(t, db, modelstest.Merchant(t, db).ID) // another merchant's
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return errors.Join(tx.DisableEndpoint(paused, models.EndpointByHand), tx.DeleteEndpoint(s.scope, deleted.ID))
		})
		p, _ := modelstest.Payment(t, db, modelstest.Order(t, db, s.ID, 1000), s.gateway)
		force(t, db, p, models.PaymentProcessing)
		rows := func() [3]int64 {
			return [3]int64{count(t, db, "events"), count(t, db, "deliveries"), count(t, db, "deliveries", "status = 'pending' AND next_attempt_at IS NOT NULL")}
		}
		before := rows()
		if want := [3]int64{1, 2, 1}; before != want { // order.created, missed by the paused one
			t.Errorf("an order made %v events, deliveries and waiting ones, want %v", before, want)
		}
		pay := func(fail error) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				if _, err := tx.MovePayment(p.ID, models.PaymentPaid, models.PaymentChange{Captured: 1000}); err != nil {
					return err
				}
				return fail
			})
		}
		if err := pay(errBoom); !errors.Is(err, errBoom) || rows() != before {
			t.Errorf("undone: %v, left %v after %v", err, rows(), before)
		}
		if err := pay(nil); err != nil {
			t.Fatal(err)
		}
		// payment.paid to two, order.updated to one, and both missed by the paused one
		if got, want := rows(), [3]int64{3, 7, 4}; got != want {
			t.Errorf("%v events, deliveries and waiting ones, want %v", got, want)
		}
		for endpoint, want := range map[string]int64{all.ID: 3, paid.ID: 1, paused.ID: 3, deleted.ID: 0} {
			if got := count(t, db, "deliveries", "endpoint_id = ?", endpoint); got != want {
				t.Errorf("%d deliveries to %s, want %d", got, endpoint, want)
			}
		}
	})
}

// What an endpoint missed while it was disabled waits in the list of deliveries
// until somebody sends it, but not for ever.
func TestDisabledEndpointMissesEvents(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		ep := newEndpoint(t, db, s.ID)
		modelstest.DisableEndpoint(t, db, ep.ID, "failing")
		modelstest.Order(t, db, s.ID, 100)
		rows, _, err := db.Deliveries(t.Context(), s.scope, models.DeliveryFilter{Endpoint: ep.ID}, models.Page{})
		if err != nil || len(rows) != 1 || rows[0].Status != models.DeliveryCanceled || rows[0].LastError != "endpoint_disabled" {
			t.Fatalf("deliveries %+v, %v", rows, err)
		}
		waiting := func() int64 { return count(t, db, "deliveries", "next_attempt_at IS NOT NULL") }
		if n := waiting(); n != 0 {
			t.Errorf("%d deliveries wait for a disabled endpoint", n)
		}
		replay := func(tx *models.Tx) error {
			_, err := tx.ReplayDelivery(s.scope, rows[0].ID)
			return err
		}
		if err := db.Write(t.Context(), replay); !errors.Is(err, models.Conflict("endpoint_disabled", "")) {
			t.Errorf("replay to a disabled endpoint: %v", err)
		}
		on := true
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.UpdateEndpoint(s.scope, ep.ID, models.EndpointChange{Enabled: &on})
			return err
		})
		modelstest.Write(t, db, replay)
		if n := waiting(); n != 1 {
			t.Errorf("%d deliveries wait after the replay", n)
		}

		modelstest.DisableEndpoint(t, db, ep.ID, "failing")
		clock := db.Now
		db.Now = func() time.Time { return clock().AddDate(0, 0, models.MissedDays+1) }
		modelstest.Order(t, db, s.ID, 100)
		if n := count(t, db, "deliveries", "endpoint_id = ?", ep.ID); n != 1 {
			t.Errorf("%d deliveries for an endpoint that has left, want the 1 of before", n)
		}
	})
}

// Merchants are told of an order once for each thing that they can see of it.
func TestOrderEvents(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		account := carrierAccount(t, db, s.ID)
		o := modelstest.Order(t, db, s.ID, 1000)
		p, _ := modelstest.Payment(t, db, o, s.gateway)
		move := func(to models.PaymentStatus) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.MovePayment(p.ID, to, models.PaymentChange{Captured: 1000})
				return err
			})
		}
		move(models.PaymentProcessing)
		move(models.PaymentUnknown)
		move(models.PaymentPaid)
		sh := parcel(t, db, o, account, "N1")
		for _, status := range []string{
			models.ShipmentInTransit, models.ShipmentInTransit, models.ShipmentException, models.ShipmentDelivered,
		} {
			modelstest.Write(t, db, func(tx *models.Tx) error { return moveParcel(tx, sh.ID, status) })
		}
		if got := load[models.Order](t, db, o.ID); got.Status != models.OrderCompleted {
			t.Errorf("a paid and delivered order is %s", got.Status)
		}
		// The carrier takes its scan back.
		modelstest.Write(t, db, func(tx *models.Tx) error { return moveParcel(tx, sh.ID, models.ShipmentInTransit) })
		if got := load[models.Order](t, db, o.ID); got.Status != models.OrderOpen {
			t.Errorf("an order that is not delivered after all is %s", got.Status)
		}
		events, err := db.OrderEvents(t.Context(), s.scope, o.ID, 100)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(events)
		var got []string
		for i, e := range events {
			text := e.Type
			var body struct {
				Sequence int64
				Data     struct {
					Status        string
					PaymentState  string `json:"payment_state"`
					ShippingState string `json:"shipping_state"`
				}
			}
			if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
				t.Fatal(err)
			}
			if e.Type == models.EventOrderUpdated {
				text += " " + body.Data.Status + " " + body.Data.PaymentState + " " + body.Data.ShippingState
			}
			if e.Sequence != int64(i+1) || body.Sequence != e.Sequence {
				t.Errorf("event %d has sequence %d and tells %d", i+1, e.Sequence, body.Sequence)
			}
			got = append(got, text)
		}
		want := []string{
			"order.created",
			"payment.paid", "order.updated open paid unshipped",
			"shipment.created",
			"shipment.updated", "order.updated open paid shipped",
			"shipment.updated", "shipment.exception", "order.updated open paid attention",
			"shipment.updated", "shipment.delivered", "order.updated completed paid delivered",
			"shipment.updated", "order.updated open paid shipped",
		}
		if !slices.Equal(got, want) {
			t.Errorf("events are\n%q, want\n%q", got, want)
		}
	})
}

func TestCancelOrder(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		cancel := func(id string) error {
			return db.Write(t.Context(), func(tx *models.Tx) error { return tx.CancelOrder(s.scope, id) })
		}
		free, held, shipped := modelstest.Order(t, db, s.ID, 100), modelstest.Order(t, db, s.ID, 100), modelstest.Order(t, db, s.ID, 100)
		modelstest.Payment(t, db, held, s.gateway)
		parcel(t, db, shipped, carrierAccount(t, db, s.ID), "N1")
		for _, tt := range []struct {
			name string
			id   string
			want string
		}{
			{"nothing happened", free.ID, ""},
			{"canceled before", free.ID, "order_not_open"},
			{"payment under way", held.ID, "order_paid"},
			{"parcel made", shipped.ID, "order_shipped"},
		} {
			err := cancel(tt.id)
			var refused *models.Error
			if (tt.want == "") != (err == nil) || err != nil && (!errors.As(err, &refused) || refused.Code != tt.want) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			}
		}
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			_, err := tx.CreateShipment(models.Shipment{
				MerchantID: s.ID, OrderID: free.ID, Carrier: "dhl", TrackingNumber: "N2", Direction: models.DirectionOutbound,
			})
			return err
		})
		if !errors.Is(err, models.Conflict("order_canceled", "")) {
			t.Errorf("a parcel of a canceled order: %v", err)
		}
	})
}
