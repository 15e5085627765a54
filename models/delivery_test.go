package models_test

import (
	"errors"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

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
			d, err := replay(s.scope)
			var refused *models.Error
			if want != "" {
				if !errors.As(err, &refused) || refused.Code != want || refused.Status != status {
					t.Errorf("%s: %v, want %s", status, err, want)
				}
				continue
			}
			if err != nil || d.Status != models.DeliveryPending || d.RoundStart != 7 || d.Cause != models.SentByReplay || d.NextAttemptAt == nil {
				t.Errorf("%s: %+v, %v", status, d, err)
			}
		}
		for _, tt := range []struct {
			change func(tx *models.Tx) error
			want   string
		}{
			{func(tx *models.Tx) error { return tx.DisableEndpoint(e, "gone") }, "endpoint_disabled"},
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
