package carriers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// keptRaw is how much of a carrier's answer is kept with the parcel.
const keptRaw = 16 << 10

// store applies the answers of one call in one transaction, with the call
// itself and the account's health. Once a call was made its answers are stored
// even if the job is being stopped.
func (s *Service) store(
	ctx context.Context, account *models.CarrierAccount, probe *time.Time, shipments []models.Shipment, answers []Answer,
	calls []models.CarrierCall,
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
		answers, err := stillAsked(tx, account, answers)
		if err != nil {
			return err
		}
		var unasked []string // they stay due
		for i := range shipments {
			if e := answers[i].Err; e != nil && e.Kind == ErrNoTurn {
				unasked = append(unasked, shipments[i].ID)
				continue
			}
			if err := s.apply(tx, shipments[i].ID, answers[i], causePoll); err != nil {
				return err
			}
		}
		if err := tx.ReleaseShipments(unasked); err != nil {
			return err
		}
		if err := s.noteHealth(ctx, tx, account, probe, answers); err != nil {
			return err
		}
		return tx.AddCarrierCalls(calls)
	})
	if err != nil {
		return fmt.Errorf("store answers of account %s: %w", account.ID, err)
	}
	return nil
}

// What a change of a parcel came of.
const (
	causePoll    = "poll"
	causeWebhook = "webhook"
)

// apply stores one answer, or what the carrier told by itself: scans first, then
// the status that follows from all stored scans, and when to ask again.
func (s *Service) apply(tx *models.Tx, shipmentID string, answer Answer, cause string) error {
	sh, err := tx.Shipment(models.AllMerchants(), shipmentID)
	if err != nil {
		return err
	}
	if sh.Replaced() { // its number was a mistake: what is told of it is of somebody else's parcel
		c := sh.Unchanged()
		c.Cause, c.NextPollAt, c.SyncError, c.SyncKind = cause, nil, "", ""
		return tx.MoveShipment(sh, c)
	}
	if answer.Err != nil {
		c, err := s.afterError(tx, sh, answer.Err)
		if err != nil {
			return err
		}
		return tx.MoveShipment(sh, c)
	}
	t := answer.Tracking
	// Only what was asked for after all that was told can deny or confirm it.
	asked := cause == causePoll && (sh.PushedAt == nil || !sh.PushedAt.After(answer.told))
	if !asked {
		t = overtaken(sh, *t, answer.told)
	}
	told, err := tx.AddTrackingEvents(sh, rows(sh, t.Events, tx.Now()), t.Partial)
	if err != nil {
		return err
	}
	in, err := known(tx, sh, told.All)
	if err != nil {
		return err
	}
	last := in.Header
	in.Header = t.Header
	if asked {
		in.LastHeader = &last
	}
	in.Corrected = corrected(sh, told)
	c := changed(sh, Compute(in))
	c.Cause, c.SyncedAt, c.SyncError, c.SyncKind, c.Failed = cause, latest(sh.LastSyncedAt, answer.told), "", "", 0
	c.HeaderStatus, c.HeaderAt = string(t.Header.Status), t.Header.At
	c.ETA, c.Raw = t.ETA, text(t.Raw)
	if t.Service != "" {
		c.Service = t.Service
	}
	if t.URL != "" {
		c.TrackingURL = t.URL
	}
	news := told.New > 0 || c.Status != sh.Status
	switch {
	case news:
		c.Unchanged = 0
	case asked:
		c.Unchanged = sh.UnchangedPolls + 1
	}
	switch {
	case cause == causeWebhook:
		c.PushedAt = latest(sh.PushedAt, answer.told)
	case news && asked: // the carrier ought to have told of it: it is asked again as others are
		c.PushedAt = nil
	}
	poll := PollInput{Zone: in.Destination, Doubt: doubted(Status(c.Status), t.Header, told.All), Least: answer.least}
	c.NextPollAt = s.next(tx, sh, c, poll)
	return tx.MoveShipment(sh, c)
}

