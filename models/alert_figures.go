package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// Waiting is how many things wait, counted up to CountLimit+1, and since when.
type Waiting struct {
	Count  int
	Oldest time.Time // zero without any
}

// waiting counts the rows of a query and finds the oldest of them by a column.
// It reads no more than it counts, so that it stays cheap however many there are;
// beyond that the oldest is one of those that were read.
func waiting(q *gorm.DB, column string) (Waiting, error) {
	var times []time.Time
	if err := q.Limit(CountLimit+1).Pluck(column, &times).Error; err != nil {
		return Waiting{}, fmt.Errorf("count what waits: %w", err)
	}
	if len(times) == 0 {
		return Waiting{}, nil
	}
	return Waiting{Count: len(times), Oldest: slices.MinFunc(times, time.Time.Compare).UTC()}, nil
}

// StaleUnknown counts charges whose outcome has been unknown since before a time.
func (db *DB) StaleUnknown(ctx context.Context, before time.Time) (Waiting, error) {
	// The literals let SQLite see that the partial index of open attempts serves.
	return waiting(db.q(ctx).Table("attempts").
		Where("status IN ('queued', 'sending', 'requires_action', 'unknown') AND status = 'unknown' AND started_at < ?", before), "started_at")
}

// StaleReviews counts payments that have waited for a person since before a time.
func (db *DB) StaleReviews(ctx context.Context, before time.Time) (Waiting, error) {
	return waiting(db.q(ctx).Table("payments").Where("status = ? AND updated_at < ?", PaymentNeedsReview, before), "updated_at")
}

// OverdueDeliveries counts webhooks that should have been sent before a time, to
// endpoints that nothing keeps from taking them: neither a person, nor a rate,
// nor that they fail or that others are on their way to them. An endpoint that
// somebody resumed or changed has its backlog due from then on.
func (db *DB) OverdueDeliveries(ctx context.Context, before time.Time) (Waiting, error) {
	now := db.Now()
	var rows []struct{ Due, Free time.Time }
	// The literals let SQLite see that the partial index of the queue serves.
	err := db.q(ctx).Table("webhook_endpoints").
		Select("deliveries.next_attempt_at AS due, webhook_endpoints.updated_at AS free").
		Joins("JOIN deliveries ON deliveries.endpoint_id = webhook_endpoints.id AND deliveries.status IN ('pending', 'retrying')"+
			" AND deliveries.next_attempt_at < ?", before).
		Where("webhook_endpoints.deleted_at IS NULL AND webhook_endpoints.disabled_at IS NULL AND webhook_endpoints.paused_at IS NULL"+
			" AND webhook_endpoints.failing_since IS NULL AND webhook_endpoints.updated_at < ?"+
			" AND (webhook_endpoints.rate_used_until IS NULL OR webhook_endpoints.rate_used_until < ?)"+
			" AND NOT EXISTS (SELECT 1 FROM deliveries AS away WHERE away.status = 'delivering'"+
			" AND away.endpoint_id = webhook_endpoints.id AND away.lease_until >= ?)", before, now, now).
		Limit(CountLimit + 1).Scan(&rows).Error
	if err != nil {
		return Waiting{}, fmt.Errorf("count overdue webhooks: %w", err)
	}
	if len(rows) == 0 {
		return Waiting{}, nil
	}
	oldest := now
	for _, row := range rows {
		since := row.Due
		if row.Free.After(since) {
			since = row.Free
		}
		if since.Before(oldest) {
			oldest = since.UTC()
		}
	}
	return Waiting{Count: len(rows), Oldest: oldest}, nil
}

