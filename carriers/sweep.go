package carriers

import (
	"context"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// SweepEvery is the period of sweeps.
const SweepEvery = 5 * time.Second

// sweepLimit bounds how many due parcels one sweep looks at.
const sweepLimit = 1000

// Sweep finds the parcels that are due and enqueues their polls, batched by
// account, no more than each account can make until the next sweep.
func (s *Service) Sweep(ctx context.Context) error {
	due, err := s.db.DueShipments(ctx, sweepLimit)
	if err != nil || len(due) == 0 {
		return err
	}
	stored, err := s.db.CarrierAccounts(ctx, models.AllMerchants())
	if err != nil {
		return err
	}
	byAccount := map[string][]string{}
	for i := range due {
		id := *due[i].CarrierAccountID
		byAccount[id] = append(byAccount[id], due[i].ID)
	}
	for i := range stored {
		if err := s.sweepAccount(ctx, &stored[i], byAccount[stored[i].ID]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sweepAccount(ctx context.Context, a *models.CarrierAccount, ids []string) error {
	carrier, known := s.carriers[a.Kind]
	if !known || len(ids) == 0 || !a.Enabled || a.StoppedAt != nil ||
		(a.ResumeAt != nil && a.ResumeAt.After(s.db.Now())) {
		return nil
	}
	limits := carrier.Limits()
	calls := max(1, int(limits.PerSecond*SweepEvery.Seconds()))
	for range calls {
		if len(ids) == 0 {
			return nil
		}
		batch := ids[:min(max(limits.Batch, 1), len(ids))]
		ids = ids[len(batch):]
		err := s.db.Write(ctx, func(tx *models.Tx) error {
			claimed, err := tx.ClaimShipments(batch, tx.Now().Add(pollLease))
			if err != nil || len(claimed) == 0 {
				return err
			}
			tx.Enqueue(models.PollArgs{AccountID: a.ID, ShipmentIDs: claimed})
			return nil
		})
		if err != nil {
			return fmt.Errorf("enqueue polls of account %s: %w", a.ID, err)
		}
	}
	return nil
}
