package notify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tillpost/tillpost/models"
)

// claim takes deliveries and loads what is needed to post them.
func (s *Service) claim(ctx context.Context, request models.ClaimRequest) (c claim) {
	c.asked = request.Endpoints
	c.err = s.db.Write(ctx, func(tx *models.Tx) (err error) {
		c.lanes, err = tx.ClaimDeliveries(request)
		return err
	})
	if c.err != nil {
		c.err = fmt.Errorf("claim deliveries: %w", c.err)
		return c
	}
	for i := range c.lanes {
		c.parcels = append(c.parcels, s.parcels(&c.lanes[i])...)
	}
	return c
}

// parcels are the deliveries of a lane, ready to be posted.
func (s *Service) parcels(l *models.Lane) []*parcel {
	if len(l.Deliveries) == 0 {
		return nil
	}
	e := &l.Endpoint
	secrets, err := s.secrets(e)
	if err != nil {
		s.log.Error("webhook secret cannot be opened", "endpoint", e.ID, "error", err)
	}
	headers, err := s.vault.OpenHeaders(e.MerchantID, e.ID, e.Headers)
	if err != nil {
		s.log.Error("webhook headers cannot be opened", "endpoint", e.ID, "error", err)
		secrets = nil // without them it would be refused, or go astray
	}
	parcels := make([]*parcel, 0, len(l.Deliveries))
	for _, d := range l.Deliveries {
		parcels = append(parcels, &parcel{delivery: d, endpoint: e, event: d.Event, secrets: secrets, headers: headers})
	}
	return parcels
}

// store keeps what came of attempts, also while the process stops.
func (s *Service) store(ctx context.Context, results []models.DeliveryResult) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	err := s.db.Write(ctx, func(tx *models.Tx) error { return tx.StoreDeliveries(results, failingLimit) })
	if err != nil {
		return fmt.Errorf("store %d attempts: %w", len(results), err)
	}
	return nil
}

// afterLost is how long to wait after so many attempts, of the last of which
// nobody knows whether it arrived.
func (s *Service) afterLost(attempts int) (time.Duration, bool) {
	wait, more := NextAttempt(attempts, rand.Float64, Failure{})
	return s.opts.paced(wait, 0), more
}

// release gives back deliveries whose worker died, but none of those held here.
func (s *Service) release(ctx context.Context, held []string) error {
	for {
		var n int
		err := s.db.Write(ctx, func(tx *models.Tx) (err error) {
			n, err = tx.ReleaseDeliveries(s.afterLost, releaseBatch, held)
			return err
		})
		if err != nil {
			return fmt.Errorf("release deliveries: %w", err)
		}
		if n < releaseBatch {
			return nil
		}
	}
}
