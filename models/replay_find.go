package models

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
)

// ReplayFound is what a replay would send.
type ReplayFound struct {
	Total   int64
	ByType  []ReplayCount // the most first
	TooMany bool          // there are more events than a replay looks at
}

// ReplayCount is how many events of a type it would send.
type ReplayCount struct {
	Type string
	N    int64
}

// FindReplay counts what a replay of these fields would send. It looks at
// MaxReplay events at most.
func (db *DB) FindReplay(ctx context.Context, e *Endpoint, r Replay) (found ReplayFound, err error) {
	var rows []struct {
		Type    string
		Scanned int64
		N       int64
	}
	q, match := db.q(ctx).Table("(?) AS w", replayWindow(db.q(ctx), e, r, MaxReplay+1)), "1"
	if r.Kind == ReplayMissed {
		q = q.Joins("LEFT JOIN deliveries d ON d.endpoint_id = ? AND d.event_id = w.id", e.ID)
		match = "CASE WHEN d.id IS NULL OR d.status IN ('retrying', 'exhausted', 'canceled') THEN 1 ELSE 0 END"
	}
	err = q.Select("w.type AS type, COUNT(*) AS scanned, SUM(" + match + ") AS n").Group("w.type").Scan(&rows).Error
	if err != nil {
		return found, fmt.Errorf("count what a replay would send: %w", err)
	}
	scanned := int64(0)
	for _, row := range rows {
		scanned += row.Scanned
		found.Total += row.N
		if row.N > 0 {
			found.ByType = append(found.ByType, ReplayCount{row.Type, row.N})
		}
	}
	slices.SortFunc(found.ByType, func(a, b ReplayCount) int {
		if a.N != b.N {
			return int(b.N - a.N)
		}
		return slices.Index(EventTypes, a.Type) - slices.Index(EventTypes, b.Type)
	})
	found.TooMany = scanned > MaxReplay
	return found, nil
}

// replayWindow selects id and type of the events, or for ReplayFailed of the
// deliveries, that a replay looks at, in their order. Test events are no news,
// unless they are what is asked for or subscribed to; those of another endpoint
// never are, nor is that it was disabled itself.
func replayWindow(q *gorm.DB, e *Endpoint, r Replay, limit int) *gorm.DB {
	prefix, column := PrefixEvent, "type"
	if r.Kind == ReplayFailed {
		prefix, column = PrefixDelivery, "event_type || ''" // by which SQLite would go instead of the queue's index
		q = q.Table("deliveries").Select("id, event_type AS type").
			// The literals let SQLite see that the partial index serves.
			Where("endpoint_id = ? AND status IN ('retrying', 'exhausted', 'canceled')", e.ID)
	} else {
		q = q.Table("events").Select("id, type").Where("merchant_id = ? AND (type <> ? OR object_id = ?) AND (type <> ? OR object_id <> ?)",
			e.MerchantID, EventPing, e.ID, EventEndpointDisabled, e.ID)
	}
	q = Span{From: r.Since, To: r.Until}.in(q, prefix)
	switch {
	case r.EventType != "":
		q = q.Where(column+" = ?", r.EventType)
	case len(e.Events) > 0 && r.Kind != ReplayFailed:
		q = q.Where(column+" IN ?", e.Events)
	default:
		q = q.Where(column+" <> ?", EventPing)
	}
	if r.Position != "" {
		q = q.Where("id > ?", r.Position)
	}
	return q.Order("id").Limit(limit)
}

// replayCandidate is an event that a replay looks at.
type replayCandidate struct {
	ID         string // of the event, or for ReplayFailed of the delivery
	DeliveryID string // empty when there is none
	Status     string // of the delivery
}

// nextReplays are the next events that a replay looks at, after its position.
func (tx *Tx) nextReplays(e *Endpoint, r *Replay, limit int) (next []replayCandidate, err error) {
	q := tx.q().Table("(?) AS w", replayWindow(tx.q(), e, *r, limit))
	if r.Kind == ReplayFailed {
		q = q.Joins("JOIN deliveries d ON d.id = w.id")
	} else {
		q = q.Joins("LEFT JOIN deliveries d ON d.endpoint_id = ? AND d.event_id = w.id", e.ID)
	}
	err = q.Select("w.id, COALESCE(d.id, '') AS delivery_id, COALESCE(d.status, '') AS status").Order("w.id").Scan(&next).Error
	return next, err
}

// wants says whether a replay sends what it finds so.
func (r *Replay) wants(status string) bool {
	switch status {
	case "", DeliveryRetrying, DeliveryExhausted, DeliveryCanceled:
		return true
	default:
		return r.Kind == ReplayAll
	}
}
