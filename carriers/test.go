package carriers

import (
	"context"
	"errors"
	"time"

	"github.com/tillpost/tillpost/models"
)

// testPatience is how long the test of an account waits for its turn among the
// account's other calls.
const testPatience = 10 * time.Second

// What a test finds that is no error of the carrier.
const (
	TestNoCall   = "no_call"   // this carrier has none to test credentials with
	TestNoTurn   = "no_turn"   // by the account's limits there is none left now
	TestUnusable = "unusable"  // the account cannot be opened here
	TestOther    = "no_answer" // the test itself failed
)

// TestAccount checks the credentials of a carrier account with the carrier and
// stores the result on the account, with the calls that it took. Refused
// credentials stop it.
func (s *Service) TestAccount(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error) {
	stored, err := s.db.CarrierAccount(ctx, scope, id)
	if err != nil {
		return models.AccountTest{}, err
	}
	tested, err := s.test(ctx, stored)
	if err != nil {
		return models.AccountTest{}, err
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.NoteAccountTest(id, tested.AccountTest); err != nil || !tested.asked {
			return err
		}
		a, err := tx.CarrierAccount(models.AllMerchants(), id)
		if err != nil {
			return err
		}
		if err := tx.SetCarrierHealth(a, afterTest(a, tested.failure, tx.Now())); err != nil {
			return err
		}
		if f := tested.failure; f != nil && f.Kind == ErrAuth && sameCredentials(a, stored) { // as any other call finds it
			if _, err := tx.StopCarrierAccount(id, f.Message); err != nil {
				return err
			}
		}
		if tested.extra > 0 {
			if err := tx.CountCarrierCalls(id, tested.extra, tx.Now().Add(tested.interval)); err != nil {
				return err
			}
		}
		return tx.AddCarrierCalls(tested.calls)
	})
	return tested.AccountTest, err
}

// tested is a test with what it took.
type tested struct {
	models.AccountTest

	asked    bool // the carrier
	failure  *Error
	calls    []models.CarrierCall // those that are kept
	extra    int                  // calls beside the one that was taken before: whoever tests does not wait for them
	interval time.Duration        // after the last one
}

func (s *Service) test(ctx context.Context, stored *models.CarrierAccount) (tested, error) {
	carrier, account, err := s.open(stored)
	if err != nil {
		return tested{AccountTest: models.AccountTest{Kind: TestUnusable, Message: err.Error()}}, nil
	}
	tester, ok := carrier.(Tester)
	if !ok {
		return tested{AccountTest: models.AccountTest{
			OK: true, Kind: TestNoCall, Message: "stored; this carrier has no call to test credentials with",
		}}, nil
	}
	limits := s.limits(carrier, stored)
	wait, err := s.turn(ctx, stored, limits)
	if err != nil {
		return tested{}, err
	}
	if wait > 0 {
		return tested{AccountTest: models.AccountTest{
			Kind: TestNoTurn, Message: "no call left: by the account's limits the next is in " + wait.Round(time.Second).String(),
		}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ctx, log := s.record(ctx, stored, account, nil)
	start := time.Now()
	probe, err := tester.Test(ctx, account)
	t := tested{asked: true, AccountTest: models.AccountTest{
		OK: err == nil, LatencyMS: time.Since(start).Milliseconds(), Scopes: probe.Scopes, QuotaLeft: probe.QuotaLeft,
	}}
	if err != nil {
		t.Kind, t.Message = TestOther, err.Error()
		if failure, ok := errors.AsType[*Error](err); ok {
			t.Kind, t.Message, t.failure = string(failure.Kind), failure.Message, failure
			log.explain([]Answer{{Err: failure}})
		}
	}
	t.calls, t.extra, t.interval = log.rows(stored, "test"), log.extra(), budget(limits).Interval
	return t, nil
}

// turn takes one call of the account for a test, and waits a little for it. It
// says how long there is none when that is too long.
func (s *Service) turn(ctx context.Context, stored *models.CarrierAccount, l Limits) (time.Duration, error) {
	for until := time.Now().Add(testPatience); ; {
		_, wait, err := s.takeCall(ctx, stored, l, call{use: forPeople, test: true})
		if err != nil || wait == 0 || time.Now().Add(wait).After(until) {
			return wait, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
