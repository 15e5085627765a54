package models_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Over all workers an account makes no more calls than its rate and its quota.
func TestTakeCarrierCallByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		var clock atomic.Int64
		clock.Store(time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC).Unix())
		db.Now = func() time.Time { return time.Unix(clock.Load(), 0).UTC() }
		id := carrierAccount(t, db, newShop(t, db).ID)
		account := &models.CarrierAccount{Account: models.Account{ID: id}}
		budget := models.CarrierBudget{Interval: time.Second, PerDay: 5}
		round := func() (taken int64) {
			together(t, 12, func(int) error {
				return db.Write(t.Context(), func(tx *models.Tx) error {
					turn, err := tx.TakeCarrierCall(account, budget)
					if turn.OK {
						atomic.AddInt64(&taken, 1)
					} else if err == nil && !turn.RetryAt.After(tx.Now()) {
						t.Errorf("refused at %v until %v", tx.Now(), turn.RetryAt)
					}
					return err
				})
			})
			return taken
		}
		for second := range 8 {
			want := int64(1)
			if second >= budget.PerDay {
				want = 0
			}
			if got := round(); got != want {
				t.Errorf("second %d: %d calls, want %d", second, got, want)
			}
			clock.Add(1)
		}
		clock.Store(time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC).Unix())
		if got := round(); got != 1 {
			t.Errorf("on the next day %d calls, want 1", got)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(id, "refused")
			return err
		})
		clock.Add(10)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if turn, err := tx.TakeCarrierCall(account, budget); turn.OK || !turn.RetryAt.IsZero() || err != nil {
				t.Errorf("a stopped account: %+v, %v", turn, err)
			}
			return nil
		})
	})
}

func TestClaimShipmentsByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		o, account := modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID)
		var ids []string
		for i := range 20 {
			ids = append(ids, parcel(t, db, o, account, fmt.Sprintf("N%d", i)).ID)
		}
		var (
			mu    sync.Mutex
			taken []string
		)
		together(t, 16, func(i int) error {
			mine := slices.Concat(ids[i:], ids[:i])
			var got []string
			err := db.Write(t.Context(), func(tx *models.Tx) (err error) {
				got, err = tx.ClaimShipments(mine, tx.Now(), tx.Now().Add(time.Minute))
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, got...)
			return err
		})
		slices.Sort(taken)
		if !slices.IsSorted(ids) || !slices.Equal(taken, ids) {
			t.Errorf("of %d parcels %d were taken: %v", len(ids), len(taken), taken)
		}
		if due, err := db.DueShipments(t.Context(), models.Due{AccountID: account, By: db.Now()}, 100); err != nil || len(due) != 0 {
			t.Errorf("%d parcels are still due, %v", len(due), err)
		}
	})
}

func TestTrackingEventsAreTakenBackAfterTwoAnswers(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		sh := parcel(t, db, modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID), "N1")
		now := db.Now()
		db.Now = func() time.Time { return now }
		answer := func(keys ...string) (added int, living []string) {
			now = now.Add(time.Hour)
			var scans []models.TrackingEvent
			for _, key := range keys {
				scans = append(scans, models.TrackingEvent{DedupeKey: key, Status: models.ShipmentInTransit})
			}
			modelstest.Write(t, db, func(tx *models.Tx) error {
				told, err := tx.AddTrackingEvents(sh, scans, false)
				if err != nil {
					return err
				}
				added, living = told.New, nil
				for _, e := range told.All {
					if e.RetractedAt == nil {
						living = append(living, e.DedupeKey)
					}
				}
				slices.Sort(living)
				return nil
			})
			return added, living
		}
		for i, step := range []struct {
			answer []string
			added  int
			living []string
		}{
			{[]string{"a", "b", "a"}, 2, []string{"a", "b"}},
			{[]string{"b"}, 0, []string{"a", "b"}},
			{[]string{"a"}, 0, []string{"a", "b"}}, // a is back, b missing once
			{[]string{"a", "c"}, 1, []string{"a", "c"}},
			{nil, 0, []string{"a", "c"}}, // forgotten, not taken back
			{nil, 0, []string{"a", "c"}},
			{nil, 0, []string{"a", "c"}},
			{[]string{"b"}, 0, []string{"a", "b", "c"}},
			{[]string{"b"}, 0, []string{"b"}},
		} {
			if added, living := answer(step.answer...); added != step.added || !slices.Equal(living, step.living) {
				t.Errorf("answer %d %v: %d new, living %v, want %d and %v", i, step.answer, added, living, step.added, step.living)
			}
		}
	})
}

// A parcel that flies east over the date line arrives before it left, by the
// clocks on the walls.
func TestTrackingEventsSortByTheInstant(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		sh := parcel(t, db, modelstest.Order(t, db, s.ID, 100), carrierAccount(t, db, s.ID), "N1")
		left := time.Date(2026, 1, 2, 2, 0, 0, 0, time.UTC)
		arrived := left.Add(11 * time.Hour)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.AddTrackingEvents(sh, []models.TrackingEvent{
				{DedupeKey: "arrived", Status: models.ShipmentInTransit, OccurredAt: &arrived, LocalTime: "2026-01-02T05:00:00"},
				{DedupeKey: "left", Status: models.ShipmentInTransit, OccurredAt: &left, LocalTime: "2026-01-02T10:00:00"},
				{DedupeKey: "no offset", Status: models.ShipmentInTransit, LocalTime: "2026-01-01T12:00:00"},
			}, false)
			return err
		})
		scans, err := db.TrackingEvents(t.Context(), sh.ID)
		if err != nil || len(scans) != 3 || scans[0].DedupeKey != "arrived" || scans[1].DedupeKey != "left" {
			t.Errorf("scans are %+v, %v", scans, err)
		}
	})
}
