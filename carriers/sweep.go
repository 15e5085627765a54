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

// headStart is how much longer others have waited who go before a number of which
// its carrier has said nothing yet.
const headStart = 24 * time.Hour

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
	if !known || !a.Callable(s.db.Now()) {
		return nil
	}
	limits := s.limits(carrier, a)
	ids, err := s.choose(ctx, a, limits)
	if err != nil {
		return err
	}
	return s.enqueue(ctx, a.ID, ids, max(1, limits.Batch))
}

// choose finds the parcels to ask for until the next sweep. Those out for
// delivery go first, but leave a quarter of the calls to the others, who wait
// their turn. What is due soon fills the last call up.
func (s *Service) choose(ctx context.Context, a *models.CarrierAccount, l Limits) ([]string, error) {
	now, batch := s.db.Now(), max(1, l.Batch)
	calls := max(1, int(l.PerSecond*SweepEvery.Seconds()))
	if a.BrokenAt != nil {
		calls = 1 // tries whether the carrier answers again
	}
	// What is enqueued and not asked for yet counts: a slow carrier must not
	// fill the queue.
	leased, err := s.db.LeasedShipments(ctx, a.ID, calls*batch)
	if err != nil {
		return nil, err
	}
	if calls -= (leased + batch - 1) / batch; calls <= 0 {
		return nil, nil
	}
	var chosen []string
	used := func() int { return (len(chosen) + batch - 1) / batch }
	// add chooses parcels until so many calls are full in all.
	add := func(full int, d models.Due) error {
		room := full*batch - len(chosen)
		if room <= 0 {
			return nil
		}
		d.AccountID = a.ID
		found, err := s.byTurn(ctx, d, room+len(chosen))
		if err != nil {
			return err
		}
		for _, due := range found {
			if room > 0 && !slices.Contains(chosen, due.ID) {
				chosen = append(chosen, due.ID)
				room--
			}
		}
		return nil
	}
	urgent, ordinary := l.Left(a, true, now), l.Left(a, false, now)
	if err := add(min(calls-calls/4, urgent), models.Due{By: now, Of: models.DueUrgent}); err != nil {
		return nil, err
	}
	first := used()
	if err := add(first+min(calls-first, ordinary), models.Due{By: now, Of: models.DueOrdinary}); err != nil {
		return nil, err
	}
	if err := add(used()+min(calls-used(), urgent-first), models.Due{By: now, Of: models.DueUrgent}); err != nil {
		return nil, err
	}
	return chosen, add(used(), models.Due{By: now.Add(s.ahead())})
}

// byTurn finds the parcels whose turn it is: by how long they have been due, so
// that a quota too small for all goes round among them. A number of which its
// carrier has said nothing yet counts as due since headStart before: whether it is
// right, and on its way, is worth more than the next scan of another.
func (s *Service) byTurn(ctx context.Context, d models.Due, limit int) ([]models.DueShipment, error) {
	due, err := s.db.DueShipments(ctx, d, limit)
	if err != nil || len(due) < limit || d.Of != models.DueOrdinary {
		return due, err
	}
	d.Of = models.DueFirst
	first, err := s.db.DueShipments(ctx, d, limit)
	if err != nil || len(first) == 0 {
		return due, err
	}
	ahead := make(map[string]bool, len(first))
	for i := range first {
		first[i].NextPollAt = first[i].NextPollAt.Add(-s.paced(headStart))
		ahead[first[i].ID] = true
	}
	due = slices.DeleteFunc(due, func(one models.DueShipment) bool { return ahead[one.ID] })
	due = append(first, due...)
	slices.SortStableFunc(due, func(a, b models.DueShipment) int { return a.NextPollAt.Compare(b.NextPollAt) })
	return due[:limit], nil
}

// paced is a wait in the pace of a demonstration.
func (s *Service) paced(wait time.Duration) time.Duration {
	return time.Duration(float64(wait) / max(s.pace, 1))
}

// ahead is how long before its time a parcel may be asked for together with
// others. It is shorter than any interval after an answer, by which a poll that
// is done twice is known.
func (s *Service) ahead() time.Duration { return s.paced(20 * time.Minute) }

// enqueue claims parcels and enqueues their polls.
func (s *Service) enqueue(ctx context.Context, accountID string, due []string, batch int) error {
	for ids := range slices.Chunk(due, batch) {
		err := s.db.Write(ctx, func(tx *models.Tx) error {
			claimed, err := tx.ClaimShipments(ids, tx.Now().Add(s.ahead()), tx.Now().Add(pollLease))
			if err != nil || len(claimed) == 0 {
				return err
			}
			tx.Enqueue(models.PollArgs{AccountID: accountID, ShipmentIDs: claimed})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
