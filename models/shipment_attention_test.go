package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestTroubledShipments(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, other := newShop(t, db), newShop(t, db)
		clock := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		db.Now = func() time.Time { return clock }
		account := carrierAccount(t, db, s.ID)
		add := func(number string, change models.ShipmentChange) {
			t.Helper()
			promised, o := clock.Add(24*time.Hour), modelstest.Order(t, db, s.ID, 100)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				sh, err := tx.CreateShipment(models.Shipment{
					MerchantID: s.ID, OrderID: o.ID, Carrier: "dhl", CarrierAccountID: &account,
					TrackingNumber: number, Direction: models.DirectionOutbound, PromisedAt: &promised,
				})
				if err != nil {
					return err
				}
				return tx.MoveShipment(sh, change)
			})
			clock = clock.Add(time.Minute)
		}
		add("EXC-1", models.ShipmentChange{Status: models.ShipmentException})
		add("EXC-2", models.ShipmentChange{Status: models.ShipmentException})
		add("FAILED", models.ShipmentChange{Status: models.ShipmentDeliveryFailed})
		add("SHELF", models.ShipmentChange{Status: models.ShipmentAvailableForPickup})
		add("VAN", models.ShipmentChange{Status: models.ShipmentOutForDelivery})
		add("ROAD", models.ShipmentChange{Status: models.ShipmentInTransit, Late: true})
		add("REFUSED", models.ShipmentChange{Status: models.ShipmentInfoReceived, SyncKind: "auth"})
		add("DOWN", models.ShipmentChange{Status: models.ShipmentInfoReceived, SyncKind: "unavailable"})
		add("DONE", models.ShipmentChange{Status: models.ShipmentDelivered, SyncKind: "not_found"})

		check := func(after time.Duration, want map[models.Trouble][]string) {
			t.Helper()
			clock = time.Date(2026, 3, 1, 9, 10, 0, 0, time.UTC).Add(after)
			got := map[models.Trouble][]string{}
			counts, err := db.CountTroubles(t.Context(), s.scope)
			if err != nil {
				t.Fatal(err)
			}
			for _, trouble := range models.Troubles {
				for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
					rows, next, err := db.TroubledShipments(t.Context(), s.scope, trouble, models.Page{Limit: 1, Cursor: cursor})
					if err != nil {
						t.Fatal(err)
					}
					for i := range rows {
						got[trouble] = append(got[trouble], rows[i].TrackingNumber)
					}
					cursor = next
				}
				if counts[trouble] != len(got[trouble]) {
					t.Errorf("%s: %d are counted, %d listed", trouble, counts[trouble], len(got[trouble]))
				}
				if rows, _, err := db.TroubledShipments(t.Context(), other.scope, trouble, models.Page{}); err != nil || len(rows) > 0 {
					t.Errorf("%s: another merchant sees %d, %v", trouble, len(rows), err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %s (-want +got):\n%s", after, diff)
			}
		}
		const day = 24 * time.Hour
		check(0, map[models.Trouble][]string{
			models.TroubleException: {"EXC-1", "EXC-2"}, models.TroubleFailed: {"FAILED"}, models.TroubleLate: {"ROAD"},
			models.TroubleSync: {"REFUSED"},
		})
		check(4*day, map[models.Trouble][]string{
			models.TroubleException: {"EXC-1", "EXC-2"}, models.TroubleFailed: {"FAILED"}, models.TroubleLate: {"ROAD"},
			models.TroublePickup: {"SHELF"}, models.TroubleNoMovement: {"VAN"}, models.TroubleSync: {"REFUSED", "DOWN"},
		})
		check(6*day, map[models.Trouble][]string{
			models.TroubleException: {"EXC-1", "EXC-2"}, models.TroubleFailed: {"FAILED"}, models.TroubleLate: {"ROAD"},
			models.TroublePickup: {"SHELF"}, models.TroubleNoMovement: {"VAN", "ROAD", "REFUSED", "DOWN"},
			models.TroubleSync: {"REFUSED", "DOWN"},
		})
		if _, _, err := db.TroubledShipments(t.Context(), s.scope, models.TroubleLate, models.Page{Cursor: "yesterday"}); err == nil {
			t.Error("a cursor that no page gave is taken")
		}
	})
}

// News end a silence, and an answer ends a failure.
func TestTroubleEnds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		clock := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		db.Now = func() time.Time { return clock }
		sh := parcel(t, db, modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID), "N1")
		move := func(change models.ShipmentChange, scans ...models.TrackingEvent) *models.Shipment {
			t.Helper()
			var moved *models.Shipment
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				if moved, err = tx.Shipment(s.scope, sh.ID); err != nil {
					return err
				}
				if _, err = tx.AddTrackingEvents(moved, scans, false); err != nil {
					return err
				}
				return tx.MoveShipment(moved, change)
			})
			return moved
		}
		began := clock
		move(models.ShipmentChange{Status: models.ShipmentInTransit, SyncKind: "unavailable"})
		clock = clock.Add(time.Hour)
		got := move(models.ShipmentChange{Status: models.ShipmentInTransit, SyncKind: "unavailable"})
		if got.SyncFailedAt == nil || !got.SyncFailedAt.Equal(began) || !got.NewsAt.Equal(began) || !got.StatusAt.Equal(began) {
			t.Errorf("failing since %v, news at %v, status since %v, want %v", got.SyncFailedAt, got.NewsAt, got.StatusAt, began)
		}
		clock = clock.Add(time.Hour)
		got = move(models.ShipmentChange{Status: models.ShipmentInTransit}, models.TrackingEvent{DedupeKey: "a", Status: models.ShipmentInTransit})
		if got.SyncFailedAt != nil || !got.NewsAt.Equal(clock) || !got.StatusAt.Equal(began) {
			t.Errorf("after an answer failing since %v, news at %v, status since %v", got.SyncFailedAt, got.NewsAt, got.StatusAt)
		}
	})
}

