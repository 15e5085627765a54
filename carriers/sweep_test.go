package carriers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// addMany gives an account parcels that have been due for an hour.
func (d *depot) addMany(t *testing.T, account string, n int) []string {
	t.Helper()
	ids := make([]string, n)
	modelstest.Write(t, d.db, func(tx *models.Tx) error {
		due := tx.Now().Add(-time.Hour)
		for i := range n {
			s, err := tx.CreateShipment(models.Shipment{
				MerchantID: d.shop.ID, OrderID: d.order.ID, Carrier: "sandbox", CarrierAccountID: &account, NextPollAt: &due,
				TrackingNumber: fmt.Sprintf("%s%05d", account[len(account)-6:], i), Direction: models.DirectionOutbound,
			})
			if err != nil {
				return err
			}
			ids[i] = s.ID
		}
		return nil
	})
	return ids
}

func (d *depot) leased(t *testing.T, ids []string) int {
	t.Helper()
	n := 0
	for _, id := range ids {
		if until := d.shipment(t, id).LeaseUntil; until != nil && until.After(d.db.Now()) {
			n++
		}
	}
	return n
}

// A backlog of one account, and another that is stopped, must not keep the
// parcels of a third waiting.
func TestSweepIsFairToAccounts(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		d.courier.limits = carriers.Limits{Batch: 2, PerSecond: 1}
		account := func(name string) string {
			id := models.NewID(models.PrefixCarrierAccount)
			modelstest.Write(t, db, func(tx *models.Tx) error {
				return tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
					ID: id, MerchantID: d.shop.ID, Kind: "sandbox", Name: name, Enabled: true,
				}})
			})
			return id
		}
		stopped, other := account("stopped"), account("other")
		d.addMany(t, stopped, 30)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(stopped, "key refused")
			return err
		})
		busy, waiting := d.addMany(t, d.account, 30), d.addMany(t, other, 3)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.leased(t, waiting); got != 3 {
			t.Errorf("%d of 3 parcels of the other account are polled", got)
		}
		if got, can := d.leased(t, busy), int(carriers.SweepEvery.Seconds())*2; got != can {
			t.Errorf("%d parcels of the busy account are polled, want the %d that it can ask for", got, can)
		}
	})
}

// A job that runs twice spends one call.
func TestPollOnlyWhatIsDue(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now().Add(-time.Hour))))
		for range 2 {
			if _, err := d.Poll(t.Context(), models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}}); err != nil {
				t.Fatal(err)
			}
		}
		if d.courier.calls != 1 {
			t.Errorf("%d calls for a parcel that was due once", d.courier.calls)
		}
	})
}

// An answer without measure is cut instead of failing its whole batch.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		start := db.Now().Add(-48 * time.Hour).Truncate(time.Second)
		events := make([]carriers.Event, 5000)
		for i := range events {
			events[i] = scan(carriers.StatusInTransit, start.Add(time.Duration(i)*time.Second))
		}
		d.courier.say(tracking(events...))
		d.poll(t, id)
		if got := d.shipment(t, id).Status; got != models.ShipmentInTransit {
			t.Errorf("parcel is %s", got)
		}
	})
}
