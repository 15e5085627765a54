package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Metrics of the daily figures.
const (
	MetricOrders     = "orders"     // count and amount of orders placed
	MetricPaid       = "paid"       // count and amount captured
	MetricAuthorized = "authorized" // count and amount of what is authorized and not captured
	MetricFailed     = "failed"     // count and amount of payments that are failed
	MetricRefunded   = "refunded"   // count and amount given back
	MetricDisputed   = "disputed"   // count and amount of disputes opened
	MetricShipments  = "shipments"  // count of parcels made
	MetricDelivered  = "delivered"
	MetricLate       = "late"       // delivered after the promise
	MetricExceptions = "exceptions" // parcels, on the day of their last exception
)

// DailyStat is a figure of one day in the merchant's time zone.
type DailyStat struct {
	MerchantID string `gorm:"primaryKey"`
	Day        string `gorm:"primaryKey"` // 2006-01-02
	Metric     string `gorm:"primaryKey"`
	Currency   string `gorm:"primaryKey"`
	Count      int64
	Amount     int64
}

// statDelta is one counted change. It is inserted in the transaction that makes
// the change, where a shared counter would make busy merchants wait for each
// other, and folded into daily_stats later; readers add both.
type statDelta struct {
	ID         string `gorm:"primaryKey"`
	MerchantID string
	Day        string
	Metric     string
	Currency   string
	Count      int64
	Amount     int64
}

// TableName is stat_deltas.
func (statDelta) TableName() string { return "stat_deltas" }

func (d statDelta) stat() DailyStat {
	return DailyStat{MerchantID: d.MerchantID, Day: d.Day, Metric: d.Metric, Currency: d.Currency}
}

// recount takes back what a row counted in before a change and counts what it
// counts in after it. The transaction writes the difference at its end.
func (tx *Tx) recount(merchantID string, before, after []figure) error {
	if len(before) == 0 && len(after) == 0 {
		return nil
	}
	loc, err := tx.db.location(tx, merchantID)
	if err != nil {
		return err
	}
	tx.figures.add(merchantID, loc, -1, before)
	tx.figures.add(merchantID, loc, 1, after)
	return nil
}

// writeFigures inserts the transaction's counted changes.
func (tx *Tx) writeFigures() error {
	rows := tx.figures.rows()
	deltas := make([]statDelta, len(rows))
	for i, row := range rows {
		deltas[i] = statDelta{
			ID: NewID("sta"), MerchantID: row.MerchantID, Day: row.Day, Metric: row.Metric, Currency: row.Currency,
			Count: row.Count, Amount: row.Amount,
		}
	}
	return insertMany(tx, deltas)
}

// maxFold bounds the parameters of one statement.
const maxFold = 5000

// FoldStats folds up to limit counted changes of each kind into the daily
// figures and returns how many it took. Nodes that fold at the same time take
// different ones.
func (tx *Tx) FoldStats(limit int) (int, error) {
	limit = min(limit, maxFold)
	transits, err := tx.foldTransits(limit)
	if err != nil {
		return 0, err
	}
	deltas, err := all[statDelta](tx.q().Clauses(skipLocked).Order("id").Limit(limit))
	if err != nil || len(deltas) == 0 {
		return transits, err
	}
	folded := sums{}
	ids := make([]string, len(deltas))
	for i, d := range deltas {
		ids[i] = d.ID
		folded.addTo(d.stat(), d.Count, d.Amount)
	}
	rows := folded.rows()
	if err := tx.addToDays(rows); err != nil {
		return 0, err
	}
	if err := tx.q().Where("id IN ?", ids).Delete(&statDelta{}).Error; err != nil {
		return 0, fmt.Errorf("fold stats: %w", err)
	}
	return len(deltas) + transits, nil
}

func (tx *Tx) addToDays(rows []DailyStat) error {
	if len(rows) == 0 {
		return nil
	}
	err := tx.q().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "merchant_id"}, {Name: "day"}, {Name: "metric"}, {Name: "currency"}},
		DoUpdates: clause.Assignments(map[string]any{
			"count":  gorm.Expr("daily_stats.count + excluded.count"),
			"amount": gorm.Expr("daily_stats.amount + excluded.amount"),
		}),
	}).CreateInBatches(&rows, importRows).Error
	if err != nil {
		return fmt.Errorf("fold stats: %w", err)
	}
	return nil
}

// DailyStats sums the figures of the scope by day, metric and currency, from
// the first to the last day, both included.
func (db *DB) DailyStats(ctx context.Context, scope Scope, firstDay, lastDay string) ([]DailyStat, error) {
	part := func(table string) *gorm.DB {
		return scope.in(db.q(ctx).Table(table), "merchant_id").
			Select("day, metric, currency, count, amount").Where("day >= ? AND day <= ?", firstDay, lastDay)
	}
	var rows []DailyStat
	err := db.q(ctx).Table("(? UNION ALL ?) AS s", part("daily_stats"), part("stat_deltas")).
		Select("day, metric, currency, SUM(count) AS count, SUM(amount) AS amount").
		Group("day, metric, currency").Having("SUM(count) <> 0 OR SUM(amount) <> 0").
		Order("day, metric, currency").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("daily stats: %w", err)
	}
	return rows, nil
}

// ZoneStat is a figure of one day, of all merchants of one time zone.
type ZoneStat struct {
	DailyStat

	Timezone string // as the merchants name it
}

// ZoneStats sums the figures of the scope as DailyStats does, but apart by time
// zone: at any moment merchants in different zones may be in different days.
func (db *DB) ZoneStats(ctx context.Context, scope Scope, firstDay, lastDay string) ([]ZoneStat, error) {
	part := func(table string) *gorm.DB {
		return scope.in(db.q(ctx).Table(table), "merchant_id").
			Select("merchant_id, day, metric, currency, count, amount").Where("day >= ? AND day <= ?", firstDay, lastDay)
	}
	var rows []ZoneStat
	err := db.q(ctx).Table("(? UNION ALL ?) AS s", part("daily_stats"), part("stat_deltas")).
		Joins("JOIN merchants AS m ON m.id = s.merchant_id").
		Select("m.timezone, day, metric, s.currency, SUM(count) AS count, SUM(amount) AS amount").
		Group("m.timezone, day, metric, s.currency").Having("SUM(count) <> 0 OR SUM(amount) <> 0").
		Order("m.timezone, day, metric, s.currency").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("daily stats by zone: %w", err)
	}
	return rows, nil
}

// location caches merchants' time zones, which do not change.
func (db *DB) location(tx *Tx, merchantID string) (*time.Location, error) {
	if loc, ok := db.zones.Load(merchantID); ok {
		return loc.(*time.Location), nil //nolint:forcetypeassert // nothing else is stored
	}
	m, err := tx.merchant(merchantID)
	if err != nil {
		return nil, err
	}
	db.zones.Store(merchantID, m.Location())
	return m.Location(), nil
}
