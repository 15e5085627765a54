package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// carrierHour counts the calls of an account that began in an hour and took up
// to Bucket milliseconds.
type carrierHour struct {
	CarrierAccountID string    `gorm:"primaryKey"`
	Hour             time.Time `gorm:"primaryKey"`
	Bucket           int64     `gorm:"primaryKey"`
	Calls            int64
	Answered         int64
}

// TableName is carrier_hours.
func (carrierHour) TableName() string { return "carrier_hours" }

// latencyBounds are the buckets of latencies, in milliseconds: narrow where
// carriers usually answer. The last one holds all that took longer.
var latencyBounds = []int64{
	25, 50, 100, 150, 200, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10_000, 15_000, 20_000, 30_000,
}

// bucketOf is the upper bound of the latencies that one is counted with.
func bucketOf(ms int64) int64 {
	for _, bound := range latencyBounds {
		if ms <= bound {
			return bound
		}
	}
	return latencyBounds[len(latencyBounds)-1]
}

// countCalls adds calls to the hours in which they began, unless this side cut
// them off.
func (tx *Tx) countCalls(calls []CarrierCall) error {
	sums := map[carrierHour]*carrierHour{}
	var rows []*carrierHour
	for i := range calls {
		c := &calls[i]
		if c.Outcome == CallCanceled {
			continue
		}
		key := carrierHour{CarrierAccountID: c.CarrierAccountID, Hour: c.StartedAt.UTC().Truncate(time.Hour), Bucket: bucketOf(c.LatencyMS)}
		row := sums[key]
		if row == nil {
			row = &carrierHour{CarrierAccountID: key.CarrierAccountID, Hour: key.Hour, Bucket: key.Bucket}
			sums[key] = row
			rows = append(rows, row)
		}
		row.Calls++
		if c.Answered() {
			row.Answered++
		}
	}
	slices.SortFunc(rows, func(a, b *carrierHour) int { // the order of locks
		return cmp.Or(cmp.Compare(a.CarrierAccountID, b.CarrierAccountID), a.Hour.Compare(b.Hour), cmp.Compare(a.Bucket, b.Bucket))
	})
	return insertMany(tx, rows, clause.OnConflict{
		Columns: []clause.Column{{Name: "carrier_account_id"}, {Name: "hour"}, {Name: "bucket"}},
		DoUpdates: clause.Assignments(map[string]any{
			"calls":    gorm.Expr("carrier_hours.calls + excluded.calls"),
			"answered": gorm.Expr("carrier_hours.answered + excluded.answered"),
		}),
	})
}

// CarrierLoad is how the calls of an account went in the last 24 hours.
type CarrierLoad struct {
	Calls    int64
	Answered int64
	P95      time.Duration // as exact as the buckets; 0 without calls
}

// loadSpan is the time that CarrierLoads looks back. Counted are whole hours, so
// that it is up to an hour less.
const loadSpan = 24 * time.Hour

// CarrierLoads sums what accounts have called, by account; those that have not
// called are not in it.
func (db *DB) CarrierLoads(ctx context.Context, ids ...string) (map[string]CarrierLoad, error) {
	loads := make(map[string]CarrierLoad, len(ids))
	for part := range slices.Chunk(ids, maxIDs) {
		hours, err := all[carrierHour](db.q(ctx).Select("carrier_account_id, bucket, SUM(calls) AS calls, SUM(answered) AS answered").
			Where("carrier_account_id IN ? AND hour > ?", part, db.Now().UTC().Add(-loadSpan)).
			Group("carrier_account_id, bucket").Order("carrier_account_id, bucket"))
		if err != nil {
			return nil, err
		}
		buckets := map[string][]carrierHour{}
		for _, h := range hours {
			buckets[h.CarrierAccountID] = append(buckets[h.CarrierAccountID], h)
		}
		for id, own := range buckets {
			loads[id] = loadOf(own)
		}
	}
	return loads, nil
}

// loadOf sums buckets, the fastest first.
func loadOf(buckets []carrierHour) CarrierLoad {
	var (
		l      CarrierLoad
		counts []bucketCount
	)
	for _, b := range buckets {
		l.Calls += b.Calls
		l.Answered += b.Answered
		counts = append(counts, bucketCount{b.Bucket, b.Calls})
	}
	l.P95 = percentile95(counts)
	return l
}

// bucketCount is how many took up to bucket milliseconds.
type bucketCount struct{ bucket, count int64 }

// percentile95 is the latency that 95 of 100 stayed below, as exact as buckets
// are; they come in their order, and one may come in parts.
func percentile95(counts []bucketCount) time.Duration {
	all := int64(0)
	for _, c := range counts {
		all += c.count
	}
	rank, below := float64(all)*0.95, int64(0)
	for len(counts) > 0 {
		bucket, count := counts[0].bucket, int64(0)
		for len(counts) > 0 && counts[0].bucket == bucket {
			count += counts[0].count
			counts = counts[1:]
		}
		if float64(below+count) >= rank && count > 0 {
			lower := int64(0)
			if i := slices.Index(latencyBounds, bucket); i > 0 {
				lower = latencyBounds[i-1]
			}
			share := (rank - float64(below)) / float64(count)
			ms := float64(lower) + share*float64(bucket-lower)
			return time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond)
		}
		below += count
	}
	return 0
}

// waitingMost bounds how many waiting parcels are counted.
const waitingMost = 1000

// WaitingShipments counts parcels of an account whose poll is due, up to a bound.
func (db *DB) WaitingShipments(ctx context.Context, accountID string) (count int64, more bool, err error) {
	due := db.q(ctx).Table("shipments").Select("id").
		Where("carrier_account_id = ? AND next_poll_at <= ?", accountID, db.Now()).Limit(waitingMost + 1)
	if err := db.q(ctx).Table("(?) AS found", due).Count(&count).Error; err != nil {
		return 0, false, fmt.Errorf("count parcels that wait for %s: %w", accountID, err)
	}
	return min(count, waitingMost), count > waitingMost, nil
}