// corrected says whether a scan that made the parcel what it is says something
// else now.
func corrected(sh *models.Shipment, told models.ToldScans) bool {
	return slices.ContainsFunc(told.Before, func(before models.TrackingEvent) bool {
		return before.Status == sh.Status && slices.ContainsFunc(told.All, func(e models.TrackingEvent) bool {
			return e.DedupeKey == before.DedupeKey && (e.Status != before.Status || e.Reason != before.Reason)
		})
	})
}

// overtaken is what a webhook adds to what is known, or an answer to a question
// from before one. It may come late or once more, so that it takes no scan back,
// and does not replace a newer summary.
func overtaken(sh *models.Shipment, t Tracking, told time.Time) *Tracking {
	t.Partial = true
	stale := sh.LastSyncedAt != nil && told.Before(*sh.LastSyncedAt)
	if t.Header.At != nil && sh.HeaderAt != nil {
		stale = t.Header.At.Before(*sh.HeaderAt)
	}
	if stale {
		t.Header, t.ETA, t.Raw = header(sh), sh.ETA, []byte(sh.Raw)
	}
	return &t
}

// loaded is known with the scans that are stored.
func loaded(tx *models.Tx, sh *models.Shipment) (StatusInput, error) {
	stored, err := tx.TrackingEvents(sh.ID)
	if err != nil {
		return StatusInput{}, err
	}
	return known(tx, sh, stored)
}

// known is what is known of a parcel with the scans, for its status to be derived from.
func known(tx *models.Tx, sh *models.Shipment, stored []models.TrackingEvent) (StatusInput, error) {
	zone, err := destination(tx, sh)
	return StatusInput{
		Scans: Scans(stored), Header: header(sh),
		Previous: Status(sh.Status), PreviousAt: sh.StatusAt, Reason: Reason(sh.StatusReason), DeliveredAt: sh.DeliveredAt, Late: sh.Late,
		Since: followedSince(sh), PromisedAt: sh.PromisedAt, International: postal(sh.TrackingNumber),
		Destination: zone, Now: tx.Now(),
	}, err
}

// afterError keeps all that is known of the parcel and notes why there was no
// news. Without news time goes on all the same: a promise is broken, and a
// parcel that was silent for too long expires.
func (s *Service) afterError(tx *models.Tx, sh *models.Shipment, e *Error) (models.ShipmentChange, error) {
	c := sh.Unchanged()
	in, err := loaded(tx, sh)
	if err != nil {
		return c, err
	}
	result := Compute(in)
	c.Late = result.Late
	if result.Status == StatusExpired {
		c.Status = string(StatusExpired)
	}
	c.Cause, c.Failed = causePoll, sh.FailedPolls+1
	c.SyncError, c.SyncKind = e.Message, string(e.Kind)
	if len(e.Raw) > 0 {
		c.Raw = text(e.Raw)
	}
	c.NextPollAt = s.next(tx, sh, c, PollInput{Zone: in.Destination, Err: e})
	return c, nil
}

// next is when to ask again about a parcel that becomes what the change says.
func (s *Service) next(tx *models.Tx, sh *models.Shipment, c models.ShipmentChange, in PollInput) *time.Time {
	in.Status, in.Reason, in.Since = Status(c.Status), Reason(c.StatusReason), followedSince(sh)
	in.Unchanged, in.Failed, in.Pushed = c.Unchanged, c.Failed, c.PushedAt != nil
	in.Now, in.Pace, in.Random = tx.Now(), s.pace, rand.Float64
	return NextPoll(in)
}

// doubted reports whether an answer left out a scan of the end that a parcel has
// come to, or named another status above the scans: when the next one does so
// too, it was none.
func doubted(end Status, h Header, stored []models.TrackingEvent) bool {
	missing := slices.ContainsFunc(stored, func(e models.TrackingEvent) bool {
		return Status(e.Status) == end && e.RetractedAt == nil && e.Missing > 0
	})
	return missing || Milestone(h.Status) && h.Status != end
}
