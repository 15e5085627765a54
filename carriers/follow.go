package carriers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// followBatch is how many parcels one transaction gives to an account; each is
// a few words.
const followBatch = 500

// Follow gives an account the parcels of its merchant that nobody asks about:
// those that were told of before there was an account, and those of accounts
// that were disabled. Those of one that is disabled now go to the others.
func (s *Service) Follow(ctx context.Context, accountID string) error {
	account, err := s.db.CarrierAccount(ctx, models.AllMerchants(), accountID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if account.Enabled {
		if err := s.askRefusedAgain(ctx, account); err != nil {
			return err
		}
		return s.followWith(ctx, account)
	}
	accounts, err := s.db.CarrierAccounts(ctx, models.MerchantScope(account.MerchantID))
	if err != nil {
		return err
	}
	for i := range accounts {
		if accounts[i].Enabled {
			if err := s.followWith(ctx, &accounts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// askRefusedAgain makes parcels due whose question was refused to credentials that
// were being replaced just then.
func (s *Service) askRefusedAgain(ctx context.Context, account *models.CarrierAccount) error {
	if account.StoppedAt != nil {
		return nil
	}
	err := s.db.Write(ctx, func(tx *models.Tx) error { return tx.AskRefusedAgain(account.ID) })
	if err != nil {
		return fmt.Errorf("ask again with account %s: %w", account.ID, err)
	}
	return nil
}

func (s *Service) followWith(ctx context.Context, account *models.CarrierAccount) error {
	codes, err := s.follows(ctx, account)
	if err != nil || len(codes) == 0 {
		return err
	}
	for {
		given := 0
		err := s.db.Write(ctx, func(tx *models.Tx) (err error) {
			given, err = tx.FollowShipments(account, codes, followBatch)
			return err
		})
		if err != nil {
			return fmt.Errorf("follow parcels with account %s: %w", account.ID, err)
		}
		if given < followBatch {
			return nil
		}
	}
}

// follows are the carriers whose parcels an account is asked about: its own, or
// for an aggregator's account all that the merchant has no account of their own
// for.
func (s *Service) follows(ctx context.Context, a *models.CarrierAccount) ([]string, error) {
	kind, _ := credentials.KindOf(credentials.Carriers, a.Kind)
	if !kind.Aggregator {
		return []string{a.Kind}, nil
	}
	accounts, err := s.db.CarrierAccounts(ctx, models.MerchantScope(a.MerchantID))
	if err != nil {
		return nil, err
	}
	codes := []string{a.Kind}
	for _, k := range credentials.Kinds(credentials.Carriers) {
		own := slices.ContainsFunc(accounts, func(other models.CarrierAccount) bool { return other.Kind == k.Name && other.Enabled })
		if !k.Aggregator && k.Name != "sandbox" && !own {
			codes = append(codes, k.Name)
		}
	}
	return codes, nil
}
