package models

import (
	"context"
	"errors"
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
// nor that they fail or that as many as they take are on their way. An endpoint
// that somebody resumed or changed, or that answers again, has its backlog due
// from then on.
func (db *DB) OverdueDeliveries(ctx context.Context, before time.Time) (Waiting, error) {
	now := db.Now()
	var late []struct {
		ID        string
		Due, Free time.Time
	}
	// The literals let SQLite see that the partial indexes serve.
	err := db.q(ctx).Raw(`SELECT id, due, free FROM (
			SELECT e.id, e.updated_at AS free, (SELECT d.next_attempt_at FROM deliveries d
				WHERE d.endpoint_id = e.id AND d.status IN ('pending', 'retrying') ORDER BY d.next_attempt_at, d.id LIMIT 1) AS due
			FROM webhook_endpoints e
			WHERE e.deleted_at IS NULL AND e.disabled_at IS NULL AND e.paused_at IS NULL AND e.failing_since IS NULL
				AND e.updated_at < ? AND (e.rate_used_until IS NULL OR e.rate_used_until < ?)
				AND e.max_in_flight > (SELECT COUNT(*) FROM deliveries d
					WHERE d.endpoint_id = e.id AND d.status = 'delivering' AND d.lease_until >= ?)) AS oldest
		WHERE due < ? ORDER BY due LIMIT ?`, before, now, now, before, maxIDs).Scan(&late).Error
	if err != nil {
		return Waiting{}, fmt.Errorf("find overdue webhooks: %w", err)
	}
	if len(late) == 0 {
		return Waiting{}, nil
	}
	overdue, ids := Waiting{Oldest: now}, make([]string, len(late))
	for i, e := range late {
		ids[i] = e.ID
		if e.Free.After(e.Due) {
			e.Due = e.Free
		}
		if e.Due.Before(overdue.Oldest) {
			overdue.Oldest = e.Due.UTC()
		}
	}
	err = db.q(ctx).Raw(`SELECT COUNT(*) FROM (SELECT 1 AS one FROM deliveries
		WHERE endpoint_id IN ? AND status IN ('pending', 'retrying') AND next_attempt_at < ? LIMIT ?) AS found`,
		ids, before, CountLimit+1).Row().Scan(&overdue.Count)
	if err != nil {
		return Waiting{}, fmt.Errorf("count overdue webhooks: %w", err)
	}
	return overdue, nil
}

// TroubledEndpoints lists endpoints that were disabled because they fail, those
// that fail and are not paused, and the ones named besides. Whose trouble is
// older than MissedDays have been left behind by their merchants: they are listed
// for a day more, so that what is open about them can be closed.
func (db *DB) TroubledEndpoints(ctx context.Context, besides []string) ([]Endpoint, error) {
	since := db.Now().AddDate(0, 0, -MissedDays-1)
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
// What an endpoint refused as it is gone was not lost: it wants no more.
func (db *DB) LostDeliveries(ctx context.Context, since time.Time) (map[string]int, error) {
	var rows []struct {
		EndpointID string
		Count      int
	}
	// The literal lets SQLite see that the partial index of those serves.
	err := db.q(ctx).Table("deliveries").Select("endpoint_id, COUNT(*) AS count").
		Where("status = 'exhausted' AND updated_at >= ? AND last_status <> 410", since).Group("endpoint_id").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count lost webhooks: %w", err)
	}
	lost := make(map[string]int, len(rows))
	for _, row := range rows {
		lost[row.EndpointID] = row.Count
	}
	return lost, nil
}

// ArrivedAt finds those of the endpoints at which something has arrived since a
// time. Counted are whole hours, so that it may be up to an hour longer ago.
func (db *DB) ArrivedAt(ctx context.Context, since time.Time, ids []string) (map[string]bool, error) {
	arrived := make(map[string]bool, len(ids))
	for part := range slices.Chunk(ids, maxIDs) {
		var found []string
		err := db.q(ctx).Table("endpoint_hours").Distinct("endpoint_id").
			Where("endpoint_id IN ? AND hour >= ? AND delivered > 0", part, since.UTC().Truncate(time.Hour)).Pluck("endpoint_id", &found).Error
		if err != nil {
			return nil, fmt.Errorf("find endpoints at which webhooks arrive: %w", err)
		}
		for _, id := range found {
			arrived[id] = true
		}
	}
	return arrived, nil
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
	Leader bool // a node plans and sweeps
	// Idle is for how long workers that live have finished nothing: of those who
	// started since then, from when the first did. It is 0 when none live.
	Idle time.Duration
}

// WorkerSigns looks for workers of any node.
func (db *DB) WorkerSigns(ctx context.Context) (WorkerSigns, error) {
	var signs WorkerSigns
	leader := "SELECT COUNT(*) FROM river_leader WHERE expires_at > now()"
	idle := "SELECT CAST(EXTRACT(EPOCH FROM now() - MAX(finalized_at)) AS BIGINT)"
	if db.Dialect == SQLite {
		leader = "SELECT COUNT(*) FROM river_leader WHERE strftime('%s', expires_at) > strftime('%s', 'now')"
		idle = "SELECT strftime('%s', 'now') - strftime('%s', MAX(finalized_at))"
	}
	var (
		leaders int
		seconds *int64
	)
	if err := db.q(ctx).Raw(leader).Row().Scan(&leaders); err != nil {
		return signs, fmt.Errorf("look for a leader: %w", err)
	}
	signs.Leader = leaders > 0
	idle += " FROM river_job WHERE state = 'completed' AND finalized_at IS NOT NULL"
	if err := db.q(ctx).Raw(idle).Row().Scan(&seconds); err != nil {
		return signs, fmt.Errorf("look for finished jobs: %w", err)
	}
	now := db.Now()
	first, err := first[Node](db.q(ctx).Where("workers AND stopped_at IS NULL AND seen_at > ?", now.Add(-nodeSilence)).Order("started_at"))
	if errors.Is(err, ErrNotFound) {
		return signs, nil
	}
	if err != nil {
		return signs, err
	}
	signs.Idle = max(0, now.Sub(first.StartedAt))
	if seconds != nil {
		signs.Idle = min(signs.Idle, time.Duration(max(*seconds, 0))*time.Second)
	}
	return signs, nil
}
