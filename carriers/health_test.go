package carriers_test

import (
	"context"
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// stored is the depot's account as it stands.
func (d *depot) stored(t *testing.T) *models.CarrierAccount {
	t.Helper()
	a, err := d.db.CarrierAccount(t.Context(), models.AllMerchants(), d.account)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// asked polls and says whether the carrier was called.
func (d *depot) asked(t *testing.T, id string) bool {
	t.Helper()
	before := d.courier.count()
	d.poll(t, id)
	return d.courier.count() > before
}

func (c *courier) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// state fails the test unless the account stands so.
func (d *depot) state(t *testing.T, want models.CarrierState) *models.CarrierAccount {
	t.Helper()
	a := d.stored(t)
	if got := a.State(d.db.Now()); got != want {
		t.Fatalf("account is %s, want %s: %+v", got, want, a.CarrierHealth)
	}
	return a
}

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

func failure(kind carriers.ErrorKind) carriers.Answer {
	return carriers.Answer{Err: &carriers.Error{Kind: kind, Message: "went wrong: " + string(kind)}}
}

// frozen is a depot whose clock only the test moves.
func frozen(t *testing.T, db *models.DB) *depot {
	t.Helper()
	noon := db.Now().Truncate(24 * time.Hour).Add(12 * time.Hour)
	db.Now = func() time.Time { return noon }
	return newDepot(t, db)
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

// After "too many calls" the account waits as it was asked to, and goes on at
// half its rate for a while.
func TestHalvedRate(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.courier.limits.PerSecond = 1
		rate := func() float64 {
			_, now := d.LimitsOf(d.stored(t))
			return now.PerSecond
		}
		d.courier.say(carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrRateLimited, After: 10 * time.Minute, Message: "too many calls"}})
		d.poll(t, id)
		if a := d.state(t, models.CarrierWaiting); !a.ResumeAt.Equal(db.Now().Add(10*time.Minute)) || a.Failures != 0 {
			t.Errorf("account = %+v", a.CarrierHealth)
		}
		d.offset += 9 * time.Minute
		if d.asked(t, id) {
			t.Error("the carrier was asked before the time that it named")
		}
		d.offset += time.Minute
		d.state(t, models.CarrierHalved)
		d.courier.say(tracking())
		if !d.asked(t, id) || rate() != 0.5 {
			t.Errorf("after the wait the rate is %v", rate())
		}
		d.offset += 1100 * time.Millisecond
		if d.asked(t, id) {
			t.Error("called at the whole rate")
		}
		d.offset += 1100 * time.Millisecond
		if !d.asked(t, id) {
			t.Error("not called at half the rate")
		}
		d.courier.say(failure(carriers.ErrRateLimited)) // again, without a time
		d.offset += 2200 * time.Millisecond
		d.poll(t, id)
		if a := d.state(t, models.CarrierWaiting); !a.ResumeAt.Equal(db.Now().Add(5 * time.Minute)) {
			t.Errorf("waits until %v", a.ResumeAt)
		}
		d.offset += 5*time.Minute + time.Hour
		d.state(t, models.CarrierWorks)
		if rate() != 1 {
			t.Errorf("an hour later the rate is %v", rate())
		}
	})
}

