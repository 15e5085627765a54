package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// calls stores some calls of an account that began at a time.
func calls(t testing.TB, db *models.DB, shop, account string, at time.Time, outcome string, latencies ...int64) {
	t.Helper()
	rows := make([]models.CarrierCall, len(latencies))
	for i, ms := range latencies {
		rows[i] = models.CarrierCall{
			MerchantID: shop, CarrierAccountID: account, Purpose: "poll", Method: "GET", Outcome: outcome, LatencyMS: ms, StartedAt: at,
			Answer: "{}",
		}
	}
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.AddCarrierCalls(rows) })
}

// The figures of an account are those that counting the log would give.
func TestCarrierLoadEqualsTheLog(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := time.Date(2026, 3, 28, 22, 30, 0, 0, time.UTC)
		db.Now = func() time.Time { return now }
		s := newShop(t, db)
		account, other, idle := carrierAccount(t, db, s.ID), carrierAccount(t, db, s.ID), carrierAccount(t, db, s.ID)
		calls(t, db, s.ID, account, now.Add(-25*time.Hour), models.CallOK, 10, 20) // too old
		for range 19 {
			calls(t, db, s.ID, account, now.Add(-20*time.Hour), models.CallOK, 60, 80, 90)
		}
		calls(t, db, s.ID, account, now.Add(-time.Hour), models.CallUnavailable, 29_000, 90_000)
		calls(t, db, s.ID, account, now, "not_found", 80)
		calls(t, db, s.ID, other, now, models.CallRateLimited, 450)

		loads, err := db.CarrierLoads(t.Context(), account, other, idle)
		if err != nil {
			t.Fatal(err)
		}
		logged := map[string]models.CarrierLoad{}
		for _, id := range []string{account, other} {
			found, _, err := db.CarrierCalls(t.Context(), s.scope, models.CarrierCallFilter{AccountID: id}, models.Page{Limit: 200})
			if err != nil {
				t.Fatal(err)
			}
			l := models.CarrierLoad{P95: loads[id].P95}
			for i := range found {
				if found[i].StartedAt.After(now.Add(-24 * time.Hour)) {
					l.Calls++
					if found[i].Answered() {
						l.Answered++
					}
				}
			}
			logged[id] = l
		}
		if diff := cmp.Diff(logged, loads); diff != "" {
			t.Errorf("load differs from the log (-log +load):\n%s", diff)
		}
		if l := loads[account]; l.Calls != 60 || l.Answered != 58 || l.P95 < 90*time.Millisecond || l.P95 > 100*time.Millisecond {
			t.Errorf("load = %+v", l)
		}
		if l := loads[other]; l.P95 < 400*time.Millisecond || l.P95 > 500*time.Millisecond || l.Answered != 0 {
			t.Errorf("load of the other = %+v", l)
		}
	})
}

func TestCarrierCallList(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s, stranger := newShop(t, db), newShop(t, db)
		account, other := carrierAccount(t, db, s.ID), carrierAccount(t, db, s.ID)
		start := db.Now().Add(-time.Hour)
		for i := range int64(5) {
			calls(t, db, s.ID, account, start.Add(time.Duration(i)*time.Minute), models.CallOK, i)
		}
		calls(t, db, s.ID, account, start.Add(-time.Minute), models.CallAuth, 99)
		calls(t, db, s.ID, other, start, models.CallOK, 77)
		list := func(scope models.Scope, outcome string) (found []int64) {
			for cursor := ""; ; {
				rows, next, err := db.CarrierCalls(t.Context(), scope, models.CarrierCallFilter{AccountID: account, Outcome: outcome},
					models.Page{Limit: 2, Cursor: cursor})
				if err != nil {
					t.Fatal(err)
				}
				for i := range rows {
					if rows[i].Answer != "" {
						t.Error("the list loads answers")
					}
					found = append(found, rows[i].LatencyMS)
				}
				if cursor = next; next == "" {
					return found
				}
			}
		}
		if diff := cmp.Diff([]int64{4, 3, 2, 1, 0, 99}, list(s.scope, "")); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int64{99}, list(s.scope, models.CallAuth)); diff != "" {
			t.Errorf("refused ones (-want +got):\n%s", diff)
		}
		if got := list(stranger.scope, ""); len(got) != 0 {
			t.Errorf("another merchant sees %v", got)
		}
		rows, _, err := db.CarrierCalls(t.Context(), s.scope, models.CarrierCallFilter{AccountID: account}, models.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := db.CarrierCall(t.Context(), s.scope, account, rows[0].ID); err != nil || c.Answer != "{}" {
			t.Errorf("call = %+v, %v", c, err)
		}
		if _, err := db.CarrierCall(t.Context(), s.scope, other, rows[0].ID); err == nil {
			t.Error("a call is another account's too")
		}
	})
}

func TestPruneCarrierCalls(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShop(t, db)
		account := carrierAccount(t, db, s.ID)
		now := db.Now()
		calls(t, db, s.ID, account, now.Add(-15*24*time.Hour), models.CallOK, 1, 2, 900)
		calls(t, db, s.ID, account, now.Add(-13*24*time.Hour), models.CallOK, 3)
		var deleted int64
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			deleted, err = tx.Prune(10)
			return err
		})
		rows, _, err := db.CarrierCalls(t.Context(), s.scope, models.CarrierCallFilter{AccountID: account}, models.Page{})
		if err != nil || len(rows) != 1 || rows[0].LatencyMS != 3 || deleted != 5 {
			t.Errorf("%d rows were deleted, left are %+v, %v", deleted, rows, err)
		}
	})
}

func TestCarrierState(t *testing.T) {
	t.Parallel()
	now := time.Now()
	past, future, long := now.Add(-time.Minute), now.Add(time.Minute), now.Add(-time.Hour)
	account := func(change func(a *models.CarrierAccount)) models.CarrierAccount {
		a := models.CarrierAccount{Account: models.Account{Enabled: true}}
		change(&a)
		return a
	}
	for want, change := range map[models.CarrierState]func(a *models.CarrierAccount){
		models.CarrierWorks:    func(a *models.CarrierAccount) { a.ResumeAt, a.SlowedUntil = &past, &past },
		models.CarrierDisabled: func(a *models.CarrierAccount) { a.Enabled, a.StoppedAt = false, &past },
		models.CarrierStopped:  func(a *models.CarrierAccount) { a.StoppedAt, a.PausedAt = &past, &past },
		models.CarrierPaused:   func(a *models.CarrierAccount) { a.PausedAt, a.BrokenAt = &past, &past },
		models.CarrierOpen:     func(a *models.CarrierAccount) { a.BrokenAt, a.ResumeAt = &past, &future },
		models.CarrierProbing:  func(a *models.CarrierAccount) { a.BrokenAt, a.ResumeAt, a.ProbeAt = &past, &future, &past },
		models.CarrierWaiting:  func(a *models.CarrierAccount) { a.ResumeAt, a.SlowedUntil = &future, &future },
		models.CarrierFailing:  func(a *models.CarrierAccount) { a.FailingAt, a.LastErrorAt = &long, &past },
		models.CarrierHalved: func(a *models.CarrierAccount) {
			a.FailingAt, a.LastErrorAt, a.ResumeAt, a.SlowedUntil = &long, &long, &past, &future
		},
	} {
		a := account(change)
		if got := a.State(now); got != want {
			t.Errorf("state is %s, want %s", got, want)
		}
	}
	over := account(func(a *models.CarrierAccount) { a.PausedAt, a.PausedUntil = &past, &past })
	if over.Paused(now) || !over.Callable(now) {
		t.Error("a pause whose time is over still holds")
	}
}
