package carriers_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// promise adds a parcel that is promised in the given time; carrier "ups" is one
// that the shop has no account for.
func (d *depot) promise(t *testing.T, carrier, number string, in time.Duration) string {
	t.Helper()
	var id string
	modelstest.Write(t, d.db, func(tx *models.Tx) error {
		at := tx.Now().Add(in)
		s, err := d.Add(tx, d.shop.ID, carriers.New{
			OrderID: d.order.ID, Carrier: carrier, TrackingNumber: number, PromisedAt: &at,
		})
		if err == nil {
			id = s.ID
		}
		return err
	})
	return id
}

// told is how many events of a type a parcel has.
func (d *depot) told(t *testing.T, id, eventType string) int {
	t.Helper()
	events, _, err := d.db.Events(t.Context(), models.MerchantScope(d.shop.ID), eventType, models.Span{}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range events {
		if events[i].ObjectID == id {
			n++
		}
	}
	return n
}

// refuse makes the carrier fail so.
func (d *depot) refuse(kind carriers.ErrorKind) {
	d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: kind, Message: "no"}})
}

const day = 24 * time.Hour

// A number that its carrier never learns of is given up, late and told.
func TestNumberThatIsNeverFound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.promise(t, "sandbox", "SBX1", 3*day)
		d.refuse(carriers.ErrNotFound)
		for _, step := range []struct {
			after  time.Duration
			status string
			late   bool
			asked  bool
		}{
			{0, models.ShipmentUnknown, false, true},
			{2 * day, models.ShipmentUnknown, false, true},
			{4 * day, models.ShipmentUnknown, true, true},
			{14*day - time.Hour, models.ShipmentUnknown, true, true},
			{14*day + time.Hour, models.ShipmentExpired, true, false},
		} {
			d.offset = step.after
			d.poll(t, id)
			got := d.shipment(t, id)
			if got.Status != step.status || got.Late != step.late || (got.NextPollAt != nil) != step.asked {
				t.Errorf("after %s: %s, late %v, next poll %v", step.after, got.Status, got.Late, got.NextPollAt)
			}
		}
		if n := d.told(t, id, models.EventShipmentLate); n != 1 {
			t.Errorf("told %d times that it is late", n)
		}
		d.offset = 20 * day
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now().Add(-time.Hour))))
		d.poll(t, id) // asked for again by hand
		if got := d.shipment(t, id); got.Status != models.ShipmentInTransit || got.NextPollAt == nil {
			t.Errorf("after news: %s, next poll %v", got.Status, got.NextPollAt)
		}
	})
}

// An outage breaks promises too; what the carrier would say is still asked for.
func TestOutageDoesNotStopTime(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.promise(t, "sandbox", "SBX1", day)
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now().Add(-time.Hour))))
		d.poll(t, id)
		d.refuse(carriers.ErrUnavailable)
		d.offset = 2 * day
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentInTransit || !got.Late {
			t.Errorf("after the promise: %s, late %v", got.Status, got.Late)
		}
		d.offset = 31 * day
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentExpired || got.NextPollAt == nil {
			t.Errorf("after a month: %s, next poll %v", got.Status, got.NextPollAt)
		}
	})
}

// Parcels that nobody asks for are found late by time alone, once.
func TestMarkOverdue(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		alone := d.promise(t, "ups", "1Z0001", day)
		ahead := d.promise(t, "ups", "1Z0002", 9*day)
		d.courier.say(tracking(scan(carriers.StatusDelivered, db.Now().Add(-time.Hour))))
		delivered := d.promise(t, "sandbox", "SBX1", day)
		d.poll(t, delivered)
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now().Add(-time.Hour))))
		stopped := d.promise(t, "sandbox", "SBX2", day)
		d.poll(t, stopped)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(d.account, "key refused")
			return err
		})
		d.offset = 2 * day
		soon := d.promise(t, "sandbox", "SBX3", -time.Minute) // its first poll is under way
		for range 2 {
			if err := d.MarkOverdue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string]struct {
			id   string
			late bool
		}{
			"without an account":    {alone, true},
			"of a stopped account":  {stopped, true},
			"promised for later":    {ahead, false},
			"delivered":             {delivered, false},
			"about to be asked for": {soon, false},
		} {
			got, times := d.shipment(t, want.id).Late, d.told(t, want.id, models.EventShipmentLate)
			if got != want.late || times != map[bool]int{true: 1}[want.late] {
				t.Errorf("%s: late %v, told %d times", name, got, times)
			}
		}
		d.offset = 3 * day // the poll that is due for long is of a stopped account
		if err := d.MarkOverdue(t.Context()); err != nil || !d.shipment(t, soon).Late {
			t.Errorf("never asked for: late %v, %v", d.shipment(t, soon).Late, err)
		}
	})
}
