package payments

import (
	"context"
	"time"

	"github.com/tillpost/tillpost/models"
)

// TestAccount checks the credentials of a payment account with the provider
// and stores the result on the account.
func (s *Service) TestAccount(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error) {
	stored, err := s.db.GatewayAccount(ctx, scope, id)
	if err != nil {
		return models.AccountTest{}, err
	}
	test, asked := s.test(ctx, stored)
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.NoteAccountTest(id, test); err != nil || !asked || !test.OK {
			return err
		}
		return tx.NoteGatewayAccess(id, "")
	})
	return test, err
}

// test says how a test went, and whether the provider was asked.
func (s *Service) test(ctx context.Context, stored *models.GatewayAccount) (test models.AccountTest, asked bool) {
	provider, account, err := s.openAccount(stored)
	if err != nil {
		return models.AccountTest{Message: err.Error()}, false
	}
	tester, ok := provider.(Tester)
	if !ok {
		return models.AccountTest{OK: true, Message: "stored; this provider has no call to test credentials with"}, false
	}
	ctx, cancel := context.WithTimeout(ctx, s.policy.Timeout)
	defer cancel()
	start := time.Now()
	if err := tester.Test(ctx, account); err != nil {
		return models.AccountTest{Message: err.Error(), LatencyMS: time.Since(start).Milliseconds()}, true
	}
	return models.AccountTest{OK: true, LatencyMS: time.Since(start).Milliseconds()}, true
}
