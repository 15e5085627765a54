package carriers_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// A refusal of credentials that were replaced meanwhile does not stop the account.
func TestRefusalOfOldCredentials(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				a, err := tx.CarrierAccount(models.AllMerchants(), d.account)
				if err != nil {
					return err
				}
				a.BaseURL = "https://new.example"
				if err := tx.UpdateCarrierAccount(a); err != nil {
					return err
				}
				return tx.ResumeCarrierAccount(a.ID)
			})
			return failure(carriers.ErrAuth)
		}
		d.poll(t, id)
		d.state(t, models.CarrierWorks)
		if got := d.shipment(t, id); got.NextPollAt == nil || got.NextPollAt.After(db.Now()) || got.SyncError != "" {
			t.Errorf("the parcel is asked about next at %v, after %q", got.NextPollAt, got.SyncError)
		}
		d.courier.say(failure(carriers.ErrAuth))
		d.poll(t, id)
		d.state(t, models.CarrierStopped)
	})
}

// Calls that this side cuts off say nothing of the carrier, nor of the parcels.
func TestCanceledCallsCountForNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		for range 9 {
			d.courier.answer = func(carriers.Parcel) carriers.Answer { return failure(carriers.ErrNoTurn) }
			if !d.asked(t, id) {
				t.Fatal("the account does not call")
			}
		}
		d.state(t, models.CarrierWorks)
		if got := d.shipment(t, id); got.FailedPolls != 0 || got.SyncError != "" || got.NextPollAt.After(db.Now()) {
			t.Errorf("after %d failures (%s) it is due at %s", got.FailedPolls, got.SyncError, got.NextPollAt)
		}
	})
}

// A probe that is cut off leaves the breaker as it was, for the next to try.
func TestCanceledProbe(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.openBreaker(t, id)
		d.offset += time.Hour
		d.courier.say(failure(carriers.ErrNoTurn))
		d.asked(t, id)
		d.state(t, models.CarrierProbing)
		d.offset += time.Second
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now())))
		if !d.asked(t, id) {
			t.Error("nobody tries again")
		}
		d.state(t, models.CarrierWorks)
	})
}