// TroubledEndpoints lists endpoints that were disabled because they fail, those
// that fail and are not paused, and the ones named besides. Whose trouble is
// older than MissedDays have been left behind by their merchants.
func (db *DB) TroubledEndpoints(ctx context.Context, besides []string) ([]Endpoint, error) {
	since := db.Now().AddDate(0, 0, -MissedDays)
	var found []Endpoint
	for part := range slices.Chunk(besides, maxIDs) {
		some, err := all[Endpoint](db.q(ctx).Where("deleted_at IS NULL AND id IN ?", part))
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	for last := ""; ; {
		some, err := all[Endpoint](db.q(ctx).Where("deleted_at IS NULL AND (failing_since > ? AND paused_at IS NULL"+
			" OR disabled_at > ? AND disabled_reason IN ('gone', 'failing'))", since, since).
			Where("id > ?", last).Order("id").Limit(CountLimit))
		if err != nil {
			return nil, err
		}
		for i := range some {
			if !slices.Contains(besides, some[i].ID) {
				found = append(found, some[i])
			}
		}
		if len(some) < CountLimit {
			return found, nil
		}
		last = some[len(some)-1].ID
	}
}

// LostDeliveries counts webhooks that were given up since a time, by endpoint.
func (db *DB) LostDeliveries(ctx context.Context, since time.Time) (map[string]int, error) {
	var rows []struct {
		EndpointID string
		Count      int
	}
	found := db.q(ctx).Table("deliveries").Select("endpoint_id").Where("status = 'exhausted' AND updated_at >= ?", since).Limit(watchLimit)
	err := db.q(ctx).Table("(?) AS found", found).Select("endpoint_id, COUNT(*) AS count").Group("endpoint_id").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count lost webhooks: %w", err)
	}
	lost := make(map[string]int, len(rows))
	for _, row := range rows {
		lost[row.EndpointID] = row.Count
	}
	return lost, nil
}

// UrgentDispute is what a merchant must answer soon.
type UrgentDispute struct {
	MerchantID string
	Count      int
	First      Dispute // whose time is up first
}

// UrgentDisputes finds disputes that can be answered until some time only, by
// merchant.
func (db *DB) UrgentDisputes(ctx context.Context, until time.Time) ([]UrgentDispute, error) {
	rows, err := all[Dispute](db.q(ctx).Where("closed_at IS NULL AND status IN ? AND respond_by < ? AND respond_by > ?",
		answerable, until, db.Now()).Order("merchant_id, respond_by").Limit(watchLimit))
	if err != nil {
		return nil, err
	}
	var found []UrgentDispute
	for i := range rows {
		if n := len(found); n == 0 || found[n-1].MerchantID != rows[i].MerchantID {
			found = append(found, UrgentDispute{MerchantID: rows[i].MerchantID, First: rows[i]})
		}
		found[len(found)-1].Count++
	}
	return found, nil
}

// Queues counts the jobs of each queue that could run.
func (db *DB) Queues(ctx context.Context) ([]WatchedJobs, error) {
	return db.countJobs(ctx, "available")
}

// WorkerSigns are what workers leave behind while they live.
type WorkerSigns struct {
	Leader bool          // a node plans and sweeps
	Idle   time.Duration // since a job was finished or, before the first, since one could run; 0 when none could
}

// WorkerSigns looks for workers of any node.
func (db *DB) WorkerSigns(ctx context.Context) (WorkerSigns, error) {
	var signs WorkerSigns
	leader := "SELECT COUNT(*) FROM river_leader WHERE expires_at > now()"
	idle := "SELECT CAST(EXTRACT(EPOCH FROM now() - COALESCE(" +
		"(SELECT MAX(finalized_at) FROM river_job WHERE state = 'completed' AND finalized_at IS NOT NULL), " +
		"(SELECT MIN(scheduled_at) FROM river_job WHERE state = 'available'))) AS BIGINT)"
	if db.Dialect == SQLite {
		leader = "SELECT COUNT(*) FROM river_leader WHERE strftime('%s', expires_at) > strftime('%s', 'now')"
		idle = "SELECT strftime('%s', 'now') - strftime('%s', COALESCE(" +
			"(SELECT MAX(finalized_at) FROM river_job WHERE state = 'completed' AND finalized_at IS NOT NULL), " +
			"(SELECT MIN(scheduled_at) FROM river_job WHERE state = 'available')))"
	}
	var (
		leaders int
		seconds *int64
	)
	if err := db.q(ctx).Raw(leader).Row().Scan(&leaders); err != nil {
		return signs, fmt.Errorf("look for a leader: %w", err)
	}
	if err := db.q(ctx).Raw(idle).Row().Scan(&seconds); err != nil {
		return signs, fmt.Errorf("look for finished jobs: %w", err)
	}
	signs.Leader = leaders > 0
	if seconds != nil {
		signs.Idle = time.Duration(max(*seconds, 0)) * time.Second
	}
	return signs, nil
}
