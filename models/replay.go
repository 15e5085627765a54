package models

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// What a replay sends.
const (
	ReplayFailed = "failed" // deliveries that have not arrived
	ReplayMissed = "missed" // these, and events of which there never was a delivery
	ReplayAll    = "all"    // what arrived as well
)

// ReplayKinds lists them.
var ReplayKinds = []string{ReplayMissed, ReplayFailed, ReplayAll}

// MaxReplay is how many events a replay looks at. Those of a longer time take
// several.
const MaxReplay = 20_000

// Why a replay pauses by itself.
const (
	HaltFailing  = "failing"  // one after the other failed
	HaltDisabled = "disabled" // the endpoint takes nothing any more
)

// Replay sends events to an endpoint once more, one after the other. Its
// statuses are those of bulk retries.
type Replay struct {
	ID          string `gorm:"primaryKey"`
	MerchantID  string
	EndpointID  string
	Kind        string
	EventType   string // empty: all that the endpoint subscribes to
	Since       time.Time
	Until       time.Time
	ActorID     string
	ActorName   string
	Reason      string
	Status      string
	Halt        string // why it paused by itself; empty when somebody paused it
	PerMinute   int64
	Total       int64 // found when it began
	Sent        int64
	Skipped     int64
	Arrived     int64  // of those sent
	Failed      int64  // of those sent, at their first try
	FailedInRow int64  // since the last that arrived
	Position    string // the last event or delivery that had its turn
	Walked      bool   // all had their turn
	LeaseUntil  *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
}

// UnderWay is how many were sent and have neither arrived nor failed.
func (r *Replay) UnderWay() int64 { return r.Sent - r.Arrived - r.Failed }

// Done is how many are over.
func (r *Replay) Done() int64 { return r.Arrived + r.Failed + r.Skipped }

// Open says whether it goes on, now or when somebody resumes it.
func (r *Replay) Open() bool { return r.Status == BulkRunning || r.Status == BulkPaused }

// Outcomes of a replay's items; none while one is under way.
const (
	ReplayArrived = "arrived"
	ReplayRefused = "failed" // at its first try: its delivery goes on by itself
	ReplaySkipped = "skipped"
)

// ReplayItem is one delivery of a replay.
type ReplayItem struct {
	ReplayID   string `gorm:"primaryKey"`
	DeliveryID string `gorm:"primaryKey"`
	Outcome    string
	Code       string // why it was skipped, as in API errors
}

// replayWork is the work on replays.
var replayWork = longWork{
	table: "replays", lease: time.Minute,
	job: func(id string) river.JobArgs { return ReplayArgs{ReplayID: id} },
}

// CreateReplay stores a replay of what FindReplay has found for it, and starts
// it. That the endpoint has one already is a conflict, replay_open.
func (tx *Tx) CreateReplay(scope Scope, r Replay) (*Replay, error) {
	e, err := tx.Endpoint(scope, r.EndpointID)
	if err != nil {
		return nil, err
	}
	if e.DisabledAt != nil {
		return nil, Conflict("endpoint_disabled", "")
	}
	open, err := all[Replay](tx.q().Select("id").Where("endpoint_id = ? AND status IN ('running', 'paused')", e.ID).Limit(1))
	if err != nil {
		return nil, err
	}
	if len(open) > 0 { // the endpoint's row is locked, so that nobody else begins one meanwhile
		return nil, Conflict("replay_open", "")
	}
	r.ID, r.MerchantID, r.Status = NewID(PrefixReplay), e.MerchantID, BulkRunning
	r.CreatedAt, r.UpdatedAt, r.LeaseUntil = tx.now, tx.now, &tx.now
	if err := tx.create(&r); err != nil {
		return nil, err
	}
	tx.Enqueue(ReplayArgs{ReplayID: r.ID})
	tx.announceReplay(&r)
	return &r, nil
}

func (tx *Tx) announceReplay(r *Replay) {
	tx.Announce(Hint{Topic: "replay", ID: r.ID, MerchantID: r.MerchantID})
}

// PauseReplay has a running replay wait; what it has sent goes on.
func (tx *Tx) PauseReplay(scope Scope, id string) (*Replay, error) {
	return tx.turnReplay(scope, id, BulkPaused, BulkRunning)
}

// ResumeReplay has a paused replay go on.
func (tx *Tx) ResumeReplay(scope Scope, id string) (*Replay, error) {
	return tx.turnReplay(scope, id, BulkRunning, BulkPaused)
}

// CancelReplay ends a replay: what it has not sent yet is not sent.
func (tx *Tx) CancelReplay(scope Scope, id string) (*Replay, error) {
	return tx.turnReplay(scope, id, BulkCanceled, BulkRunning, BulkPaused)
}

func (tx *Tx) turnReplay(scope Scope, id, to string, from ...string) (*Replay, error) {
	r, err := first[Replay](scope.in(tx.q(), "merchant_id").Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	ok, err := replayWork.turn(tx, id, map[string]any{"status": to, "halt": "", "failed_in_row": 0}, from...)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Conflict("replay_moved", r.Status)
	}
	tx.announceReplay(r)
	return r, nil
}

// Replay loads one, with the counts as they are now, also while it is paused.
func (db *DB) Replay(ctx context.Context, scope Scope, id string) (*Replay, error) {
	r, err := first[Replay](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	_, err = replayEnds(db.q(ctx), r)
	return r, err
}

// Replays lists them, newest first, with the next page's cursor.
func (db *DB) Replays(ctx context.Context, scope Scope, p Page) ([]Replay, string, error) {
	return page(scope.in(db.q(ctx), "merchant_id"), p, PrefixReplay, func(r Replay) string { return r.ID })
}

// OpenReplay is the replay of an endpoint that goes on or waits; ErrNotFound
// when there is none.
func (db *DB) OpenReplay(ctx context.Context, scope Scope, endpointID string) (*Replay, error) {
	return first[Replay](scope.in(db.q(ctx), "merchant_id").
		Where("endpoint_id = ? AND status IN ('running', 'paused')", endpointID))
}

// ReplayItems lists the items of a replay that the caller has loaded, the newest
// delivery first, with the next page's cursor.
func (db *DB) ReplayItems(ctx context.Context, id string, p Page) ([]ReplayItem, string, error) {
	items := db.q(ctx).Table("replay_items").Select("delivery_id AS id, replay_id, delivery_id, outcome, code").Where("replay_id = ?", id)
	return page(db.q(ctx).Table("(?) AS found", items), p, PrefixDelivery, func(i ReplayItem) string { return i.DeliveryID })
}

// DeliveriesByID loads deliveries, by id.
func (db *DB) DeliveriesByID(ctx context.Context, scope Scope, ids []string) (map[string]Delivery, error) {
	found := make(map[string]Delivery, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := all[Delivery](scope.in(db.q(ctx), "merchant_id").Where("id IN ?", ids))
	for i := range rows {
		found[rows[i].ID] = rows[i]
	}
	return found, err
}
