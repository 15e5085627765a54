package models

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// QueueState is how one queue of background jobs fares. Counts end at 10,000.
type QueueState struct {
	Name      string
	Waiting   int64 // jobs that could run
	Running   int64
	Retrying  int64 // that failed and will be tried again
	Later     int64 // whose time has not come
	Discarded int64 // that were given up, within River's keeping
	Oldest    time.Duration
	LastDone  int64 // in the last minute
	PausedAt  *time.Time
}

// QueueStates tells how all queues fare.
func (db *DB) QueueStates(ctx context.Context) ([]QueueState, error) {
	var w Watch
	if err := db.watchJobs(ctx, &w); err != nil {
		return nil, err
	}
	states := make([]QueueState, len(queues))
	byName := map[string]*QueueState{}
	for i, name := range queues {
		states[i].Name, byName[name] = name, &states[i]
	}
	for _, j := range w.Jobs {
		byName[j.Queue].count(j)
	}
	var done []struct {
		Queue string
		Count int64
	}
	ended := db.q(ctx).Table("river_job").Select("queue").Where("state = 'completed' AND finalized_at > ?", db.Now().Add(-time.Minute)).
		Order("finalized_at DESC").Limit(watchLimit)
	if err := db.q(ctx).Table("(?) AS ended", ended).Select("queue, COUNT(*) AS count").Group("queue").Scan(&done).Error; err != nil {
		return nil, fmt.Errorf("count ended jobs: %w", err)
	}
	for _, d := range done {
		if s := byName[d.Queue]; s != nil {
			s.LastDone = d.Count
		}
	}
	var paused []struct {
		Name     string
		PausedAt *time.Time
	}
	if err := db.q(ctx).Table("river_queue").Select("name, paused_at").Where("paused_at IS NOT NULL").Limit(maxIDs).Scan(&paused).Error; err != nil {
		return nil, fmt.Errorf("find paused queues: %w", err)
	}
	for _, p := range paused {
		if s := byName[p.Name]; s != nil {
			s.PausedAt = p.PausedAt
		}
	}
	return states, nil
}

func (s *QueueState) count(j WatchedJobs) {
	switch j.State {
	case JobAvailable:
		s.Waiting, s.Oldest = j.Count, j.Oldest
	case JobRunning:
		s.Running = j.Count
	case JobRetryable:
		s.Retrying = j.Count
	case JobScheduled:
		s.Later = j.Count
	case JobDiscarded:
		s.Discarded = j.Count
	}
}

// OutboxState is how webhooks to merchants fare. Counts end at 10,000.
type OutboxState struct {
	Waiting, UnderWay, Retrying int64
	LastDone                    int64         // delivered of those that came up in the last minute
	Oldest                      time.Duration // since the first of those counted as Waiting should have been sent
	Late                        time.Duration // the same of those that nothing keeps from being sent
}

// OutboxState tells how webhooks to merchants fare.
func (db *DB) OutboxState(ctx context.Context) (OutboxState, error) {
	var s OutboxState
	for _, part := range []struct {
		into   *int64
		status string
		since  string
	}{
		{&s.UnderWay, DeliveryDelivering, ""}, {&s.Retrying, DeliveryRetrying, ""},
		{&s.LastDone, DeliveryDelivered, idBound(PrefixDelivery, db.Now().Add(-time.Minute))},
	} {
		found := db.q(ctx).Table("deliveries").Select("1 AS one").Where("status = ? AND id >= ?", part.status, part.since).Limit(watchLimit)
		if err := db.q(ctx).Table("(?) AS found", found).Count(part.into).Error; err != nil {
			return s, fmt.Errorf("count deliveries: %w", err)
		}
	}
	var due []time.Time
	pending := db.q(ctx).Table("deliveries").Where("status = ?", DeliveryPending).Limit(watchLimit)
	if err := pending.Pluck("next_attempt_at", &due).Error; err != nil {
		return s, fmt.Errorf("find deliveries that wait: %w", err)
	}
	if s.Waiting = int64(len(due)); s.Waiting > 0 {
		s.Oldest = max(0, db.Now().Sub(slices.MinFunc(due, time.Time.Compare)))
	}
	var w Watch
	err := db.watchDeliveries(ctx, &w)
	s.Late = w.DeliveryLag
	return s, err
}
