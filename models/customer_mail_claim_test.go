package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// One worker gets a mail; after it was handed over nobody does, whatever
// becomes of that worker.
func TestClaimMail(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := db.Now()
		db.Now = func() time.Time { return clock }
		m := newMailing(t, db)
		m.move(models.ShipmentChange{Status: models.ShipmentDelivered})
		mails, err := db.CustomerMails(t.Context(), m.parcel.ID)
		if err != nil || len(mails) != 1 {
			t.Fatal(mails, err)
		}
		id := mails[0].ID
		claim := func() (got bool) {
			modelstest.Write(t, db, func(tx *models.Tx) (err error) {
				got, err = tx.ClaimMail(id, time.Minute)
				return err
			})
			return got
		}
		load := func() *models.CustomerMail {
			found, err := db.CustomerMail(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		got := make([]bool, 6)
		together(t, len(got), func(i int) error {
			return db.Write(t.Context(), func(tx *models.Tx) (err error) {
				got[i], err = tx.ClaimMail(id, time.Minute)
				return err
			})
		})
		won := 0
		for _, ok := range got {
			if ok {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d workers got the mail", won)
		}
		clock = clock.Add(2 * time.Minute) // the worker died before it handed the mail over
		if !claim() || load().Tries != 2 {
			t.Fatalf("a mail that was not handed over is not tried again: %+v", load())
		}
		var stale, begun bool
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			old := *load()
			old.Tries = 1
			if stale, err = tx.BeginMail(&old); err != nil {
				return err
			}
			begun, err = tx.BeginMail(load())
			return err
		})
		if stale || !begun {
			t.Errorf("a worker that had lost the mail hands it over: %v; the one that has it: %v", stale, begun)
		}
		clock = clock.Add(time.Hour) // this one died in the middle
		if claim() {
			t.Error("a mail that was handed over is claimed again")
		}
		stalled, err := db.StalledMails(t.Context(), 10)
		if err != nil || len(stalled) != 1 {
			t.Fatalf("stalled %v, %v", stalled, err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.RescueMail(id) })
		if found := load(); found.State != models.MailFailed || found.Error != models.MailUnclear || claim() {
			t.Errorf("it is %s, %s", found.State, found.Error)
		}
	})
}

// A mail that lost its job gets another.
func TestRescueMail(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		clock := db.Now()
		db.Now = func() time.Time { return clock }
		m := newMailing(t, db)
		m.move(models.ShipmentChange{Status: models.ShipmentDelivered})
		rescue := func() {
			stalled, err := db.StalledMails(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			modelstest.Write(t, db, func(tx *models.Tx) error {
				for i := range stalled {
					if err := tx.RescueMail(stalled[i].ID); err != nil {
						return err
					}
				}
				return nil
			})
		}
		rescue()
		if m.jobs() != 1 {
			t.Errorf("%d jobs of a fresh mail", m.jobs())
		}
		clock = clock.Add(11 * time.Minute)
		rescue()
		if m.jobs() != 2 {
			t.Errorf("%d jobs of a stalled mail", m.jobs())
		}
	})
}

// A mail that was not sent because the parcel had gone on is, when the parcel
// comes back to the status.
func TestOutdatedMailsMayBeSentLater(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMailing(t, db)
		m.move(models.ShipmentChange{Status: models.ShipmentDeliveryFailed})
		mails, err := db.CustomerMails(t.Context(), m.parcel.ID)
		if err != nil {
			t.Fatal(err)
		}
		modelstest.Write(t, db, func(tx *models.Tx) error {
			if _, err := tx.ClaimMail(mails[0].ID, time.Minute); err != nil {
				return err
			}
			claimed, err := tx.CustomerMail(mails[0].ID)
			if err != nil {
				return err
			}
			return tx.FinishMail(claimed, models.MailSuppressed, models.MailOutdated, nil)
		})
		m.move(models.ShipmentChange{Status: models.ShipmentInTransit})
		m.move(models.ShipmentChange{Status: models.ShipmentDeliveryFailed})
		if diff := cmp.Diff([]string{"1 delivery_failed queued"}, m.kinds()); diff != "" || m.jobs() != 2 {
			t.Errorf("%d jobs, mails (-want +got):\n%s", m.jobs(), diff)
		}
	})
}
