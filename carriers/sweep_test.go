package carriers_test

import (
	"encoding/json"
	"fmt"
	"slices"
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

// An answer without measure is cut to its newest scans instead of failing its
// whole batch.
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
		events[len(events)-1].Status = carriers.StatusDelivered
		d.courier.say(tracking(events...))
		d.poll(t, id)
		if got := d.shipment(t, id).Status; got != models.ShipmentDelivered {
			t.Errorf("parcel is %s", got)
		}
	})
}

// A quota that is too small for all parcels goes round among them, and never is
// exceeded; what is out for delivery finds the reserve.
func TestShortQuotaGoesRound(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		now := time.Date(2026, 3, 2, 0, 0, 30, 0, time.UTC)
		db.Now = func() time.Time { return now }
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 1000, PerDay: 25}
		asked := map[string]int{}
		days := map[string]int{}
		d.courier.answer = func(p carriers.Parcel) carriers.Answer {
			asked[p.Number]++
			days[now.Format(time.DateOnly)]++
			return tracking(scan(carriers.StatusInTransit, now.Add(-time.Hour)))
		}
		d.addMany(t, d.account, 30)
		for range 6 * 24 {
			if err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, args := range pollJobs(t, db) {
				if _, err := d.Poll(t.Context(), args); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(time.Hour)
		}
		for day, calls := range days {
			if calls > 20 {
				t.Errorf("%d ordinary calls on %s: 20 of 25 are for them", calls, day)
			}
		}
		least, most := 1000, 0
		for _, n := range asked {
			least, most = min(least, n), max(most, n)
		}
		if len(asked) != 30 || least < 3 || most-least > 1 {
			t.Errorf("%d of 30 parcels were asked for, between %d and %d times", len(asked), least, most)
		}
	})
}

// Where an account cannot ask for all, a number of which its carrier has said
// nothing yet goes before parcels that have waited for less than a day longer.
func TestFirstQuestionsHaveAHeadStart(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		start, fast := db.Now(), d.courier.limits
		now := start
		db.Now = func() time.Time { return now }
		after := func(hours int) { now = start.Add(time.Duration(hours) * time.Hour) }
		answer := func(id string, a carriers.Answer) {
			now = now.Add(time.Second) // calls have a distance
			d.courier.say(a)
			d.poll(t, id)
		}
		ids := d.addMany(t, d.account, 5)
		unasked, early, late, failed, strange := ids[0], ids[1], ids[2], ids[3], ids[4]
		known := tracking(scan(carriers.StatusInTransit, start.Add(-time.Hour)))
		answer(early, known) // due again after less than four hours
		after(6)
		answer(late, known)
		after(28)
		answer(failed, carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrUnavailable}})
		answer(strange, carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrNotFound}})
		after(29)
		added := d.add(t)
		after(30)
		pollJobs(t, db)
		for _, want := range [][]string{{unasked, early, failed}, {added, late, strange}} {
			d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 0.6}
			if err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			var turns []string
			for _, args := range pollJobs(t, db) {
				turns = append(turns, args.ShipmentIDs...)
			}
			if !slices.Equal(turns, want) {
				t.Errorf("asked for %v, want %v", turns, want)
			}
			d.courier.limits = fast
			for _, id := range turns {
				answer(id, known)
			}
		}
	})
}

// Many parcels out for delivery use up neither the polls of the others nor those
// of the evening.
func TestUrgentPollsLeaveOthersTheirs(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		now := time.Date(2026, 3, 2, 6, 0, 30, 0, time.UTC)
		db.Now = func() time.Time { return now }
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 1, PerDay: 250}
		ids := d.addMany(t, d.account, 120)
		driven := map[string]bool{}
		for _, id := range ids[:40] {
			driven[d.shipment(t, id).TrackingNumber] = true
		}
		var urgent, others [24]int
		d.courier.answer = func(p carriers.Parcel) carriers.Answer {
			status, count := carriers.StatusInTransit, &others
			if driven[p.Number] {
				status, count = carriers.StatusOutForDelivery, &urgent
			}
			count[now.Hour()]++
			return tracking(scan(status, now.Add(-time.Hour)))
		}
		for now.Day() == 2 {
			if err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, args := range pollJobs(t, db) {
				for {
					wait, err := d.Poll(t.Context(), args)
					if err != nil {
						t.Fatal(err)
					}
					if wait == 0 {
						break
					}
					now = now.Add(wait)
				}
			}
			now = now.Add(5 * time.Minute)
		}
		// The quota of the night is used up in the morning, by the others first, as
		// nothing is out for delivery before it was asked for; that of the last hour
		// is spent an hour ahead.
		all := 0
		for hour := 6; hour < 24; hour++ {
			all += urgent[hour] + others[hour]
			if hour > 6 && hour < 23 && urgent[hour] < 3 || hour > 11 && hour < 23 && others[hour] < 3 {
				t.Errorf("at %d o'clock %d polls of parcels out for delivery and %d of others", hour, urgent[hour], others[hour])
			}
		}
		if all > 250 || all < 200 {
			t.Errorf("%d of 250 calls were made", all)
		}
	})
}

// pollJobs takes the polls out of the queue.
func pollJobs(t *testing.T, db *models.DB) []models.PollArgs {
	t.Helper()
	args := map[models.Dialect]string{models.SQLite: "json(args)", models.Postgres: "args"}[db.Dialect]
	rows, err := db.SQL().QueryContext(t.Context(), "DELETE FROM river_job WHERE kind = 'shipment.poll' RETURNING "+args)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var jobs []models.PollArgs
	for rows.Next() {
		var raw []byte
		var job models.PollArgs
		if err := rows.Scan(&raw); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &job); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, job)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return jobs
}
