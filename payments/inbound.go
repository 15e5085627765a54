package payments

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// ErrNoWebhooks is returned for accounts whose provider sends none.
var ErrNoWebhooks = errors.New("the provider of this account sends no webhooks")

// RejectedWebhookError is the error of a webhook that is not the provider's own; it
// wraps ErrSignature.
type RejectedWebhookError struct {
	Kind   string // of the account
	Reason error
}

func (r RejectedWebhookError) Error() string { return r.Reason.Error() }

// Unwrap leads to ErrSignature.
func (r RejectedWebhookError) Unwrap() error { return r.Reason }

// Receive stores what a provider told by webhook, after its signature was
// checked, and has it applied in the background. It returns the answer that the
// provider expects; a RejectedWebhookError stores nothing.
func (s *Service) Receive(ctx context.Context, accountID string, w Webhook) (Acknowledgment, error) {
	stored, err := s.db.GatewayAccount(ctx, models.AllMerchants(), accountID)
	if err != nil {
		return Acknowledgment{}, err
	}
	provider, account, err := s.openAccount(stored)
	if err != nil {
		return Acknowledgment{}, err
	}
	notifier, ok := provider.(Notifier)
	if !ok {
		return Acknowledgment{}, ErrNoWebhooks
	}
	ctx, cancel := context.WithTimeout(ctx, s.policy.Timeout)
	defer cancel()
	err = notifier.Verify(ctx, account, w)
	if errors.Is(err, ErrSignature) {
		return Acknowledgment{}, RejectedWebhookError{stored.Kind, err}
	}
	if err != nil {
		return Acknowledgment{}, fmt.Errorf("verify webhook: %w", err)
	}
	if _, err := s.keep(ctx, stored, notifier, account, w.Body); err != nil {
		return Acknowledgment{}, err
	}
	return notifier.Acknowledge(), nil
}

// keep stores what a verified body tells. One that cannot be read is kept as
// well: whoever mends that can replay it.
func (s *Service) keep(ctx context.Context, stored *models.GatewayAccount, n Notifier, account Account, body []byte) (k kept, err error) {
	event := models.InboundEvent{MerchantID: stored.MerchantID, AccountID: stored.ID, Body: string(body)}
	var events []models.InboundEvent
	notices, readErr := n.Read(account, body)
	for i := range notices {
		e := event
		e.EventID, e.Type, e.Subject = notices[i].ID, notices[i].Type, string(notices[i].Subject)
		if at := notices[i].OccurredAt; !at.IsZero() {
			e.OccurredAt, k.until = &at, latest(k.until, at)
		}
		events = append(events, e)
	}
	if readErr != nil || len(notices) == 0 {
		sum := sha256.Sum256(body)
		event.EventID, event.Type, event.Subject = "unread_"+hex.EncodeToString(sum[:16]), "unread", string(SubjectNone)
		events = append(events, event)
	}
	err = s.db.Write(ctx, func(tx *models.Tx) (err error) {
		k.fresh, err = tx.ReceiveInbound(events)
		return err
	})
	if err != nil {
		return k, fmt.Errorf("keep webhook of account %s: %w", stored.ID, err)
	}
	return k, nil
}

// kept is what storing a body came to.
type kept struct {
	fresh int       // events that were not known yet
	until time.Time // when the newest of them happened
}

// unmatchedWaits are how long an event about nothing that is known here waits:
// the answer that names it may still be on its way.
var unmatchedWaits = []time.Duration{2 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}

// ApplyInbound applies a stored event. Applying is safe to repeat: what is known
// already, or overtaken, changes nothing.
func (s *Service) ApplyInbound(ctx context.Context, id string) error {
	e, err := s.db.InboundEvent(ctx, models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil || e.Status != models.InboundReceived {
		return err
	}
	notice, err := s.notice(ctx, e)
	if _, unread := errors.AsType[unreadableError](err); err != nil && !unread {
		return fmt.Errorf("apply webhook %s: %w", id, err) // a database that is away: the job comes again
	}
	if err != nil {
		s.log.ErrorContext(ctx, "webhook cannot be read", "inbound", e.ID, "account", e.AccountID, "error", err)
		return s.db.Write(ctx, func(tx *models.Tx) error {
			return tx.MarkInbound(e, models.InboundFate{Status: models.InboundError, Detail: err.Error()})
		})
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		outcome, paymentID, err := s.applyNotice(ctx, tx, e, notice)
		var refused *models.Error
		switch {
		case errors.As(err, &refused) && refused.Code != "changed_meanwhile":
			return refusedNoticeError{refused}
		case err != nil:
			return err
		case outcome == models.InboundUnmatched && e.Tries < len(unmatchedWaits):
			return tx.PostponeInbound(e, tx.Now().Add(unmatchedWaits[e.Tries]))
		}
		return tx.MarkInbound(e, models.InboundFate{Status: outcome, PaymentID: paymentID})
	})
	if refused, ok := errors.AsType[refusedNoticeError](err); ok {
		// What was begun is undone: the event waits for somebody to look at it.
		s.log.ErrorContext(ctx, "webhook cannot be applied", "inbound", e.ID, "type", e.Type, "error", refused)
		err = s.db.Write(ctx, func(tx *models.Tx) error {
			return tx.MarkInbound(e, models.InboundFate{Status: models.InboundError, Detail: refused.Error()})
		})
	}
	if err != nil {
		return fmt.Errorf("apply webhook %s: %w", id, err)
	}
	return nil
}

// refusedNoticeError undoes the transaction that could not apply a notice.
type refusedNoticeError struct{ why *models.Error }

func (r refusedNoticeError) Error() string { return r.why.Error() }

// unreadableError is why a stored event cannot be read until somebody mends that.
type unreadableError struct{ error }

func (u unreadableError) Unwrap() error { return u.error }

// notice reads the stored body once more and finds what the event was about.
func (s *Service) notice(ctx context.Context, e *models.InboundEvent) (Notice, error) {
	stored, err := s.db.GatewayAccount(ctx, models.AllMerchants(), e.AccountID)
	if errors.Is(err, models.ErrNotFound) {
		err = unreadableError{err}
	}
	if err != nil {
		return Notice{}, err
	}
	provider, account, err := s.openAccount(stored)
	if err != nil {
		return Notice{}, unreadableError{err}
	}
	notifier, ok := provider.(Notifier)
	if !ok {
		return Notice{}, unreadableError{ErrNoWebhooks}
	}
	notices, err := notifier.Read(account, []byte(e.Body))
	if err != nil {
		return Notice{}, unreadableError{err}
	}
	for i := range notices {
		if notices[i].ID == e.EventID {
			return notices[i], nil
		}
	}
	return Notice{}, unreadableError{errors.New("the body no longer tells of this event")}
}

// ReplayInbound has a stored event applied once more.
func (s *Service) ReplayInbound(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	e, err := tx.ReplayInbound(scope, id)
	if err != nil {
		return err
	}
	return tx.Audit(actor, models.AuditEntry{MerchantID: &e.MerchantID, Action: "inbound.replay", ObjectID: e.ID})
}
