package models

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// StatDiff is a daily figure that differs from the rows that it counts.
type StatDiff struct {
	MerchantID string
	Day        string
	Metric     string
	Currency   string

	Count, WantCount   int64
	Amount, WantAmount int64
}

// CheckStats recomputes the daily figures from the first to the last day, both
// included, from orders, payments and parcels as they are, and returns those
// that differ, by merchant and day. It reads all rows, of one moment.
func (db *DB) CheckStats(ctx context.Context, firstDay, lastDay string) ([]StatDiff, error) {
	diffs, _, err := db.checkStats(ctx, firstDay, lastDay)
	return diffs, err
}

// checkStats also returns by how much the counts of delivered parcels are off;
// among the differences they stand in words.
func (db *DB) checkStats(ctx context.Context, firstDay, lastDay string) (diffs []StatDiff, off transits, err error) {
	err = db.snapshot(ctx, func(q *gorm.DB) error {
		want, wantTransits, err := recomputeStats(q)
		if err != nil {
			return err
		}
		have := sums{}
		for _, table := range []string{"daily_stats", "stat_deltas"} {
			rows, err := all[DailyStat](q.Table(table).
				Select("merchant_id, day, metric, currency, SUM(count) AS count, SUM(amount) AS amount").
				Where("day >= ? AND day <= ?", firstDay, lastDay).Group("merchant_id, day, metric, currency"))
			if err != nil {
				return err
			}
			for _, r := range rows {
				have.addTo(DailyStat{MerchantID: r.MerchantID, Day: r.Day, Metric: r.Metric, Currency: r.Currency}, r.Count, r.Amount)
			}
		}
		diffs = compareSums(have, want, firstDay, lastDay)
		haveTransits, err := countedTransits(q, firstDay, lastDay)
		if err != nil {
			return err
		}
		off = wantTransits.within(firstDay, lastDay).minus(haveTransits)
		diffs = append(diffs, off.diffs(haveTransits)...)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("check stats: %w", err)
	}
	return diffs, off, nil
}

// RebuildStats corrects the figures that CheckStats finds wrong and returns
// what it corrected. It adds the differences, which stay right whatever is
// counted meanwhile; two that run at once would add them twice.
func (db *DB) RebuildStats(ctx context.Context, firstDay, lastDay string) ([]StatDiff, error) {
	diffs, off, err := db.checkStats(ctx, firstDay, lastDay)
	if err != nil || len(diffs) == 0 {
		return nil, err
	}
	err = db.Write(ctx, func(tx *Tx) error {
		for _, d := range diffs[:len(diffs)-len(off.rows())] { // the last are those of parcels, in words
			tx.figures.addTo(d.key(), d.WantCount-d.Count, d.WantAmount-d.Amount)
		}
		for row, n := range off {
			tx.transits[row] += n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rebuild stats: %w", err)
	}
	return diffs, nil
}

// snapshot runs reads that see one moment.
func (db *DB) snapshot(ctx context.Context, read func(q *gorm.DB) error) error {
	return db.q(ctx).Transaction(func(g *gorm.DB) error {
		return read(g.WithContext(ctx))
	}, &sql.TxOptions{ReadOnly: true})
}

// statChunk is how many rows are recounted at a time.
const statChunk = 2000

func recomputeStats(q *gorm.DB) (sums, transits, error) {
	merchants, err := all[Merchant](q)
	if err != nil {
		return nil, nil, err
	}
	zones := make(map[string]*time.Location, len(merchants))
	for i := range merchants {
		zones[merchants[i].ID] = merchants[i].Location()
	}
	want, delivered := sums{}, transits{}
	count := func(merchantID string, figures []figure) { want.add(merchantID, zones[merchantID], 1, figures) }
	err = eachRow(q.Select("id", "merchant_id", "currency", "amount", "placed_at"),
		func(o *Order) string { count(o.MerchantID, orderFigures(o)); return o.ID })
	if err != nil {
		return nil, nil, err
	}
	err = eachRow(q.Select("id", "merchant_id", "currency", "status", "amount", "amount_captured", "settled_at", "created_at"),
		func(p *Payment) string { count(p.MerchantID, paymentFigures(p)); return p.ID })
	if err != nil {
		return nil, nil, err
	}
	err = eachRow(q.Select("id", "merchant_id", "currency", "status", "amount", "finished_at"),
		func(r *Refund) string { count(r.MerchantID, refundFigures(r)); return r.ID })
	if err != nil {
		return nil, nil, err
	}
	err = eachRow(q.Select("id", "merchant_id", "currency", "status", "amount", "created_at"),
		func(d *Dispute) string { count(d.MerchantID, disputeFigures(d)); return d.ID })
	if err != nil {
		return nil, nil, err
	}
	err = eachRow(q.Select("id", "merchant_id", "carrier", "country", "direction", "status", "late", "promised_at", "shipped_at",
		"delivered_at", "exception_at", "last_event_at", "created_at"),
		func(s *Shipment) string {
			count(s.MerchantID, shipmentFigures(s))
			delivered.add(zones[s.MerchantID], 1, s)
			return s.ID
		})
	return want, delivered, err
}

// eachRow calls visit, which returns the row's id, with all rows of a query.
func eachRow[T any](q *gorm.DB, visit func(row *T) string) error {
	q = q.Session(&gorm.Session{})
	for after := ""; ; {
		rows, err := all[T](q.Where("id > ?", after).Order("id").Limit(statChunk))
		if err != nil {
			return err
		}
		for i := range rows {
			after = visit(&rows[i])
		}
		if len(rows) < statChunk {
			return nil
		}
	}
}

func compareSums(have, want sums, firstDay, lastDay string) []StatDiff {
	off := sums{}
	for key, row := range want {
		if key.Day >= firstDay && key.Day <= lastDay {
			off.addTo(key, row.Count, row.Amount)
		}
	}
	for key, row := range have {
		off.addTo(key, -row.Count, -row.Amount)
	}
	var diffs []StatDiff
	for _, row := range off.rows() {
		d := StatDiff{MerchantID: row.MerchantID, Day: row.Day, Metric: row.Metric, Currency: row.Currency}
		if h := have[d.key()]; h != nil {
			d.Count, d.Amount = h.Count, h.Amount
		}
		d.WantCount, d.WantAmount = d.Count+row.Count, d.Amount+row.Amount
		diffs = append(diffs, d)
	}
	return diffs
}

func (d *StatDiff) key() DailyStat {
	return DailyStat{MerchantID: d.MerchantID, Day: d.Day, Metric: d.Metric, Currency: d.Currency}
}
