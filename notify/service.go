package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
)

// Bounds of one attempt.
const (
	// timeout is how long an endpoint may take to answer.
	timeout = 15 * time.Second
	// lease is how long a claimed delivery may be under way before its worker
	// counts as dead; above the timeout and the time to store the result.
	lease = 45 * time.Second
	// storing bounds the storing of a result, even while the process stops.
	storing = 10 * time.Second
	// failingLimit is how long an endpoint may only fail before it is disabled.
	failingLimit = 5 * 24 * time.Hour
)

// Service delivers events to merchants' endpoints.
type Service struct {
	db     *models.DB
	vault  *credentials.Vault
	poster *poster
	busy   *busy
	log    *slog.Logger
}

// NewService wires the service.
func NewService(db *models.DB, vault *credentials.Vault, opts Options, log *slog.Logger) *Service {
	return &Service{db: db, vault: vault, poster: newPoster(opts), busy: newBusy(), log: log}
}

// Deliver makes the next attempt of a delivery and stores what came of it. It
// returns how long to wait when the attempt cannot be made yet.
func (s *Service) Deliver(ctx context.Context, id string) (wait time.Duration, err error) {
	d, err := s.db.Delivery(ctx, models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if wait, free := s.busy.enter(d.EndpointID); !free {
		return wait, nil
	}
	defer s.busy.leave(d.EndpointID)
	job, wait, err := s.claim(ctx, id)
	if err != nil || job == nil {
		return wait, err
	}
	secrets, err := s.secrets(job.endpoint)
	if err != nil {
		s.log.ErrorContext(ctx, "webhook secret cannot be opened", "endpoint", job.endpoint.ID, "error", err)
		return 0, s.finish(ctx, job, outcome{attempt: models.DeliveryAttempt{
			StartedAt: s.db.Now(), Error: "the signing secret cannot be opened: rotate it",
		}})
	}
	return 0, s.finish(ctx, job, s.poster.post(ctx, job, secrets, s.db.Now()))
}

// claimed is a delivery that this worker alone may attempt now.
type claimed struct {
	delivery *models.Delivery
	event    *models.Event
	endpoint *models.Endpoint
}

// claim takes the delivery and counts the attempt. It returns nil when there is
// nothing to do, with how long to wait if that is because it is too early.
func (s *Service) claim(ctx context.Context, id string) (*claimed, time.Duration, error) {
	var (
		job  *claimed
		wait time.Duration
	)
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		job, wait = nil, 0
		ok, err := tx.ClaimDelivery(id, lease)
		if err != nil {
			return err
		}
		d, err := tx.Delivery(id)
		if err != nil {
			return err
		}
		if !ok {
			wait = due(d, tx.Now())
			return nil
		}
		endpoint, err := tx.Endpoint(models.AllMerchants(), d.EndpointID)
		if errors.Is(err, models.ErrNotFound) {
			return tx.CancelDelivery(d, "endpoint_deleted")
		}
		if err != nil {
			return err
		}
		if endpoint.DisabledAt != nil {
			return tx.CancelDelivery(d, "endpoint_disabled")
		}
		event, err := tx.Event(d.EventID)
		if err != nil {
			return err
		}
		job = &claimed{delivery: d, event: event, endpoint: endpoint}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claim delivery %s: %w", id, err)
	}
	return job, wait, nil
}

// due is how long until a delivery that was not to be had comes due: its time
// has not come by this clock, or another worker holds it and may die.
func due(d *models.Delivery, now time.Time) time.Duration {
	switch {
	case (d.Status == models.DeliveryPending || d.Status == models.DeliveryRetrying) && d.NextAttemptAt != nil:
		return max(d.NextAttemptAt.Sub(now), time.Millisecond)
	case d.Status == models.DeliveryDelivering && d.LeaseUntil != nil:
		return max(d.LeaseUntil.Sub(now), time.Second)
	default:
		return 0
	}
}

// secrets are the signing secrets that are valid now, the newest first.
func (s *Service) secrets(e *models.Endpoint) ([]string, error) {
	current, err := s.vault.OpenEndpoint(e.MerchantID, e.ID, e.Secret)
	if err != nil {
		return nil, err
	}
	secrets := []string{current}
	if e.PreviousSecret != "" && e.PreviousSecretExpiresAt != nil && s.db.Now().Before(*e.PreviousSecretExpiresAt) {
		old, err := s.vault.OpenEndpoint(e.MerchantID, e.ID, e.PreviousSecret)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, old)
	}
	return secrets, nil
}

// finish stores an attempt and plans the next one.
func (s *Service) finish(ctx context.Context, job *claimed, o outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		status, next := models.DeliveryDelivered, (*time.Time)(nil)
		if !o.delivered {
			status = models.DeliveryExhausted
			made := job.delivery.Attempts - job.delivery.RoundStart
			if wait, again := NextAttempt(made, rand.Float64, o.failure); again && !o.gone {
				at := tx.Now().Add(wait)
				status, next = models.DeliveryRetrying, &at
			}
		}
		if err := tx.FinishDelivery(job.delivery, o.attempt, status, next); err != nil {
			return err
		}
		return s.noteHealth(tx, job.endpoint, o)
	})
	if err != nil {
		return fmt.Errorf("store attempt of delivery %s: %w", job.delivery.ID, err)
	}
	return nil
}

// noteHealth disables an endpoint that is gone or has only failed for days.
func (s *Service) noteHealth(tx *models.Tx, e *models.Endpoint, o outcome) error {
	switch {
	case o.delivered && e.FailingSince == nil:
		return nil
	case o.delivered:
		return tx.NoteEndpointHealth(e.ID, true)
	case o.gone:
		return tx.DisableEndpoint(e.ID, "gone")
	case e.FailingSince == nil:
		return tx.NoteEndpointHealth(e.ID, false)
	case tx.Now().Sub(*e.FailingSince) > failingLimit:
		return tx.DisableEndpoint(e.ID, "failing")
	default:
		return nil
	}
}