// An account's own quota and rate take the place of its carrier's everywhere.
func TestOwnLimits(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		d.courier.limits = carriers.Limits{Batch: 1, PerSecond: 1, PerDay: 2}
		d.courier.say(tracking())
		id := d.add(t)
		limit := func(l models.CarrierLimits) {
			modelstest.Write(t, db, func(tx *models.Tx) error {
				return d.SetLimits(tx, models.AllMerchants(), d.account, l, modelstest.Actor())
			})
		}
		if !d.asked(t, id) {
			t.Fatal("not called within the carrier's quota")
		}
		d.offset += time.Second
		if d.asked(t, id) { // 2 a day, of which a fifth is kept and half the day is over: one
			t.Fatal("called beyond the carrier's quota")
		}
		limit(models.CarrierLimits{QuotaPerDay: 1000, RatePerSecond: 0.1})
		for second, want := range []bool{true, false, true} { // one in ten seconds
			d.offset += 5500 * time.Millisecond
			if d.asked(t, id) != want {
				t.Errorf("after %d times five and a half seconds called: %v", second, !want)
			}
		}
		many := d.addMany(t, d.account, 10)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.leased(t, many); got != 1 {
			t.Errorf("a sweep took %d parcels, want the one that 0.1 a second allows", got)
		}
		limit(models.CarrierLimits{})
		if _, now := d.LimitsOf(d.stored(t)); now != d.courier.limits {
			t.Errorf("limits = %+v", now)
		}
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			return d.SetLimits(tx, models.AllMerchants(), d.account, models.CarrierLimits{RatePerSecond: -1}, modelstest.Actor())
		})
		if err == nil {
			t.Error("a negative rate was taken")
		}
	})
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.courier.say(tracking())
		act := carriers.Act{Reason: "strike until Monday", Actor: modelstest.Actor()}
		do := func(fn func(tx *models.Tx) error) { modelstest.Write(t, db, fn) }
		do(func(tx *models.Tx) error { return d.Pause(tx, models.AllMerchants(), d.account, time.Hour, act) })
		if a := d.state(t, models.CarrierPaused); a.PauseReason != act.Reason || a.PausedBy != "test" || a.PausedUntil == nil {
			t.Errorf("account = %+v", a)
		}
		if d.asked(t, id) {
			t.Error("a paused account calls")
		}
		if got := d.sync(t, id); got != "carrier_account_paused" {
			t.Errorf("sync by hand: %q", got)
		}
		waiting := d.addMany(t, d.account, 2)
		if err := d.Sweep(t.Context()); err != nil || d.leased(t, waiting) != 0 {
			t.Errorf("a sweep took parcels of a paused account, %v", err)
		}
		d.offset += time.Hour
		d.state(t, models.CarrierWorks)
		if !d.asked(t, id) {
			t.Error("the time of the pause is over, and nobody calls")
		}
		do(func(tx *models.Tx) error { return d.Pause(tx, models.AllMerchants(), d.account, 0, act) })
		do(func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(d.account, "key refused")
			return err
		})
		d.offset += 1000 * time.Hour
		d.state(t, models.CarrierStopped)
		do(func(tx *models.Tx) error { return d.Resume(tx, models.AllMerchants(), d.account, act) })
		d.state(t, models.CarrierWorks)
		if !d.asked(t, id) {
			t.Error("a resumed account does not call")
		}
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			return d.Pause(tx, models.AllMerchants(), d.account, 0, carriers.Act{Reason: "  "})
		})
		if err == nil {
			t.Error("paused without a reason")
		}
		entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: d.account}, models.Page{})
		if err != nil || len(entries) != 3 || entries[0].Action != "account.resume" || entries[2].Action != "account.pause" ||
			entries[2].Reason != act.Reason {
			t.Errorf("audit log = %+v, %v", entries, err)
		}
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

// Answers that cannot be read, and failures too few for the breaker, are told
// after some minutes of nothing else; one answer ends it.
func TestAccountThatAnswersNothing(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for _, kind := range []carriers.ErrorKind{carriers.ErrMalformed, carriers.ErrUnavailable} {
			d := frozen(t, db)
			id := d.add(t)
			d.courier.say(failure(kind))
			for range 3 {
				d.state(t, models.CarrierWorks)
				d.poll(t, id)
				d.offset += 2 * time.Minute
			}
			d.state(t, models.CarrierFailing)
			d.courier.say(failure(carriers.ErrNotFound))
			d.poll(t, id)
			if a := d.state(t, models.CarrierWorks); a.FailingAt != nil {
				t.Errorf("%s: after an answer it fails since %v", kind, a.FailingAt)
			}
		}
	})
}

// refuser is a courier whose test fails.
type refuser struct {
	*courier

	err *carriers.Error
}

func (r refuser) Test(context.Context, carriers.Account) (carriers.Probe, error) {
	return carriers.Probe{}, r.err
}

// A test that finds the credentials refused stops the account, as a poll does.
func TestRefusedTestStops(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDepot(t, db)
		d.use(refuser{d.courier, &carriers.Error{Kind: carriers.ErrAuth, Message: "the credentials were refused"}})
		if got, err := d.TestAccount(t.Context(), models.AllMerchants(), d.account); err != nil || got.OK {
			t.Fatalf("test: %+v, %v", got, err)
		}
		if a := d.state(t, models.CarrierStopped); a.StopReason != "the credentials were refused" {
			t.Errorf("stopped for %q", a.StopReason)
		}
	})
}
