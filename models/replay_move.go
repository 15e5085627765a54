package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// replayLook is how many events a replay looks at in one step, of which it may
// send few.
const replayLook = 500

// ReplayStep is what a worker may do in one step of a replay.
type ReplayStep struct {
	Every    time.Duration // until the next step
	Send     int           // at most
	UnderWay int           // at most, with those sent before
	GiveUp   int64         // failures in a row after which it pauses
}

// StepReplay makes the next step of a running replay: it looks what became of
// what was sent, and sends more. Nil when there is nothing to do, since it is
// over, was paused, or another worker has made this step.
func (tx *Tx) StepReplay(id string, step ReplayStep) (*Replay, error) {
	// A little less than a step, so that a clock that goes back stops nothing.
	ok, err := replayWork.claim(tx, id, tx.now.Add(step.Every*9/10))
	if err != nil || !ok {
		return nil, err
	}
	r, err := first[Replay](tx.q().Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	if err := tx.settleReplay(r); err != nil {
		return nil, err
	}
	e, err := tx.Endpoint(AllMerchants(), r.EndpointID)
	switch {
	case errors.Is(err, ErrNotFound):
		r.Status = BulkCanceled
	case err != nil:
		return nil, err
	case e.DisabledAt != nil:
		r.Status, r.Halt = BulkPaused, HaltDisabled
	case r.FailedInRow >= step.GiveUp && !r.Walked:
		r.Status, r.Halt = BulkPaused, HaltFailing
	case !r.Walked:
		if err := tx.sendReplays(e, r, min(step.Send, step.UnderWay-int(r.UnderWay()))); err != nil {
			return nil, err
		}
	}
	if r.Walked && r.UnderWay() == 0 {
		r.Status, r.Total = BulkFinished, r.Sent+r.Skipped
	}
	return r, tx.saveReplay(r)
}

func (tx *Tx) saveReplay(r *Replay) error {
	set := map[string]any{
		"status": r.Status, "halt": r.Halt, "total": r.Total, "sent": r.Sent, "skipped": r.Skipped, "arrived": r.Arrived,
		"failed": r.Failed, "failed_in_row": r.FailedInRow, "position": r.Position, "walked": r.Walked, "updated_at": tx.now,
	}
	if r.Status != BulkRunning {
		set["lease_until"] = nil
	}
	if _, err := tx.update("replays", set, "id = ?", r.ID); err != nil {
		return err
	}
	tx.announceReplay(r)
	return nil
}

// settleReplay counts what became of the deliveries that were sent.
func (tx *Tx) settleReplay(r *Replay) error {
	ended, err := replayEnds(tx.q(), r)
	if err != nil {
		return err
	}
	for outcome, ids := range ended {
		if _, err := tx.update("replay_items", map[string]any{"outcome": outcome}, "replay_id = ? AND delivery_id IN ?", r.ID, ids); err != nil {
			return err
		}
	}
	return nil
}

// replayEnds adds to a replay's counts what became of the deliveries that were
// under way, and returns those that are not any more. One that failed goes on by
// its own schedule.
func replayEnds(q *gorm.DB, r *Replay) (map[string][]string, error) {
	var rows []struct{ DeliveryID, Status string }
	err := q.Table("replay_items AS i").Joins("LEFT JOIN deliveries d ON d.id = i.delivery_id").
		Select("i.delivery_id, COALESCE(d.status, '') AS status").
		Where("i.replay_id = ? AND i.outcome = ''", r.ID).Order("d.updated_at").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("load what replay %s has sent: %w", r.ID, err)
	}
	ended := map[string][]string{}
	for _, row := range rows {
		switch row.Status {
		case DeliveryPending, DeliveryDelivering:
			continue
		case DeliveryDelivered:
			r.Arrived++
			r.FailedInRow = 0
			ended[ReplayArrived] = append(ended[ReplayArrived], row.DeliveryID)
		default:
			r.Failed++
			r.FailedInRow++
			ended[ReplayRefused] = append(ended[ReplayRefused], row.DeliveryID)
		}
	}
	return ended, nil
}

// sendReplays sends the next events, at most so many.
func (tx *Tx) sendReplays(e *Endpoint, r *Replay, limit int) error {
	if limit <= 0 {
		return nil
	}
	found, err := tx.nextReplays(e, r, replayLook)
	if err != nil {
		return err
	}
	var items []ReplayItem
	sent := 0
	for _, next := range found {
		if sent == limit {
			break
		}
		r.Position = next.ID
		if !r.wants(next.Status) {
			continue
		}
		item, err := tx.sendReplay(e, r, next)
		if err != nil {
			return err
		}
		if item.Outcome == ReplaySkipped {
			r.Skipped++
		} else {
			r.Sent++
			sent++
		}
		items = append(items, item)
	}
	r.Walked = len(found) == 0 || len(found) < replayLook && r.Position == found[len(found)-1].ID
	return insertMany(tx, items)
}

// sendReplay sends one event; what is being sent at this moment is left to that.
func (tx *Tx) sendReplay(e *Endpoint, r *Replay, next replayCandidate) (ReplayItem, error) {
	item := ReplayItem{ReplayID: r.ID, DeliveryID: next.DeliveryID}
	if next.DeliveryID == "" {
		event, err := tx.Event(next.ID)
		if err != nil {
			return item, err
		}
		d, err := tx.createDelivery(event, e.ID, SentByReplay)
		if err != nil {
			return item, err
		}
		item.DeliveryID = d.ID
		return item, nil
	}
	_, err := tx.ReplayDelivery(AllMerchants(), next.DeliveryID)
	if refused, ok := errors.AsType[*Error](err); ok {
		item.Outcome, item.Code = ReplaySkipped, refused.Code
		return item, nil
	}
	return item, err
}

// StalledReplays finds running replays that no worker holds and whose job seems
// to be lost.
func (db *DB) StalledReplays(ctx context.Context, limit int) ([]Replay, error) {
	return all[Replay](db.q(ctx).
		// The literal lets SQLite see that the partial index serves.
		Where("status = 'running' AND lease_until < ?", db.Now().Add(-replayWork.lease)).Order("lease_until").Limit(limit))
}

// RequeueReplay gives a replay that was left a new job.
func (tx *Tx) RequeueReplay(r *Replay) error { return replayWork.hand(tx, r.ID, r.LeaseUntil) }
