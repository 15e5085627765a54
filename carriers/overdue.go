package carriers

import (
	"context"
	"fmt"

	"github.com/tillpost/tillpost/models"
)

// overdueBatch is how many parcels one transaction finds late.
const overdueBatch = 100

// MarkOverdue finds the parcels late that no poll will: time alone breaks a
// promise, whether anybody asks the carrier or not.
func (s *Service) MarkOverdue(ctx context.Context) error {
	for {
		ids, err := s.db.OverdueShipments(ctx, overdueBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := s.db.Write(ctx, func(tx *models.Tx) error { return markOverdue(tx, ids) }); err != nil {
			return fmt.Errorf("mark overdue parcels: %w", err)
		}
	}
}

func markOverdue(tx *models.Tx, ids []string) error {
	if err := tx.LockShipments(ids); err != nil {
		return err
	}
	found, err := tx.OverdueShipments(ids)
	if err != nil {
		return err
	}
	for i := range found {
		c := found[i].Unchanged()
		c.Cause, c.Late = "promise", true
		if err := tx.MoveShipment(&found[i], c); err != nil {
			return err
		}
	}
	return nil
}
