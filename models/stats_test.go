package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// day sums the scope's figures of one day as metric, currency, count, amount.
func day(t testing.TB, db *models.DB, s models.Scope, day string) map[string][2]int64 {
	t.Helper()
	rows, err := db.DailyStats(t.Context(), s, day, day)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]int64{}
	for _, r := range rows {
		got[r.Metric+r.Currency] = [2]int64{r.Count, r.Amount}
	}
	return got
}

func checkStats(t testing.TB, db *models.DB) {
	t.Helper()
	if diffs, err := db.CheckStats(t.Context(), "0000", "9999"); err != nil || len(diffs) > 0 {
		t.Errorf("figures differ from the rows: %+v, %v", diffs, err)
	}
}

// A payment counts where it is, on the day it came there; a day begins at the
// merchant's midnight, in summer and winter.
func TestDailyStatsFollowTheRows(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db) // in Berlin
		clock := time.Date(2026, 3, 28, 22, 59, 59, 999_999_000, time.UTC)
		db.Now = func() time.Time { return clock }
		o := modelstest.Order(t, db, s.ID, 1000)
		p, _ := modelstest.Payment(t, db, o, s.gateway)
		move := func(to models.PaymentStatus) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				_, err := tx.MovePayment(p.ID, to, models.PaymentChange{Captured: 900})
				return err
			})
			checkStats(t, db)
		}
		move(models.PaymentFailed)
		clock = clock.Add(time.Microsecond) // midnight in Berlin, the night in which summer time begins
		modelstest.Order(t, db, s.ID, 500)
		want := map[string]map[string][2]int64{
			"2026-03-28": {"ordersEUR": {1, 1000}, "failedEUR": {1, 1000}},
			"2026-03-29": {"ordersEUR": {1, 500}},
		}
		for d, figures := range want {
			if diff := cmp.Diff(figures, day(t, db, s.scope, d)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", d, diff)
			}
		}
		clock = time.Date(2026, 3, 29, 21, 59, 59, 0, time.UTC) // 23:59:59 in summer
		move(models.PaymentProcessing)
		move(models.PaymentAuthorized)
		if diff := cmp.Diff(map[string][2]int64{"ordersEUR": {1, 500}, "authorizedEUR": {1, 1000}}, day(t, db, s.scope, "2026-03-29")); diff != "" {
			t.Errorf("authorized (-want +got):\n%s", diff)
		}
		clock = clock.Add(time.Second)
		move(models.PaymentPaid)
		want = map[string]map[string][2]int64{
			"2026-03-28": {"ordersEUR": {1, 1000}}, "2026-03-29": {"ordersEUR": {1, 500}}, "2026-03-30": {"paidEUR": {1, 900}},
		}
		for _, name := range []string{"before folding", "after folding"} {
			for d, figures := range want {
				if diff := cmp.Diff(figures, day(t, db, s.scope, d)); diff != "" {
					t.Errorf("%s %s (-want +got):\n%s", name, d, diff)
				}
			}
			fold(t, db)
		}
	})
}

func fold(t testing.TB, db *models.DB) {
	t.Helper()
	for n := 1; n > 0; {
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			n, err = tx.FoldStats(7)
			return err
		})
	}
	if n := count(t, db, "stat_deltas"); n != 0 {
		t.Errorf("%d counted changes are not folded", n)
	}
}

func TestParcelFigures(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		clock := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
		db.Now = func() time.Time { return clock }
		sh := parcel(t, db, modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID), "N1")
		move := func(change models.ShipmentChange) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				loaded, err := tx.Shipment(s.scope, sh.ID)
				if err != nil {
					return err
				}
				return tx.MoveShipment(loaded, change)
			})
			checkStats(t, db)
		}
		move(models.ShipmentChange{Status: models.ShipmentException})
		clock = clock.Add(24 * time.Hour)
		delivered := clock.Add(-2 * time.Hour)
		move(models.ShipmentChange{Status: models.ShipmentDelivered, DeliveredAt: &delivered, Late: true})
		if diff := cmp.Diff(map[string][2]int64{"shipments": {1, 0}, "exceptions": {1, 0}}, without(day(t, db, s.scope, "2026-07-01"), "ordersEUR")); diff != "" {
			t.Errorf("first day (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string][2]int64{"delivered": {1, 0}, "late": {1, 0}}, day(t, db, s.scope, "2026-07-02")); diff != "" {
			t.Errorf("second day (-want +got):\n%s", diff)
		}
		// The carrier corrects itself: not yet delivered, and then the day before.
		move(models.ShipmentChange{Status: models.ShipmentInTransit})
		earlier := delivered.Add(-24 * time.Hour)
		move(models.ShipmentChange{Status: models.ShipmentDelivered, DeliveredAt: &earlier})
		if got := day(t, db, s.scope, "2026-07-02"); len(got) != 0 {
			t.Errorf("the second day still shows %v", got)
		}
		fold(t, db)
		checkStats(t, db)
	})
}

func without(m map[string][2]int64, key string) map[string][2]int64 {
	delete(m, key)
	return m
}

// Nodes that fold while others count lose nothing and count nothing twice.
func TestFoldStatsByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		today := db.Now()
		together(t, 12, func(i int) error {
			for n := range 5 {
				err := db.Write(t.Context(), func(tx *models.Tx) error {
					if i%2 == 0 {
						_, err := tx.FoldStats(3)
						return err
					}
					_, err := tx.CreateOrder(models.Order{
						MerchantID: s.ID, Number: fmt.Sprintf("%d-%d", i, n), Currency: "EUR", Amount: 7, PlacedAt: today,
					}, nil)
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		checkStats(t, db)
		fold(t, db)
		checkStats(t, db)
		got := day(t, db, models.AllMerchants(), today.In(s.Location()).Format(time.DateOnly))
		if got["ordersEUR"] != [2]int64{30, 210} {
			t.Errorf("30 orders are counted as %v", got)
		}
	})
}

func TestRebuildStats(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := newWorld(t, db)
		checkStats(t, db)
		fold(t, db)
		today := db.Now().In(w.Location()).Format(time.DateOnly)
		execute(t, db, "UPDATE daily_stats SET count = count + 3, amount = amount - 1 WHERE metric = 'orders'")
		execute(t, db, "DELETE FROM daily_stats WHERE metric = 'shipments'")
		execute(t, db, "INSERT INTO daily_stats VALUES (?, '2020-01-01', 'paid', 'EUR', 1, 5)", w.ID)
		want := []models.StatDiff{
			{MerchantID: w.ID, Day: "2020-01-01", Metric: "paid", Currency: "EUR", Count: 1, Amount: 5},
			{MerchantID: w.ID, Day: today, Metric: "orders", Currency: "EUR", Count: 6, WantCount: 3, Amount: 2999, WantAmount: 3000},
			{MerchantID: w.ID, Day: today, Metric: "shipments", WantCount: 1},
		}
		got, err := db.CheckStats(t.Context(), "2020-01-01", "9999")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if got, err := db.CheckStats(t.Context(), "2020-01-02", "9999"); err != nil || len(got) != 2 {
			t.Errorf("from the next day on %d differ, %v", len(got), err)
		}
		if _, err := db.RebuildStats(t.Context(), "0000", "9999"); err != nil {
			t.Error(err)
		}
		checkStats(t, db)
		fold(t, db)
		checkStats(t, db)
	})
}
