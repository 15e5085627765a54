package carriers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// ErrNoWebhooks is returned for accounts whose carrier sends none.
var ErrNoWebhooks = errors.New("the carrier of this account sends no webhooks")

// RejectedWebhookError is the error of a webhook that is not the carrier's own;
// it wraps ErrSignature.
type RejectedWebhookError struct {
	Kind   string // of the account
	Reason error
}

func (r RejectedWebhookError) Error() string { return r.Reason.Error() }

// Unwrap leads to ErrSignature.
func (r RejectedWebhookError) Unwrap() error { return r.Reason }

// Receive stores what a carrier told by webhook, after its signature was
// checked, and has it applied in the background. It returns the answer that the
// carrier expects; a RejectedWebhookError stores nothing.
func (s *Service) Receive(ctx context.Context, accountID string, w Webhook) (Acknowledgment, error) {
	stored, err := s.db.CarrierAccount(ctx, models.AllMerchants(), accountID)
	if err != nil {
		return Acknowledgment{}, err
	}
	notifier, account, err := s.notifier(stored)
	if err != nil {
		return Acknowledgment{}, err
	}
	if err := notifier.Verify(account, w); err != nil {
		return Acknowledgment{}, RejectedWebhookError{stored.Kind, err}
	}
	events := inboundEvents(stored, notifier, account, storable(w.Body))
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		_, err := tx.ReceiveInbound(events)
		return err
	})
	if err != nil {
		return Acknowledgment{}, fmt.Errorf("keep webhook of account %s: %w", stored.ID, err)
	}
	return notifier.Acknowledge(), nil
}

// Notifies reports whether the carrier of a kind of account sends webhooks.
func (s *Service) Notifies(kind string) bool {
	_, ok := s.carriers[kind].(Notifier)
	return ok
}

// notifier opens an account of a carrier that sends webhooks.
func (s *Service) notifier(stored *models.CarrierAccount) (Notifier, Account, error) {
	carrier, account, err := s.open(stored)
	if err != nil {
		return nil, Account{}, err
	}
	notifier, ok := carrier.(Notifier)
	if !ok {
		return nil, Account{}, ErrNoWebhooks
	}
	return notifier, account, nil
}

// inboundEvents is what is stored of a verified body. One that cannot be read is
// kept as well: whoever mends that can replay it.
func inboundEvents(stored *models.CarrierAccount, n Notifier, account Account, body string) []models.InboundEvent {
	event := models.InboundEvent{MerchantID: stored.MerchantID, AccountID: stored.ID, Body: body}
	notices, err := n.Read(account, []byte(body))
	if err != nil || len(notices) == 0 {
		event.EventID, event.Type = "unread_"+digest(body), "unread"
		return []models.InboundEvent{event}
	}
	events := make([]models.InboundEvent, len(notices))
	for i := range notices {
		e := event
		e.EventID, e.Subject = eventID(&notices[i], i, body), Text(notices[i].Number, maxText)
		e.Type = Text(notices[i].Type, MaxCode)
		events[i] = e
	}
	return events
}

// eventID names a notice: by the carrier's own id of the message and its place
// in it, or by what the message says.
func eventID(n *Notice, place int, body string) string {
	id := Text(n.ID, MaxCode)
	if id == "" {
		id = "body_" + digest(body)
	}
	return fmt.Sprintf("%s/%d", id, place)
}

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:16])
}

// unmatchedWaits are how long news of a parcel that is not known here wait: the
// shop may still be about to tell of it.
var unmatchedWaits = []time.Duration{5 * time.Second, time.Minute, 15 * time.Minute, 2 * time.Hour}

// ApplyNews applies what a carrier told. Applying is safe to repeat: what is
// known already changes nothing.
func (s *Service) ApplyNews(ctx context.Context, id string) error {
	e, err := s.db.InboundEvent(ctx, models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil || e.Status != models.InboundReceived {
		return err
	}
	notice, err := s.notice(ctx, e)
	if _, unread := errors.AsType[unreadableError](err); unread {
		s.log.ErrorContext(ctx, "webhook cannot be read", "inbound", e.ID, "account", e.AccountID, "error", err)
		return s.db.Write(ctx, func(tx *models.Tx) error {
			return tx.MarkInbound(e, models.InboundFate{Status: models.InboundError, Detail: err.Error()})
		})
	}
	if err != nil {
		return fmt.Errorf("apply webhook %s: %w", id, err)
	}
	err = s.db.Write(ctx, func(tx *models.Tx) error { return s.applyNotice(tx, e, notice) })
	if err != nil {
		return fmt.Errorf("apply webhook %s: %w", id, err)
	}
	return nil
}

// unreadableError is why a stored event cannot be read until somebody mends that.
type unreadableError struct{ error }

func (u unreadableError) Unwrap() error { return u.error }

// notice reads the stored body once more and finds what the event was about.
func (s *Service) notice(ctx context.Context, e *models.InboundEvent) (*Notice, error) {
	stored, err := s.db.CarrierAccount(ctx, models.AllMerchants(), e.AccountID)
	if errors.Is(err, models.ErrNotFound) {
		err = unreadableError{err}
	}
	if err != nil {
		return nil, err
	}
	notifier, account, err := s.notifier(stored)
	if err != nil {
		return nil, unreadableError{err}
	}
	notices, err := notifier.Read(account, []byte(e.Body))
	if err != nil {
		return nil, unreadableError{err}
	}
	for i := range notices {
		if eventID(&notices[i], i, e.Body) == e.EventID {
			return &notices[i], nil
		}
	}
	return nil, unreadableError{errors.New("the body no longer tells of this event")}
}

// applyNotice finds the parcels that a notice is about and applies it to each:
// two orders may lie in one parcel.
func (s *Service) applyNotice(tx *models.Tx, e *models.InboundEvent, n *Notice) error {
	if n.Tracking == nil {
		return tx.MarkInbound(e, models.InboundFate{Status: models.InboundStale, Detail: "of no consequence"})
	}
	ids, err := tx.ShipmentsOfAccount(e.MerchantID, e.AccountID, n.Service, n.Number)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		if e.Tries < len(unmatchedWaits) {
			return tx.PostponeInbound(e, tx.Now().Add(unmatchedWaits[e.Tries]))
		}
		return tx.MarkInbound(e, models.InboundFate{Status: models.InboundUnmatched})
	}
	if err := tx.LockShipments(ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.apply(tx, id, Answer{Tracking: n.Tracking, told: e.ReceivedAt}, causeWebhook); err != nil {
			return err
		}
	}
	return tx.MarkInbound(e, models.InboundFate{Status: models.InboundApplied, ShipmentID: &ids[0]})
}
