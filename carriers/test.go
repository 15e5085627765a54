package carriers

import (
	"context"
	"time"

	"github.com/tillpost/tillpost/models"
)

// testPatience is how long the test of an account waits for its turn among the
// account's other calls.
const testPatience = 10 * time.Second

// TestAccount checks the credentials of a carrier account with the carrier and
// stores the result on the account.
func (s *Service) TestAccount(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error) {
	stored, err := s.db.CarrierAccount(ctx, scope, id)
	if err != nil {
		return models.AccountTest{}, err
	}
	test, err := s.test(ctx, stored)
	if err != nil {
		return models.AccountTest{}, err
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error { return tx.NoteAccountTest(id, test) })
	return test, err
}

func (s *Service) test(ctx context.Context, stored *models.CarrierAccount) (models.AccountTest, error) {
	carrier, account, err := s.open(stored)
	if err != nil {
		return models.AccountTest{Message: err.Error()}, nil
	}
	tester, ok := carrier.(Tester)
	if !ok {
		return models.AccountTest{OK: true, Message: "stored; this carrier has no call to test credentials with"}, nil
	}
	wait, err := s.turn(ctx, stored, carrier.Limits())
	if err != nil {
		return models.AccountTest{}, err
	}
	if wait > 0 {
		return models.AccountTest{Message: "no call left: by the carrier's limits the next is in " + wait.Round(time.Second).String()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	start := time.Now()
	err = tester.Test(ctx, account)
	test := models.AccountTest{OK: err == nil, LatencyMS: time.Since(start).Milliseconds()}
	if err != nil {
		test.Message = err.Error()
	}
	return test, nil
}

// turn takes one call of the account for a test, and waits a little for it. It
// says how long there is none when that is too long.
func (s *Service) turn(ctx context.Context, stored *models.CarrierAccount, l Limits) (time.Duration, error) {
	for until := time.Now().Add(testPatience); ; {
		wait, err := s.takeCall(ctx, stored, l, call{urgent: true, test: true})
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
