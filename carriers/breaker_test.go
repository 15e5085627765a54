package carriers_test

import (
	"context"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// openBreaker has the carrier fail until the account's breaker opens.
func (d *depot) openBreaker(t *testing.T, id string) {
	t.Helper()
	d.courier.say(failure(carriers.ErrUnavailable))
	for range 5 {
		d.poll(t, id)
		d.offset += time.Second
	}
	d.state(t, models.CarrierOpen)
}

// The life of a breaker: closed, open after five failures, one call that tries
// when its time is over, open for longer when that fails, closed by an answer.
func TestBreaker(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.courier.say(failure(carriers.ErrUnavailable))
		for range 3 {
			d.poll(t, id)
			d.offset += time.Second
		}
		d.courier.say(failure(carriers.ErrNotFound)) // an answer
		d.poll(t, id)
		d.offset += time.Second
		if a := d.state(t, models.CarrierWorks); a.Failures != 0 || a.LastErrorKind != models.CallUnavailable || a.LastErrorAt == nil {
			t.Errorf("after an answer: %+v", a.CarrierHealth)
		}
		d.courier.say(failure(carriers.ErrUnavailable))
		for n := range 5 {
			d.state(t, models.CarrierWorks)
			if !d.asked(t, id) {
				t.Fatalf("failure %d: the carrier was not asked", n)
			}
			d.offset += time.Second
		}
		opened := d.state(t, models.CarrierOpen)
		if d.asked(t, id) {
			t.Error("an open breaker let a call through")
		}
		d.offset += opened.ResumeAt.Sub(db.Now())
		d.state(t, models.CarrierProbing)
		if !d.asked(t, id) { // fails
			t.Fatal("nobody tries whether the carrier answers again")
		}
		again := d.state(t, models.CarrierOpen)
		if wait, before := again.ResumeAt.Sub(db.Now()), 5*time.Minute; wait <= before || again.ProbeAt != nil {
			t.Errorf("after a call that tried and failed the breaker is open for %v, want more than %v", wait, before)
		}
		d.courier.say(failure(carriers.ErrRateLimited))
		d.offset += again.ResumeAt.Sub(db.Now())
		if !d.asked(t, id) {
			t.Fatal("nobody tries a second time")
		}
		d.state(t, models.CarrierOpen) // only an answer closes it
		d.courier.say(tracking())
		d.offset += 10 * time.Minute
		if !d.asked(t, id) {
			t.Fatal("nobody tries a third time")
		}
		if a := d.state(t, models.CarrierHalved); a.BrokenAt != nil || a.Failures != 0 || a.ResumeAt != nil {
			t.Errorf("after an answer: %+v", a.CarrierHealth)
		}
	})
}

// Of workers that come when the breaker's time is over, one tries; the others
// wait for what it finds out. A worker that dies at it is replaced.
func TestOneCallTriesAnOpenBreaker(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		ids := d.addMany(t, d.account, 8)
		broken := db.Now().Add(-10 * time.Minute)
		over := db.Now().Add(-time.Second)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			a, err := tx.CarrierAccount(models.AllMerchants(), d.account)
			if err != nil {
				return err
			}
			return tx.SetCarrierHealth(a, models.CarrierHealth{Failures: 5, BrokenAt: &broken, ResumeAt: &over})
		})
		d.courier.limits.PerSecond = 0 // nothing but the breaker keeps calls apart
		reached, answer := make(chan struct{}), make(chan struct{})
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			close(reached)
			<-answer
			return tracking()
		}
		done := make(chan string)
		for _, id := range ids[:6] {
			go func() {
				if _, err := d.Poll(context.WithoutCancel(t.Context()), models.PollArgs{AccountID: d.account, ShipmentIDs: []string{id}}); err != nil {
					t.Error(err)
				}
				done <- id
			}()
		}
		<-reached
		for range 5 { // the others have been turned away
			<-done
		}
		d.state(t, models.CarrierProbing)
		d.poll(t, ids[6])
		close(answer)
		<-done
		if n := d.courier.count(); n != 1 {
			t.Errorf("%d calls tried the breaker", n)
		}
		d.state(t, models.CarrierWorks)
	})
}

// A call from before the breaker opened says nothing of now.
func TestLateAnswerLeavesTheBreakerOpen(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.courier.limits.PerSecond = 0
		d.courier.answer = func(carriers.Parcel) carriers.Answer {
			now := db.Now()
			resume := now.Add(5 * time.Minute)
			modelstest.Write(t, db, func(tx *models.Tx) error { // others have failed meanwhile
				a, err := tx.CarrierAccount(models.AllMerchants(), d.account)
				if err != nil {
					return err
				}
				return tx.SetCarrierHealth(a, models.CarrierHealth{Failures: 5, BrokenAt: &now, ResumeAt: &resume})
			})
			return tracking()
		}
		d.poll(t, id)
		d.state(t, models.CarrierOpen)
		d.courier.say(tracking())
		if got, err := d.TestAccount(t.Context(), models.AllMerchants(), d.account); err != nil || !got.OK {
			t.Errorf("test: %+v, %v", got, err)
		}
		d.state(t, models.CarrierWorks) // somebody found out that it answers
	})
}

func TestResetBreaker(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.openBreaker(t, id)
		modelstest.Write(t, db, func(tx *models.Tx) error {
			return d.ResetBreaker(tx, models.AllMerchants(), d.account, carriers.Act{Reason: "they are back", Actor: modelstest.Actor()})
		})
		d.state(t, models.CarrierWorks)
		if next := d.shipment(t, id).NextPollAt; next == nil || next.After(db.Now()) {
			t.Errorf("a parcel that failed is due at %v", next)
		}
	})
}
