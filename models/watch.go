package models

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// watchLimit is how far Watch counts: what an operator is to be woken by is far
// below it, and counting stays cheap however much there is.
const watchLimit = 10_000

// Watch is what an operator watches, of all merchants. Counts end at 10,000.
type Watch struct {
	Jobs         []WatchedJobs
	OpenAttempts map[AttemptStatus]int64
	OpenPayments map[PaymentStatus]int64
	// UnknownFor is how long the outcome of a charge has been unknown; 0 when
	// all are known.
	UnknownFor   time.Duration
	Attention    Attention
	Stopped      int64 // carrier accounts whose credentials were refused
	BreakersOpen int64 // payment accounts whose provider is not called for a while
	// DeliveryLag is how long the first delivery has been due that nobody sends.
	DeliveryLag time.Duration
	PollLag     map[string]time.Duration // of the first parcel that is due, by kind of carrier
	Periodic    []PeriodicJob
	Nodes       []Node
	Leader      string // name of the node that plans the others' work; empty: none
	Replicas    Replicas
}

// WatchedJobs are the jobs of one queue in one state.
type WatchedJobs struct {
	Queue, State string
	Count        int64
	Oldest       time.Duration // how long the first of them has been due; 0 when none is
}

// Queues of jobs, as they are listed.
var queues = []string{QueueMoney, QueueCarrier, QueueNotify, QueueMail, QueueUpkeep}

// watchedStates are what River calls the states of jobs that are not done, and
// of those that were given up within its keeping.
var watchedStates = []string{"available", "running", "retryable", "scheduled", "discarded"}

// openPayments are the states that payments do not stay in.
var openPayments = []PaymentStatus{
	PaymentPending, PaymentProcessing, PaymentRequiresAction, PaymentAuthorized, PaymentUnknown, PaymentNeedsReview,
}

// Watch counts what an operator watches.
func (db *DB) Watch(ctx context.Context) (Watch, error) {
	w := Watch{
		OpenAttempts: map[AttemptStatus]int64{AttemptQueued: 0, AttemptSending: 0, AttemptRequiresAction: 0, AttemptUnknown: 0},
		OpenPayments: map[PaymentStatus]int64{}, PollLag: map[string]time.Duration{},
	}
	for _, part := range []func(context.Context, *Watch) error{
		db.watchJobs, db.watchAttempts, db.watchPayments, db.watchAccounts, db.watchDeliveries, db.watchPolls, db.watchNodes,
	} {
		if err := part(ctx, &w); err != nil {
			return w, err
		}
	}
	var err error
	w.Attention, err = db.Attention(ctx, AllMerchants())
	return w, err
}

// watchJobs counts the jobs of all queues.
func (db *DB) watchJobs(ctx context.Context, w *Watch) (err error) {
	w.Jobs, err = db.countJobs(ctx, watchedStates...)
	return err
}

// countJobs walks River's fetching index, which begins with state and queue.
func (db *DB) countJobs(ctx context.Context, states ...string) ([]WatchedJobs, error) {
	epoch := "CAST(EXTRACT(EPOCH FROM MIN(scheduled_at)) AS BIGINT)"
	if db.Dialect == SQLite {
		epoch = "CAST(strftime('%s', MIN(scheduled_at)) AS INTEGER)"
	}
	var (
		parts []string
		args  []any
	)
	for _, queue := range queues {
		for _, state := range states {
			parts = append(parts, "SELECT '"+queue+"' AS queue, '"+state+"' AS state, COUNT(*) AS count, "+epoch+" AS first FROM "+
				"(SELECT scheduled_at FROM river_job WHERE state = '"+state+"' AND queue = ? ORDER BY priority, scheduled_at, id LIMIT ?) AS "+queue+state)
			args = append(args, queue, watchLimit)
		}
	}
	var rows []struct {
		Queue, State string
		Count        int64
		First        *int64
	}
	if err := db.q(ctx).Raw(strings.Join(parts, " UNION ALL "), args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	counted := make([]WatchedJobs, 0, len(rows))
	for _, row := range rows {
		jobs := WatchedJobs{Queue: row.Queue, State: row.State, Count: row.Count}
		if row.First != nil && row.State == "available" {
			jobs.Oldest = max(0, db.Now().Sub(time.Unix(*row.First, 0)))
		}
		counted = append(counted, jobs)
	}
	return counted, nil
}

// watchAttempts counts over the index of open attempts.
func (db *DB) watchAttempts(ctx context.Context, w *Watch) error {
	var rows []struct {
		Status AttemptStatus
		Count  int64
	}
	open := db.q(ctx).Model(&Attempt{}).Where("status IN ('queued', 'sending', 'requires_action', 'unknown')")
	found := open.Session(&gorm.Session{}).Select("status").Limit(watchLimit)
	if err := db.q(ctx).Table("(?) AS found", found).Select("status, COUNT(*) AS count").Group("status").Scan(&rows).Error; err != nil {
		return fmt.Errorf("count open attempts: %w", err)
	}
	for _, row := range rows {
		w.OpenAttempts[row.Status] = row.Count
	}
	var started []time.Time
	err := open.Session(&gorm.Session{}).Where("status = 'unknown' AND started_at IS NOT NULL").Order("started_at").Limit(1).Pluck("started_at", &started).Error
	if err != nil {
		return fmt.Errorf("find the oldest unknown charge: %w", err)
	}
	w.UnknownFor = db.since(started)
	return nil
}

// since is how long ago the first of the times was; 0 without any, and for one
// that is still to come.
func (db *DB) since(times []time.Time) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return max(0, db.Now().Sub(times[0]))
}

// watchPayments counts over the index of statuses.
func (db *DB) watchPayments(ctx context.Context, w *Watch) error {
	var (
		parts []string
		args  []any
	)
	for _, status := range openPayments {
		parts = append(parts, "SELECT '"+string(status)+"' AS status, COUNT(*) AS count FROM "+
			"(SELECT 1 AS one FROM payments WHERE status = ? LIMIT ?) AS "+string(status))
		args = append(args, status, watchLimit)
	}
	var rows []struct {
		Status PaymentStatus
		Count  int64
	}
	if err := db.q(ctx).Raw(strings.Join(parts, " UNION ALL "), args...).Scan(&rows).Error; err != nil {
		return fmt.Errorf("count open payments: %w", err)
	}
	for _, row := range rows {
		w.OpenPayments[row.Status] = row.Count
	}
	return nil
}
