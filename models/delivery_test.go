package models_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// claimDelivery takes the delivery, or says false.
func claimDelivery(t *testing.T, db *models.DB, id string) (ok bool) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		ok, err = tx.ClaimDelivery(id, time.Minute)
		return err
	})
	return ok
}

func finishDelivery(t *testing.T, db *models.DB, d models.Delivery, status string, next *time.Time) {
	t.Helper()
	modelstest.Write(t, db, func(tx *models.Tx) error {
		return tx.FinishDelivery(&d, models.DeliveryAttempt{StartedAt: tx.Now(), Status: 500, Error: "no"}, status, next)
	})
}

func TestClaimDeliveryByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		id := newDelivery(t, db, newEndpoint(t, db, s.ID))
		var got atomic.Int64
		together(t, 50, func(int) error {
			if claimDelivery(t, db, id) {
				got.Add(1)
			}
			return nil
		})
		if d := load[models.Delivery](t, db, id); got.Load() != 1 || d.Attempts != 1 || d.Status != models.DeliveryDelivering {
			t.Errorf("%d of 50 workers got it; it is %+v", got.Load(), d)
		}
	})
}

func TestDeliveryLease(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := db.Now()
		db.Now = func() time.Time { return clock }
		s := newShop(t, db)
		id := newDelivery(t, db, newEndpoint(t, db, s.ID))
		if !claimDelivery(t, db, id) {
			t.Fatal("a pending delivery is not to be had")
		}
		dead := load[models.Delivery](t, db, id)
		clock = clock.Add(59 * time.Second)
		if claimDelivery(t, db, id) {
			t.Error("a held delivery was taken")
		}
		clock = clock.Add(2 * time.Second)
		if !claimDelivery(t, db, id) {
			t.Error("the delivery of a dead worker is not to be had")
		}
		// The dead worker comes back: its attempt is noted, and decides nothing.
		finishDelivery(t, db, dead, models.DeliveryExhausted, nil)
		if d := load[models.Delivery](t, db, id); d.Status != models.DeliveryDelivering || d.Attempts != 2 {
			t.Errorf("the late worker left %s after %d attempts", d.Status, d.Attempts)
		}
		next := clock.Add(time.Minute)
		finishDelivery(t, db, load[models.Delivery](t, db, id), models.DeliveryRetrying, &next)
		if claimDelivery(t, db, id) {
			t.Error("a delivery was taken before its time")
		}
		clock = next
		if !claimDelivery(t, db, id) {
			t.Error("a delivery is not to be had when its time has come")
		}
		attempts, err := db.DeliveryAttempts(t.Context(), id)
		if err != nil || len(attempts) != 2 || attempts[0].Number != 1 || attempts[1].Number != 2 {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
		if n := count(t, db, "river_job", "kind = 'webhook.deliver'"); n != 2 {
			t.Errorf("%d jobs, want the first and that of the retry", n)
		}
	})
}

func TestReplayDelivery(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		e := newEndpoint(t, db, s.ID)
		id := newDelivery(t, db, e)
		replay := func(scope models.Scope) (d *models.Delivery, err error) {
			err = db.Write(t.Context(), func(tx *models.Tx) (err error) {
				d, err = tx.ReplayDelivery(scope, id)
				return err
			})
			return d, err
		}
		refusals := map[string]string{
			models.DeliveryPending: "delivery_running", models.DeliveryDelivering: "delivery_running",
			models.DeliveryDelivered: "", models.DeliveryRetrying: "", models.DeliveryExhausted: "", models.DeliveryCanceled: "",
		}
		if len(refusals) != len(models.DeliveryStatuses) {
			t.Errorf("a status is not tested: %v", models.DeliveryStatuses)
		}
		for status, want := range refusals {
			execute(t, db, "UPDATE deliveries SET status = ?, attempts = 7, round_start = 0 WHERE id = ?", status, id)
			jobs := count(t, db, "river_job")
			d, err := replay(s.scope)
			var refused *models.Error
			if want != "" {
				if !errors.As(err, &refused) || refused.Code != want || refused.Status != status {
					t.Errorf("%s: %v, want %s", status, err, want)
				}
				continue
			}
			if err != nil || d.Status != models.DeliveryPending || d.RoundStart != 7 || count(t, db, "river_job") != jobs+1 {
				t.Errorf("%s: %+v, %v", status, d, err)
			}
		}
		for _, tt := range []struct {
			change func(tx *models.Tx) error
			want   string
		}{
			{func(tx *models.Tx) error { return tx.DisableEndpoint(e.ID, "gone") }, "endpoint_disabled"},
			{func(tx *models.Tx) error { return tx.DeleteEndpoint(s.scope, e.ID) }, "endpoint_deleted"},
		} {
			modelstest.Write(t, db, tt.change)
			execute(t, db, "UPDATE deliveries SET status = 'exhausted' WHERE id = ?", id)
			if _, err := replay(s.scope); !errors.Is(err, models.Conflict(tt.want, "")) {
				t.Errorf("replay is %v, want %s", err, tt.want)
			}
		}
	})
}

func TestRedeliverEvent(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		modelstest.Order(t, db, s.ID, 100)
		events, _, err := db.Events(t.Context(), s.scope, "", models.Span{}, models.Page{})
		if err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		late, foreign := newEndpoint(t, db, s.ID, models.EventShipmentLate), newEndpoint(t, db, modelstest.Merchant(t, db).ID)
		redeliver := func(endpoint string) error {
			return db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := tx.RedeliverEvent(s.scope, events[0].ID, endpoint)
				return err
			})
		}
		if err := redeliver(late.ID); err != nil {
			t.Errorf("to an endpoint that never got it: %v", err)
		}
		if err := redeliver(late.ID); !errors.Is(err, models.Conflict("delivery_running", "")) {
			t.Errorf("again at once: %v", err)
		}
		if err := redeliver(foreign.ID); !errors.Is(err, models.Invalid("", "unknown_endpoint")) {
			t.Errorf("to another merchant's endpoint: %v", err)
		}
	})
}

func TestCancelDeliveryReturnsTheAttempt(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		id := newDelivery(t, db, newEndpoint(t, db, s.ID))
		claimDelivery(t, db, id)
		d := load[models.Delivery](t, db, id)
		for range 2 { // the second finds nothing to do
			modelstest.Write(t, db, func(tx *models.Tx) error { return tx.CancelDelivery(&d, "endpoint_disabled") })
		}
		if after := load[models.Delivery](t, db, id); after.Status != models.DeliveryCanceled || after.Attempts != 0 {
			t.Errorf("canceled: %s after %d attempts", after.Status, after.Attempts)
		}
	})
}
