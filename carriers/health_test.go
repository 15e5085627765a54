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
