package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAttention(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx := t.Context()
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		gateway := modelstest.Gateway(t, db, m.ID)
		failed, _ := modelstest.Payment(t, db, modelstest.Order(t, db, m.ID, 1000), gateway.ID)
		unknown, _ := modelstest.Payment(t, db, modelstest.Order(t, db, m.ID, 2000), gateway.ID)
		paid, _ := modelstest.Payment(t, db, modelstest.Order(t, db, m.ID, 3000), gateway.ID)
		move := func(id string, to models.PaymentStatus, change models.PaymentChange) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error {
				if _, err := tx.MovePayment(id, models.PaymentProcessing, models.PaymentChange{}); err != nil {
					return err
				}
				_, err := tx.MovePayment(id, to, change)
				return err
			})
		}
		move(failed.ID, models.PaymentFailed, models.PaymentChange{Failure: models.Failure{Code: "declined", Class: "generic"}})
		move(unknown.ID, models.PaymentUnknown, models.PaymentChange{})
		move(paid.ID, models.PaymentPaid, models.PaymentChange{Captured: 3000})
		parcel := func(order *models.Order, number, status string, late bool) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.CreateShipment(models.Shipment{
					MerchantID: m.ID, OrderID: order.ID, Carrier: "sandbox", TrackingNumber: number,
					Direction: models.DirectionOutbound, Status: status, Late: late,
				})
				return err
			})
		}
		o := modelstest.Order(t, db, m.ID, 500)
		parcel(o, "N-1", models.ShipmentException, false)
		parcel(o, "N-2", models.ShipmentInTransit, true)
		parcel(o, "N-3", models.ShipmentDelivered, true)
		parcel(o, "N-4", models.ShipmentInTransit, false)

		got, err := db.Attention(ctx, models.MerchantScope(m.ID))
		if err != nil {
			t.Fatal(err)
		}
		want := models.Attention{FailedPayments: 1, UnknownPayments: 1, Parcels: 2}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("attention (-want +got):\n%s", diff)
		}
		if got, err := db.Attention(ctx, models.MerchantScope(other.ID)); err != nil || got != (models.Attention{}) {
			t.Errorf("another merchant sees %+v, %v", got, err)
		}
		payments, err := db.AttentionPayments(ctx, models.AllMerchants(), 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(payments) != 2 || payments[0].ID != unknown.ID || payments[1].ID != failed.ID {
			t.Errorf("payments = %v, want the unknown one before the failed one", payments)
		}
		parcels, err := db.AttentionShipments(ctx, models.MerchantScope(m.ID), 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(parcels) != 2 || parcels[0].TrackingNumber != "N-2" || parcels[1].TrackingNumber != "N-1" {
			t.Errorf("parcels = %v, want N-2 and N-1", parcels)
		}
		firstDay, lastDay, err := db.StatDays(ctx, models.MerchantScope(m.ID))
		today := db.Now().In(m.Location()).Format(time.DateOnly)
		if err != nil || firstDay != today || lastDay != today {
			t.Errorf("days = %q to %q, %v, want %q", firstDay, lastDay, err, today)
		}
		if first, last, err := db.StatDays(ctx, models.MerchantScope(other.ID)); err != nil || first != "" || last != "" {
			t.Errorf("days without figures = %q to %q, %v", first, last, err)
		}
		orders, err := db.OrdersByID(ctx, models.MerchantScope(other.ID), []string{o.ID})
		if err != nil || len(orders) != 0 {
			t.Errorf("another merchant sees orders %v, %v", orders, err)
		}
	})
}

func TestClaimLogin(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := db.Now()
		db.Now = func() time.Time { return now }
		var u *models.User
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			u, err = tx.CreateUser(models.User{Email: "a@example.com", Role: models.RoleAdmin, PasswordHash: "x"})
			return err
		})
		claim := func() (ok bool) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				ok, err = tx.ClaimLogin(u.ID)
				return err
			})
			return ok
		}
		for try := range 5 {
			if !claim() {
				t.Fatalf("try %d was refused", try+1)
			}
		}
		if claim() {
			t.Error("the try after five failures did not have to wait")
		}
		now = now.Add(1100 * time.Millisecond)
		if !claim() {
			t.Error("the sixth failure did not wait one second only")
		}
		now = now.Add(1100 * time.Millisecond)
		if claim() {
			t.Error("the wait did not double")
		}
		now = now.Add(24 * time.Hour)
		for range 30 {
			claim()
			now = now.Add(15*time.Minute + time.Second)
		}
		if !claim() {
			t.Error("an account was locked for longer than 15 minutes")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.NoteLogin(u.ID) })
		if !claim() {
			t.Error("a login did not forget the failures")
		}
	})
}
