package models

import (
	"context"
	"fmt"
	"sort"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Metrics of the daily figures.
const (
	MetricOrders     = "orders"     // count and amount of orders placed
	MetricPaid       = "paid"       // count and amount captured
	MetricAuthorized = "authorized" // count and amount
	MetricFailed     = "failed"     // count and amount of failed payments
	MetricShipments  = "shipments"  // count of parcels made
	MetricDelivered  = "delivered"
	MetricLate       = "late" // delivered after the promise
	MetricExceptions = "exceptions"
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

func (tx *Tx) countStat(merchantID, metric, currency string, count, amount int64, at time.Time) error {
	loc, err := tx.db.location(tx, merchantID)
	if err != nil {
		return err
	}
	return tx.create(&statDelta{
		ID: NewID("sta"), MerchantID: merchantID, Day: at.In(loc).Format(time.DateOnly),
		Metric: metric, Currency: currency, Count: count, Amount: amount,
	})
}

// countPayment counts a payment that has just arrived in its status.
func (tx *Tx) countPayment(p *Payment) error {
	metric, amount, at := paymentMetric(p)
	if metric == "" {
		return nil
	}
	return tx.countStat(p.MerchantID, metric, p.Currency, 1, amount, at)
}

// paymentMetric is what a payment counts in: no metric when its status is
// counted nowhere.
func paymentMetric(p *Payment) (metric string, amount int64, at time.Time) {
	at = p.CreatedAt
	if p.SettledAt != nil {
		at = *p.SettledAt
	}
	switch p.Status {
	case PaymentPaid:
		return MetricPaid, p.AmountCaptured, at
	case PaymentAuthorized:
		return MetricAuthorized, p.Amount, at
	case PaymentFailed:
		return MetricFailed, p.Amount, at
	default:
		return "", 0, at
	}
}

// countShipment counts a parcel that has just arrived in its status.
func (tx *Tx) countShipment(before, s *Shipment) error {
	at := tx.now
	if s.Status == ShipmentDelivered && s.DeliveredAt != nil {
		at = *s.DeliveredAt
	}
	for _, metric := range shipmentMetrics(s) {
		if err := tx.countStat(s.MerchantID, metric, "", 1, 0, at); err != nil {
			return err
		}
	}
	return nil
}

// shipmentMetrics are what a parcel counts in when it arrives in its status.
func shipmentMetrics(s *Shipment) []string {
	switch {
	case s.Status == ShipmentDelivered && s.Late:
		return []string{MetricDelivered, MetricLate}
	case s.Status == ShipmentDelivered:
		return []string{MetricDelivered}
	case s.Status == ShipmentException:
		return []string{MetricExceptions}
	default:
		return nil
	}
}

// FoldStats folds up to limit counted changes into the daily figures and
// returns how many it took.
func (tx *Tx) FoldStats(limit int) (int, error) {
	deltas, err := all[statDelta](tx.q().Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).Limit(limit))
	if err != nil || len(deltas) == 0 {
		return 0, err
	}
	sums := map[DailyStat]*DailyStat{}
	ids := make([]string, len(deltas))
	for i, d := range deltas {
		ids[i] = d.ID
		key := DailyStat{MerchantID: d.MerchantID, Day: d.Day, Metric: d.Metric, Currency: d.Currency}
		if sums[key] == nil {
			row := key
			sums[key] = &row
		}
		sums[key].Count += d.Count
		sums[key].Amount += d.Amount
	}
	rows := make([]DailyStat, 0, len(sums))
	for _, row := range sums {
		rows = append(rows, *row)
	}
	sort.Slice(rows, func(i, j int) bool { // one order for all nodes, so that they cannot deadlock
		a, b := rows[i], rows[j]
		return a.MerchantID+a.Day+a.Metric+a.Currency < b.MerchantID+b.Day+b.Metric+b.Currency
	})
	err = tx.q().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "merchant_id"}, {Name: "day"}, {Name: "metric"}, {Name: "currency"}},
		DoUpdates: clause.Assignments(map[string]any{
			"count":  gorm.Expr("daily_stats.count + excluded.count"),
			"amount": gorm.Expr("daily_stats.amount + excluded.amount"),
		}),
	}).CreateInBatches(&rows, 200).Error
	if err != nil {
		return 0, fmt.Errorf("fold stats: %w", err)
	}
	if err := tx.q().Where("id IN ?", ids).Delete(&statDelta{}).Error; err != nil {
		return 0, fmt.Errorf("fold stats: %w", err)
	}
	return len(deltas), nil
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
		Group("day, metric, currency").Order("day").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("daily stats: %w", err)
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
