package carriers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tillpost/tillpost/models"
)

// keptRaw is how much of a carrier's answer is kept with the parcel.
const keptRaw = 16 << 10

// breakerAfter is how many failures in a row stop the calls for a while.
const breakerAfter = 5

// store applies the answers of one call in one transaction and keeps the
// account's health. Once a call was made its answers are stored even if the
// job is being stopped.
func (s *Service) store(
	ctx context.Context, account *models.CarrierAccount, shipments []models.Shipment, answers []Answer,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	ids := make([]string, len(shipments))
	for i := range shipments {
		ids[i] = shipments[i].ID
	}
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.LockShipments(ids); err != nil {
			return err
		}
		for i := range shipments {
			if err := s.apply(tx, shipments[i].ID, answers[i], "poll"); err != nil {
				return err
			}
		}
		return s.noteHealth(ctx, tx, account, answers)
	})
	if err != nil {
		return fmt.Errorf("store answers of account %s: %w", account.ID, err)
	}
	return nil
}

// apply stores one answer: scans first, then the status that follows from all
// stored scans, and when to ask again.
func (s *Service) apply(tx *models.Tx, shipmentID string, answer Answer, cause string) error {
	sh, err := tx.Shipment(models.AllMerchants(), shipmentID)
	if err != nil {
		return err
	}
	if answer.Err != nil {
		c, err := s.afterError(tx, sh, answer.Err)
		if err != nil {
			return err
		}
		return tx.MoveShipment(sh, c)
	}
	t := answer.Tracking
	added, err := tx.AddTrackingEvents(sh, rows(sh, t.Events, tx.Now()))
	if err != nil {
		return err
	}
	in, err := known(tx, sh)
	if err != nil {
		return err
	}
	last, now := in.Header, tx.Now()
	in.Header, in.LastHeader = t.Header, &last
	result := Compute(in)
	c := unchanged(sh)
	c.Cause, c.SyncedAt, c.SyncError, c.SyncKind, c.Failed = cause, &now, "", "", 0
	c.Status, c.StatusReason, c.Late = string(result.Status), string(result.Reason), result.Late
	c.ShippedAt, c.DeliveredAt, c.LastEventAt = result.ShippedAt, result.DeliveredAt, result.LastEventAt
	c.HeaderStatus, c.HeaderAt = string(t.Header.Status), t.Header.At
	c.ETA, c.Raw = t.ETA, text(t.Raw)
	if t.Service != "" {
		c.Service = t.Service
	}
	if t.URL != "" {
		c.TrackingURL = t.URL
	}
	c.Unchanged = sh.UnchangedPolls + 1
	if added > 0 || c.Status != sh.Status {
		c.Unchanged = 0
	}
	c.NextPollAt = s.next(tx, sh, c, nil, in.Destination)
	return tx.MoveShipment(sh, c)
}

// known is what is stored of a parcel, for its status to be derived from.
func known(tx *models.Tx, sh *models.Shipment) (StatusInput, error) {
	stored, err := tx.TrackingEvents(sh.ID)
	if err != nil {
		return StatusInput{}, err
	}
	zone, err := destination(tx, sh)
	return StatusInput{
		Scans: scans(stored), Header: header(sh),
		Previous: Status(sh.Status), Reason: Reason(sh.StatusReason), DeliveredAt: sh.DeliveredAt,
		Since: sh.CreatedAt, PromisedAt: sh.PromisedAt, International: postal(sh.TrackingNumber),
		Destination: zone, Now: tx.Now(),
	}, err
}

// afterError keeps all that is known of the parcel and notes why there was no
// news. Without news time goes on all the same: a promise is broken, and a
// parcel that was silent for too long expires.
func (s *Service) afterError(tx *models.Tx, sh *models.Shipment, e *Error) (models.ShipmentChange, error) {
	c := unchanged(sh)
	in, err := known(tx, sh)
	if err != nil {
		return c, err
	}
	result := Compute(in)
	c.Late = result.Late
	if result.Status == StatusExpired {
		c.Status = string(StatusExpired)
	}
	c.Cause, c.Failed = "poll", sh.FailedPolls+1
	c.SyncError, c.SyncKind = e.Message, string(e.Kind)
	if len(e.Raw) > 0 {
		c.Raw = text(e.Raw)
	}
	c.NextPollAt = s.next(tx, sh, c, e, in.Destination)
	return c, nil
}

func (s *Service) next(
	tx *models.Tx, sh *models.Shipment, c models.ShipmentChange, e *Error, zone *time.Location,
) *time.Time {
	return NextPoll(PollInput{
		Status: Status(c.Status), Reason: Reason(c.StatusReason), Since: sh.CreatedAt, Unchanged: c.Unchanged,
		Failed: c.Failed, Err: e, Zone: zone, Now: tx.Now(), Pace: s.pace, Random: rand.Float64,
	})
}

// unchanged is the change that changes nothing.
func unchanged(sh *models.Shipment) models.ShipmentChange {
	return models.ShipmentChange{
		Status: sh.Status, StatusReason: sh.StatusReason, HeaderStatus: sh.HeaderStatus, HeaderAt: sh.HeaderAt,
		Late: sh.Late, ETA: sh.ETA, ShippedAt: sh.ShippedAt, DeliveredAt: sh.DeliveredAt, LastEventAt: sh.LastEventAt,
		Service: sh.Service, TrackingURL: sh.TrackingURL, Raw: sh.Raw, NextPollAt: sh.NextPollAt,
		Unchanged: sh.UnchangedPolls, Failed: sh.FailedPolls, SyncError: sh.SyncError, SyncKind: sh.SyncErrorKind,
	}
}

// noteHealth stops an account whose credentials were refused, and pauses one
// whose carrier asks to wait or is down.
func (s *Service) noteHealth(
	ctx context.Context, tx *models.Tx, account *models.CarrierAccount, answers []Answer,
) error {
	worst := worstError(answers)
	switch {
	case worst == nil:
		return tx.NoteCarrierCall(account.ID, true, nil)
	case worst.Kind == ErrAuth:
		s.log.ErrorContext(ctx, "carrier account stopped: credentials refused",
			"account", account.ID, "carrier", account.Kind, "status", worst.HTTPStatus)
		_, err := tx.StopCarrierAccount(account.ID, worst.Message)
		return err
	case worst.Kind == ErrRateLimited:
		resume := tx.Now().Add(max(worst.After, time.Minute))
		return tx.NoteCarrierCall(account.ID, false, &resume)
	case worst.Kind == ErrUnavailable && account.Failures+1 >= breakerAfter:
		resume := tx.Now().Add(min(time.Duration(account.Failures+1)*time.Minute, 30*time.Minute))
		return tx.NoteCarrierCall(account.ID, false, &resume)
	case worst.Kind == ErrUnavailable:
		return tx.NoteCarrierCall(account.ID, false, nil)
	default:
		return tx.NoteCarrierCall(account.ID, true, nil)
	}
}

// worstError picks the error that says most about the account, not about one parcel.
func worstError(answers []Answer) *Error {
	var worst *Error
	weight := map[ErrorKind]int{ErrAuth: 3, ErrRateLimited: 2, ErrUnavailable: 1}
	for _, a := range answers {
		if a.Err != nil && (worst == nil || weight[a.Err.Kind] > weight[worst.Kind]) {
			worst = a.Err
		}
	}
	return worst
}
