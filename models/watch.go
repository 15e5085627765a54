package models

import (
	"context"
	"fmt"
	"time"
)

// watchLimit is how far Watch counts: what an operator is to be woken by is far
// below it, and counting stays cheap however much there is.
const watchLimit = 10_000

// Watch is what an operator watches, of all merchants. Counts end at 10,000.
type Watch struct {
	Jobs         []WatchedJobs
	OpenAttempts map[AttemptStatus]int64
	Attention    Attention
	Stopped      int64 // carrier accounts whose credentials were refused
	BreakersOpen int64 // payment accounts whose provider is not called for a while
}

// WatchedJobs are the jobs of one queue in one state.
type WatchedJobs struct {
	Queue, State string
	Count        int64
	Oldest       time.Duration // how long the first of them has been due; 0 when none is
}

// watchedStates are what River calls the states of jobs that are not done, and
// of those that were given up within its keeping.
var watchedStates = []string{"available", "running", "retryable", "scheduled", "discarded"}

// Watch counts what an operator watches.
func (db *DB) Watch(ctx context.Context) (Watch, error) {
	w := Watch{OpenAttempts: map[AttemptStatus]int64{
		AttemptQueued: 0, AttemptSending: 0, AttemptRequiresAction: 0, AttemptUnknown: 0,
	}}
	for _, queue := range []string{QueueMoney, QueueCarrier, QueueNotify, QueueUpkeep} {
		for _, state := range watchedStates {
			jobs, err := db.watchJobs(ctx, queue, state)
			if err != nil {
				return w, err
			}
			w.Jobs = append(w.Jobs, jobs)
		}
	}
	if err := db.watchAttempts(ctx, w.OpenAttempts); err != nil {
		return w, err
	}
	var err error
	if w.Attention, err = db.Attention(ctx, AllMerchants()); err != nil {
		return w, err
	}
	if err := db.q(ctx).Model(&CarrierAccount{}).Where("enabled = ? AND stopped_at IS NOT NULL", true).Count(&w.Stopped).Error; err != nil {
		return w, fmt.Errorf("count stopped carrier accounts: %w", err)
	}
	err = db.q(ctx).Model(&GatewayAccount{}).Where("enabled = ? AND breaker_open_until > ?", true, db.Now()).Count(&w.BreakersOpen).Error
	if err != nil {
		return w, fmt.Errorf("count open breakers: %w", err)
	}
	return w, nil
}

// watchJobs walks River's fetching index, which begins with state and queue.
func (db *DB) watchJobs(ctx context.Context, queue, state string) (WatchedJobs, error) {
	jobs := WatchedJobs{Queue: queue, State: state}
	epoch := "CAST(EXTRACT(EPOCH FROM MIN(scheduled_at)) AS BIGINT)"
	if db.Dialect == SQLite {
		epoch = "CAST(strftime('%s', MIN(scheduled_at)) AS INTEGER)"
	}
	var first *int64
	found := db.q(ctx).Table("river_job").Select("scheduled_at").Where("state = ? AND queue = ?", state, queue).
		Order("priority, scheduled_at, id").Limit(watchLimit)
	row := db.q(ctx).Table("(?) AS found", found).Select("COUNT(*), " + epoch).Row()
	if err := row.Scan(&jobs.Count, &first); err != nil {
		return jobs, fmt.Errorf("count jobs: %w", err)
	}
	if first != nil && state == "available" {
		jobs.Oldest = max(0, db.Now().Sub(time.Unix(*first, 0)))
	}
	return jobs, nil
}

// watchAttempts counts over the index of open attempts.
func (db *DB) watchAttempts(ctx context.Context, into map[AttemptStatus]int64) error {
	var rows []struct {
		Status AttemptStatus
		Count  int64
	}
	found := db.q(ctx).Model(&Attempt{}).Select("status").
		Where("status IN ('queued', 'sending', 'requires_action', 'unknown')").Limit(watchLimit)
	if err := db.q(ctx).Table("(?) AS found", found).Select("status, COUNT(*) AS count").Group("status").Scan(&rows).Error; err != nil {
		return fmt.Errorf("count open attempts: %w", err)
	}
	for _, row := range rows {
		into[row.Status] = row.Count
	}
	return nil
}
