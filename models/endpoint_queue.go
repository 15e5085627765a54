package models

import (
	"context"
	"fmt"
	"time"
)

// maxWaiting is how far the deliveries that wait are counted.
const maxWaiting = 1000

// Backlog is how many deliveries wait for an endpoint.
type Backlog struct {
	N    int
	More bool // there are more than were counted
}

// WaitingDeliveries counts the deliveries that wait for an endpoint that the
// caller has loaded, up to a bound.
func (db *DB) WaitingDeliveries(ctx context.Context, endpointID string) (Backlog, error) {
	var n int
	waiting := db.q(ctx).Table("deliveries").Select("1").
		// The literals let SQLite see that the partial index serves.
		Where("endpoint_id = ? AND status IN ('pending', 'retrying')", endpointID).Limit(maxWaiting + 1)
	if err := db.q(ctx).Table("(?) AS w", waiting).Select("COUNT(*)").Scan(&n).Error; err != nil {
		return Backlog{}, fmt.Errorf("count what waits for endpoint %s: %w", endpointID, err)
	}
	return Backlog{N: min(n, maxWaiting), More: n > maxWaiting}, nil
}

// clocksDiffer is far more than the clocks of nodes, whose times ids hold, do.
const clocksDiffer = time.Hour

// MissedSince is a time before the first event that an endpoint, which the caller
// has loaded, has not got: before it began to fail or was disabled, and what
// waited then. Of one that is well again nobody knows when that was: it is before
// the oldest of MissedDays that has not arrived. Zero when nothing was missed.
func (db *DB) MissedSince(ctx context.Context, e *Endpoint) (since time.Time, err error) {
	for _, at := range []*time.Time{e.FailingSince, e.DisabledAt} {
		if at != nil && (since.IsZero() || at.Before(since)) {
			since = *at
		}
	}
	q := db.q(ctx).Table("deliveries AS d").Select("e.created_at").Joins("JOIN events e ON e.id = d.event_id").
		// The literals let SQLite see that the partial index serves.
		Where("d.endpoint_id = ? AND d.status IN ('retrying', 'exhausted', 'canceled') AND d.event_type <> ?", e.ID, EventPing)
	if since.IsZero() {
		q = q.Where("d.id >= ?", idBound(PrefixDelivery, db.Now().AddDate(0, 0, -MissedDays)))
	} else {
		q = q.Where("(d.status = 'retrying' OR d.updated_at >= ?)", since.Add(-clocksDiffer))
	}
	oldest, err := all[Event](q.Order("d.id").Limit(1))
	if err != nil {
		return since, fmt.Errorf("find what endpoint %s missed: %w", e.ID, err)
	}
	if len(oldest) > 0 && (since.IsZero() || oldest[0].CreatedAt.Before(since)) {
		since = oldest[0].CreatedAt
	}
	if !since.IsZero() {
		since = since.Add(-clocksDiffer)
	}
	return since, nil
}
