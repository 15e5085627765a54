package carriers_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestPoll(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		start := db.Now().Add(-time.Hour).Truncate(time.Second)
		picked, delivered := scan(carriers.StatusPickedUp, start), scan(carriers.StatusDelivered, start.Add(30*time.Minute))
		d.courier.say(tracking(picked))
		d.poll(t, id)
		d.courier.say(tracking(delivered, picked))
		d.poll(t, id)
		d.poll(t, id) // nothing new
		got := d.shipment(t, id)
		if got.Status != models.ShipmentDelivered || got.DeliveredAt == nil || got.TrackingNumber != "SBX1234" || got.LeaseUntil != nil {
			t.Errorf("shipment = %+v", got)
		}
		object, err := db.ShipmentObject(t.Context(), models.MerchantScope(d.shop.ID), id)
		if err != nil || len(object.Events) != 2 {
			t.Fatalf("events %v, %v", object, err)
		}
		o, err := db.Order(t.Context(), models.MerchantScope(d.shop.ID), d.order.ID)
		if err != nil || o.ShippingState != "delivered" {
			t.Errorf("order is %s, %v", o.ShippingState, err)
		}
		events, _, err := db.Events(t.Context(), models.MerchantScope(d.shop.ID), models.EventShipmentDelivered, models.Span{}, models.Page{})
		if err != nil || len(events) != 1 {
			t.Errorf("%d shipment.delivered events, %v", len(events), err)
		}
	})
}

func TestPollErrors(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrNotFound, Message: "not known"}})
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentUnknown || got.SyncErrorKind != "not_found" || got.NextPollAt == nil {
			t.Errorf("after not found: %+v", got)
		}
		d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrRateLimited, After: 10 * time.Minute}})
		d.poll(t, id)
		before := d.courier.calls
		d.poll(t, id)
		if d.courier.calls != before {
			t.Error("the carrier was called although it asked to wait")
		}
		d.offset = 11 * time.Minute
		d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrAuth, Message: "key refused"}})
		d.poll(t, id)
		account, err := db.CarrierAccount(t.Context(), models.MerchantScope(d.shop.ID), d.account)
		if err != nil || account.StoppedAt == nil || account.StopReason != "key refused" {
			t.Fatalf("account = %+v, %v", account, err)
		}
		before = d.courier.calls
		d.offset = 48 * time.Hour
		d.poll(t, id)
		if d.courier.calls != before {
			t.Error("a stopped account was called")
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.ResumeCarrierAccount(d.account) })
		d.courier.say(tracking(scan(carriers.StatusInTransit, db.Now().Add(-time.Hour))))
		d.poll(t, id)
		if got := d.shipment(t, id); got.Status != models.ShipmentInTransit || got.SyncErrorKind != "" {
			t.Errorf("after the account was resumed: %+v", got)
		}
	})
}

func TestRateOfAccountIsKept(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 0.2}
		d.courier.say(tracking())
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := d.Poll(context.Background(), models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d.courier.calls != 1 {
			t.Errorf("%d calls within the time of one", d.courier.calls)
		}
	})
}

func TestSweep(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		leased := func() bool {
			until := d.shipment(t, id).LeaseUntil
			return until != nil && until.After(db.Now())
		}
		if !leased() {
			t.Fatal("a new parcel's first poll is not under way")
		}
		d.offset = 5 * time.Minute // its worker died
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := d.Sweep(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if !leased() {
			t.Error("the sweep left a due parcel")
		}
	})
}

func TestAddAndSyncRefuse(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		refused := func(in carriers.New) string {
			err := db.Write(t.Context(), func(tx *models.Tx) error {
				_, err := d.Add(tx, d.shop.ID, in)
				return err
			})
			var e *models.Error
			if !errors.As(err, &e) {
				return "accepted"
			}
			return e.Code
		}
		for in, want := range map[*carriers.New]string{
			{OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: "SBX1234"}:                "shipment_exists",
			{OrderID: "ord_x", Carrier: "sandbox", TrackingNumber: "SBX1235"}:                   "unknown_order",
			{OrderID: d.order.ID, Carrier: "Sand Box", TrackingNumber: "SBX1235"}:               "unknown_carrier",
			{OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: "x"}:                      "bad_tracking_number",
			{OrderID: d.order.ID, Carrier: "sandbox", TrackingNumber: "A1234", Direction: "up"}: "unknown_direction",
		} {
			if got := refused(*in); got != want {
				t.Errorf("%+v: %s, want %s", *in, got, want)
			}
		}
		if got := d.sync(t, id); got != "sync_too_soon" {
			t.Errorf("while the first poll of a parcel is under way: %s", got)
		}
		d.courier.say(tracking())
		d.poll(t, id)
		d.offset = 2 * time.Minute
		if got := d.sync(t, id); got != "" {
			t.Errorf("sync: %s", got)
		}
	})
}

