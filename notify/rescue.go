package notify

import (
	"context"
	"fmt"

	"github.com/tillpost/tillpost/models"
)

// rescueBatch bounds one look for stalled deliveries.
const rescueBatch = 500

// Rescue finds deliveries whose job was lost and gives them another.
func (s *Service) Rescue(ctx context.Context) error {
	stalled, err := s.db.StalledDeliveries(ctx, rescueBatch)
	if err != nil || len(stalled) == 0 {
		return err
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		for i := range stalled {
			if err := tx.RequeueDelivery(stalled[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("give stalled deliveries a job: %w", err)
	}
	return nil
}