func TestShipmentETAs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		sh := parcel(t, db, modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID), "N1")
		first, second := db.Now().Add(24*time.Hour), db.Now().Add(48*time.Hour)
		for _, change := range []models.ShipmentChange{
			{Cause: "poll", ETA: &first}, {Cause: "poll", ETA: &first}, {Cause: "webhook", ETA: &second}, {Cause: "poll"},
		} {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				moved, err := tx.Shipment(s.scope, sh.ID)
				if err != nil {
					return err
				}
				change.Status = models.ShipmentInTransit
				return tx.MoveShipment(moved, change)
			})
		}
		found, err := db.ShipmentETAs(t.Context(), sh.ID, 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range found {
			text := e.Source
			if e.ETA != nil {
				text += " " + e.ETA.Format(time.DateOnly)
			}
			got = append(got, text)
		}
		want := []string{"poll", "webhook " + second.Format(time.DateOnly), "poll " + first.Format(time.DateOnly)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestReturnsAreLinked(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		o, stranger := modelstest.Order(t, db, s.ID, 100), modelstest.Order(t, db, s.ID, 100)
		account := carrierAccount(t, db, s.ID)
		out, elsewhere := parcel(t, db, o, account, "N1"), parcel(t, db, stranger, account, "N2")
		create := func(number, direction, of string) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.CreateShipment(models.Shipment{
					MerchantID: s.ID, OrderID: o.ID, Carrier: "dhl", TrackingNumber: number, Direction: direction, ReturnOf: &of,
				})
				return err
			})
		}
		if err := create("R1", models.DirectionReturn, out.ID); err != nil {
			t.Error(err)
		}
		for name, err := range map[string]error{
			"of another order": create("R2", models.DirectionReturn, elsewhere.ID),
			"that is none":     create("R3", models.DirectionOutbound, out.ID),
			"of nothing":       create("R4", models.DirectionReturn, models.NewID(models.PrefixShipment)),
		} {
			if err == nil {
				t.Errorf("a return %s is taken", name)
			}
		}
		found, err := db.ReturnsOf(t.Context(), out.ID)
		if err != nil || len(found) != 1 || found[0].TrackingNumber != "R1" {
			t.Errorf("returns are %+v, %v", found, err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if only, err := tx.OnlyOutbound(o.ID); err != nil || only == nil || *only != out.ID {
				t.Errorf("the only outbound parcel is %v, %v", only, err)
			}
			return nil
		})
		parcel(t, db, o, account, "N3")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if only, err := tx.OnlyOutbound(o.ID); err != nil || only != nil {
				t.Errorf("one of two outbound parcels is the only: %v, %v", only, err)
			}
			return nil
		})
	})
}

// Parcels under way that no account asks about are on the board: there is none,
// or it is disabled or stopped. History that an import brought is not.
func TestTroubleUnfollowed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, other := newShop(t, db), newShop(t, db)
		add := func(number string, account *string, since time.Time, status string) {
			t.Helper()
			o := modelstest.Order(t, db, s.ID, 100)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				now := tx.Now()
				sh := models.Shipment{
					MerchantID: s.ID, OrderID: o.ID, Carrier: "dhl", CarrierAccountID: account, TrackingNumber: number,
					Direction: models.DirectionOutbound, CreatedAt: since, Status: status,
				}
				if account != nil {
					sh.NextPollAt = &now
				}
				_, err := tx.CreateShipment(sh)
				return err
			})
		}
		account := carrierAccount(t, db, s.ID)
		now := db.Now()
		add("NONE", nil, now.Add(-2*time.Hour), models.ShipmentUnknown)
		add("OLD", nil, now.AddDate(-7, 0, 0), models.ShipmentInTransit)
		add("DONE", nil, now.Add(-time.Hour), models.ShipmentDelivered)
		add("ASKED", &account, now.Add(-time.Hour), models.ShipmentUnknown)
		check := func(want ...string) {
			t.Helper()
			var got []string
			rows, _, err := db.TroubledShipments(t.Context(), s.scope, models.TroubleUnfollowed, models.Page{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				got = append(got, rows[i].TrackingNumber)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			counts, err := db.CountTroubles(t.Context(), other.scope)
			if err != nil || counts[models.TroubleUnfollowed] != 0 {
				t.Errorf("another merchant counts %v, %v", counts, err)
			}
		}
		check("NONE")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(account, "refused")
			return err
		})
		check("NONE", "ASKED")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if err := tx.ResumeCarrierAccount(account); err != nil {
				return err
			}
			a, err := tx.CarrierAccount(s.scope, account)
			if err != nil {
				return err
			}
			a.Enabled = false
			return tx.UpdateCarrierAccount(a)
		})
		check("NONE", "ASKED")
	})
}