// sync asks for a parcel by hand and returns the code of the refusal, if any.
func (d *depot) sync(t *testing.T, id string) string {
	t.Helper()
	err := d.db.Write(t.Context(), func(tx *models.Tx) error {
		_, err := d.Sync(tx, models.MerchantScope(d.shop.ID), id, modelstest.Actor())
		return err
	})
	var e *models.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e == nil {
		return ""
	}
	return e.Code
}

// A carrier that fails is not asked more often than one that answers.
func TestSyncOnceAMinuteThoughTheCarrierFails(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrUnavailable, Message: "down"}})
		d.poll(t, id)
		for minute := range 3 {
			d.offset = time.Duration(minute) * 65 * time.Second
			if got := d.sync(t, id); got != "" {
				t.Fatalf("minute %d: %s", minute, got)
			}
			d.poll(t, id)
			if got := d.sync(t, id); got != "sync_too_soon" {
				t.Errorf("a second time in minute %d: %q", minute, got)
			}
		}
	})
}

func TestSyncNeedsAnAccountThatMayCall(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		id := d.add(t)
		d.offset = time.Hour
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(d.account, "key refused")
			return err
		})
		if got := d.sync(t, id); got != "carrier_account_stopped" {
			t.Errorf("of a stopped account: %q", got)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			a, err := tx.CarrierAccount(models.AllMerchants(), d.account)
			if err != nil {
				return err
			}
			a.Enabled = false
			return tx.UpdateCarrierAccount(a)
		})
		if got := d.sync(t, id); got != "carrier_account_disabled" {
			t.Errorf("of a disabled account: %q", got)
		}
		if got := d.shipment(t, id).SyncRequestedAt; got != nil {
			t.Errorf("asked at %v all the same", got)
		}
	})
}

// Test is the call that tests an account.
func (c *courier) Test(context.Context, carriers.Account) (carriers.Probe, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	return carriers.Probe{}, nil
}

// A fifth of the day's calls is kept for people who ask, tests of the account
// count among all calls, and nothing goes beyond them.
func TestReserveOfTheQuota(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		evening := db.Now().Truncate(day).Add(day + 23*time.Hour)
		db.Now = func() time.Time { return evening.Add(d.offset) }
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 1000, PerDay: 10}
		d.courier.say(tracking())
		id := d.add(t)
		poll := func(manual bool) int {
			before := d.courier.calls
			d.offset += time.Second
			modelstest.Due(t, db, id)
			_, err := d.Poll(t.Context(), models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}, Manual: manual})
			if err != nil {
				t.Fatal(err)
			}
			return d.courier.calls - before
		}
		test := func() models.AccountTest {
			d.offset += time.Second
			result, err := d.TestAccount(t.Context(), models.AllMerchants(), d.account)
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		if got := test(); !got.OK {
			t.Errorf("test: %+v", got)
		}
		for range 7 {
			if poll(false) != 1 {
				t.Fatal("a poll within the quota was put off")
			}
		}
		if poll(false) != 0 {
			t.Error("an ordinary poll used the reserve, or the test took no call")
		}
		if poll(true) != 1 || !test().OK {
			t.Error("a person may not use the reserve")
		}
		if poll(true) != 0 || test().OK || d.courier.calls != 10 {
			t.Errorf("%d calls, the quota is 10", d.courier.calls)
		}
	})
}

// Whoever has mended the credentials of a stopped account tests it first.
func TestTestOfStoppedAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(d.account, "key refused")
			return err
		})
		if got, err := d.TestAccount(t.Context(), models.AllMerchants(), d.account); err != nil || !got.OK {
			t.Errorf("test: %+v, %v", got, err)
		}
	})
}
