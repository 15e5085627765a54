package carriers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// SweepEvery is the period of sweeps.
const SweepEvery = 5 * time.Second

// Sweep finds the parcels that are due and enqueues their polls, batched by
// account. Each account is looked at by itself, so that neither the backlog nor
// the trouble of one keeps the parcels of others waiting.
func (s *Service) Sweep(ctx context.Context) error {
	stored, err := s.db.CarrierAccounts(ctx, models.AllMerchants())
	if err != nil {
		return err
	}
	var errs []error
	for i := range stored {
		if err := s.sweepAccount(ctx, &stored[i]); err != nil {
			errs = append(errs, fmt.Errorf("enqueue polls of account %s: %w", stored[i].ID, err))
		}
	}
	return errors.Join(errs...)
}

// sweepAccount enqueues no more polls than the account can make until the next
// sweep.
func (s *Service) sweepAccount(ctx context.Context, a *models.CarrierAccount) error {
	carrier, known := s.carriers[a.Kind]
	if !known || !a.Enabled || a.StoppedAt != nil || (a.ResumeAt != nil && a.ResumeAt.After(s.db.Now())) {
		return nil
	}
	limits := carrier.Limits()
	calls, batch := max(1, int(limits.PerSecond*SweepEvery.Seconds())), max(1, limits.Batch)
	due, err := s.db.DueShipments(ctx, a.ID, calls*batch)
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(due, batch) {
		err := s.db.Write(ctx, func(tx *models.Tx) error {
			claimed, err := tx.ClaimShipments(ids, tx.Now().Add(pollLease))
			if err != nil || len(claimed) == 0 {
				return err
			}
			tx.Enqueue(models.PollArgs{AccountID: a.ID, ShipmentIDs: claimed})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
