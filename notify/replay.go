package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
)

// The rate of a replay, in events a minute.
const (
	MinReplayRate     = 60
	MaxReplayRate     = 6000
	DefaultReplayRate = 600
)

// How a replay goes on.
const (
	replayEvery = time.Second
	// replayUnderWay is how many of its deliveries may wait or be under way, so
	// that those of what happens meanwhile are not behind all of it.
	replayUnderWay = 100
	// replayGiveUp is how many failures in a row pause it: who does not hear is
	// not to be told everything.
	replayGiveUp = 20
)

// Bounds of the reason for a replay, in characters.
const (
	minReplayReason = 3
	maxReplayReason = 500
)

// ReplayChoice is what is to be sent to an endpoint again.
type ReplayChoice struct {
	EndpointID string
	Kind       string
	EventType  string // empty: all that the endpoint subscribes to
	Since      time.Time
	Until      time.Time // zero: now
}

// PlanReplay says what a replay would send now. It only reads.
func (s *Service) PlanReplay(ctx context.Context, scope models.Scope, c ReplayChoice) (models.ReplayFound, error) {
	e, err := s.db.Endpoint(ctx, scope, c.EndpointID)
	if err != nil {
		return models.ReplayFound{}, err
	}
	if now := s.db.Now(); c.Until.IsZero() || c.Until.After(now) {
		c.Until = now
	}
	if !c.Since.Before(c.Until) {
		return models.ReplayFound{}, models.Invalid("since", "since_after_until")
	}
	return s.db.FindReplay(ctx, e, c.replay())
}

func (c ReplayChoice) replay() models.Replay {
	return models.Replay{EndpointID: c.EndpointID, Kind: c.Kind, EventType: c.EventType, Since: c.Since, Until: c.Until}
}

// ReplayRequest is a person's wish to have events sent to an endpoint again.
type ReplayRequest struct {
	ReplayChoice

	Found     models.ReplayFound // by PlanReplay, a moment ago
	PerMinute int64
	Reason    string
	Enable    bool // the endpoint, if it is disabled
	Actor     models.Actor
}

// StartReplay begins a replay. What has happened since it was planned is sent by
// itself, and what has arrived meanwhile is left out when its turn comes.
func (s *Service) StartReplay(tx *models.Tx, scope models.Scope, r ReplayRequest) (*models.Replay, error) {
	reason := strings.TrimSpace(r.Reason)
	switch n := utf8.RuneCountInString(reason); {
	case n < minReplayReason:
		return nil, models.Invalid("reason", "reason_required")
	case n > maxReplayReason:
		return nil, models.Invalid("reason", "too_long")
	case r.PerMinute < MinReplayRate || r.PerMinute > MaxReplayRate:
		return nil, models.Invalid("per_minute", "out_of_range")
	}
	switch {
	case r.Found.TooMany:
		return nil, models.Invalid("since", "replay_too_large")
	case r.Found.Total == 0:
		return nil, models.Invalid("since", "nothing_to_replay")
	}
	if r.Until.IsZero() || r.Until.After(tx.Now()) {
		r.Until = tx.Now()
	}
	if r.Enable {
		if err := s.enable(tx, scope, r); err != nil {
			return nil, err
		}
	}
	in := r.replay()
	in.Total, in.PerMinute, in.Reason, in.ActorID, in.ActorName = r.Found.Total, r.PerMinute, reason, r.Actor.ID, r.Actor.Name
	replay, err := tx.CreateReplay(scope, in)
	if err != nil {
		return nil, err
	}
	return replay, tx.Audit(r.Actor, models.AuditEntry{
		MerchantID: &replay.MerchantID, Action: "replay.start", ObjectID: replay.ID, Reason: reason,
		Detail: map[string]string{
			"endpoint": r.EndpointID, "kind": r.Kind, "type": r.EventType, "events": fmt.Sprint(replay.Total),
			"since": r.Since.UTC().Format(time.RFC3339), "until": r.Until.UTC().Format(time.RFC3339),
		},
	})
}

// enable has an endpoint take events again before they are sent.
func (s *Service) enable(tx *models.Tx, scope models.Scope, r ReplayRequest) error {
	e, err := tx.Endpoint(scope, r.EndpointID)
	if err != nil || e.DisabledAt == nil {
		return err
	}
	if _, err := tx.UpdateEndpoint(scope, e.ID, models.EndpointChange{Enabled: new(true)}); err != nil {
		return err
	}
	return tx.Audit(r.Actor, models.AuditEntry{
		MerchantID: &e.MerchantID, Action: "endpoint.enable", ObjectID: e.ID, Detail: map[string]string{"url": e.URL},
	})
}

// PauseReplay has a replay wait until somebody resumes it.
func (s *Service) PauseReplay(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	return turnReplay(tx, scope, id, "pause", actor, tx.PauseReplay)
}

// ResumeReplay has a paused replay go on.
func (s *Service) ResumeReplay(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	return turnReplay(tx, scope, id, "resume", actor, tx.ResumeReplay)
}

// CancelReplay ends a replay before its end.
func (s *Service) CancelReplay(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error {
	return turnReplay(tx, scope, id, "cancel", actor, tx.CancelReplay)
}

func turnReplay(
	tx *models.Tx, scope models.Scope, id, action string, actor models.Actor,
	turn func(scope models.Scope, id string) (*models.Replay, error),
) error {
	r, err := turn(scope, id)
	if err != nil {
		return err
	}
	return tx.Audit(actor, models.AuditEntry{MerchantID: &r.MerchantID, Action: "replay." + action, ObjectID: id})
}

// WorkReplay makes the next step of a replay and returns how long to wait before
// the one after it; 0 at the end. A step is one transaction, so that a worker
// that dies leaves nothing half done, and of two workers one finds nothing to do.
func (s *Service) WorkReplay(ctx context.Context, id string) (time.Duration, error) {
	r, err := s.db.Replay(ctx, models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	step := models.ReplayStep{
		Every: replayEvery, Send: int(r.PerMinute * int64(replayEvery) / int64(time.Minute)),
		UnderWay: replayUnderWay, GiveUp: replayGiveUp,
	}
	err = s.db.Write(ctx, func(tx *models.Tx) (err error) {
		r, err = tx.StepReplay(id, step)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("replay %s: %w", id, err)
	}
	if r == nil || r.Status != models.BulkRunning {
		return 0, nil
	}
	return replayEvery, nil
}

// rescueBatch bounds one look for stalled replays.
const rescueBatch = 500

// RescueReplays finds replays whose job was lost and gives them another.
func (s *Service) RescueReplays(ctx context.Context) error {
	stalled, err := s.db.StalledReplays(ctx, rescueBatch)
	if err != nil {
		return err
	}
	errs := make([]error, len(stalled))
	for i := range stalled {
		errs[i] = s.db.Write(ctx, func(tx *models.Tx) error { return tx.RequeueReplay(&stalled[i]) })
	}
	return errors.Join(errs...)
}
