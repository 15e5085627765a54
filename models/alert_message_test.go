package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Of each target one message is found, the one that is due for longest: however
// many wait for one, the others are seen.
func TestDueAlertsOfEachTarget(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
		db.Now = func() time.Time { return now }
		m := modelstest.Merchant(t, db)
		queue := func(n int, target, state string, merchant *string) {
			t.Helper()
			modelstest.Write(t, db, func(tx *models.Tx) error {
				for i := range n {
					at := now.Add(time.Duration(i) * time.Millisecond)
					err := tx.QueueAlert(models.AlertMessage{
						MerchantID: merchant, Kind: models.AlertDigest, Number: i, Target: target, State: state, NextAt: &at,
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
			now = now.Add(time.Second)
		}
		queue(1, "alc_shop", models.AlertQueued, &m.ID)
		queue(600, "alc_hangs", models.AlertQueued, nil)
		queue(2, "alc_quiet", models.AlertHeld, nil)
		queue(2, "alc_slack", models.AlertQueued, nil)
		want := func(what string, busy []string, targets ...string) []models.AlertMessage {
			t.Helper()
			due, err := db.DueAlerts(t.Context(), busy, 500)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, d := range due {
				found = append(found, d.Target)
				if d.Number != 0 {
					t.Errorf("%s: of %s the message %d comes first", what, d.Target, d.Number)
				}
			}
			if !slices.Equal(found, targets) {
				t.Errorf("%s: %q, want %q", what, found, targets)
			}
			return due
		}
		due := want("all", nil, "alc_hangs", "alc_quiet", "alc_slack", "alc_shop")
		want("while something is under way to two", []string{"alc_hangs", "alc_shop"}, "alc_quiet", "alc_slack")
		modelstest.Write(t, db, func(tx *models.Tx) error {
			_, err := tx.ClaimAlert(&due[2], time.Minute)
			return err
		})
		left, err := db.DueAlerts(t.Context(), []string{"alc_hangs", "alc_quiet"}, 1)
		if err != nil || len(left) != 1 || left[0].Target != "alc_slack" || left[0].Number != 1 {
			t.Errorf("after another node took the first: %+v, %v", left, err)
		}
	})
}
