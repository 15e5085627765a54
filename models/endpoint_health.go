package models

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// endpointHour counts the attempts at an endpoint that began in an hour and took
// up to Bucket milliseconds.
type endpointHour struct {
	EndpointID string    `gorm:"primaryKey"`
	Hour       time.Time `gorm:"primaryKey"`
	Bucket     int64     `gorm:"primaryKey"`
	Attempts   int64
	Delivered  int64
}

// countAttempts adds attempts to the hours in which they began.
func (tx *Tx) countAttempts(results []DeliveryResult) error {
	sums := map[endpointHour]*endpointHour{}
	var rows []*endpointHour
	for i := range results {
		r := &results[i]
		if r.Canceled {
			continue
		}
		key := endpointHour{
			EndpointID: r.Endpoint.ID, Hour: r.Attempt.StartedAt.UTC().Truncate(time.Hour), Bucket: bucketOf(r.Attempt.LatencyMS),
		}
		row := sums[key]
		if row == nil {
			row = &endpointHour{EndpointID: key.EndpointID, Hour: key.Hour, Bucket: key.Bucket}
			sums[key] = row
			rows = append(rows, row)
		}
		row.Attempts++
		if r.Status == DeliveryDelivered {
			row.Delivered++
		}
	}
	slices.SortFunc(rows, func(a, b *endpointHour) int { // the order of locks
		return cmp.Or(cmp.Compare(a.EndpointID, b.EndpointID), a.Hour.Compare(b.Hour), cmp.Compare(a.Bucket, b.Bucket))
	})
	return insertMany(tx, rows, clause.OnConflict{
		Columns: []clause.Column{{Name: "endpoint_id"}, {Name: "hour"}, {Name: "bucket"}},
		DoUpdates: clause.Assignments(map[string]any{
			"attempts":  gorm.Expr("endpoint_hours.attempts + excluded.attempts"),
			"delivered": gorm.Expr("endpoint_hours.delivered + excluded.delivered"),
		}),
	})
}

// EndpointLoad is how the attempts at an endpoint went in some time.
type EndpointLoad struct {
	Attempts  int64
	Delivered int64
	P95       time.Duration // as exact as the buckets; 0 without attempts
}

// EndpointHealth is how an endpoint does.
type EndpointHealth struct {
	Day  EndpointLoad // the last 24 hours
	Week EndpointLoad // the last seven days
}

// Spans of EndpointHealth. Counted are whole hours, so that it is up to an hour less.
const (
	healthDay  = 24 * time.Hour
	healthWeek = 7 * healthDay
)

// EndpointHealth sums how endpoints of the scope did, by endpoint; those that
// got nothing are not in it.
func (db *DB) EndpointHealth(ctx context.Context, scope Scope, ids ...string) (map[string]EndpointHealth, error) {
	found := make(map[string]EndpointHealth, len(ids))
	now := db.Now().UTC()
	for part := range slices.Chunk(ids, maxIDs) {
		own := scope.in(db.q(ctx).Table("webhook_endpoints").Select("id"), "merchant_id").Where("id IN ?", part)
		hours, err := all[endpointHour](db.q(ctx).Where("endpoint_id IN (?) AND hour > ?", own, now.Add(-healthWeek)).
			Order("endpoint_id, bucket"))
		if err != nil {
			return nil, err
		}
		for len(hours) > 0 {
			id := hours[0].EndpointID
			n := slices.IndexFunc(hours, func(h endpointHour) bool { return h.EndpointID != id })
			if n < 0 {
				n = len(hours)
			}
			day := slices.DeleteFunc(slices.Clone(hours[:n]), func(h endpointHour) bool { return !h.Hour.After(now.Add(-healthDay)) })
			found[id] = EndpointHealth{Day: endpointLoad(day), Week: endpointLoad(hours[:n])}
			hours = hours[n:]
		}
	}
	return found, nil
}

// endpointLoad sums hours that are in the order of their buckets.
func endpointLoad(hours []endpointHour) EndpointLoad {
	var (
		l      EndpointLoad
		counts []bucketCount
	)
	for _, h := range hours {
		l.Attempts += h.Attempts
		l.Delivered += h.Delivered
		counts = append(counts, bucketCount{h.Bucket, h.Attempts})
	}
	l.P95 = percentile95(counts)
	return l
}

// LastAnswers loads the last attempts of the newest deliveries to an endpoint,
// newest first, with the starts of the answers.
func (db *DB) LastAnswers(ctx context.Context, scope Scope, endpointID string, limit int) ([]DeliveryAttempt, error) {
	newest, err := all[Delivery](scope.in(db.q(ctx).Select("id", "attempts"), "merchant_id").
		Where("endpoint_id = ? AND attempts > 0", endpointID).Order("id DESC").Limit(limit))
	if err != nil {
		return nil, err
	}
	last, ids := make(map[string]int, len(newest)), make([]string, len(newest))
	for i := range newest {
		ids[i], last[newest[i].ID] = newest[i].ID, newest[i].Attempts
	}
	attempts, err := listedAttempts(db.q(ctx).Where("delivery_id IN ?", ids))
	attempts = slices.DeleteFunc(attempts, func(a DeliveryAttempt) bool { return a.Number != last[a.DeliveryID] })
	slices.Reverse(attempts)
	return attempts, err
}
