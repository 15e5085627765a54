package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// What became of the promise of a delivered parcel.
const (
	PromiseKept   = "kept"
	PromiseBroken = "broken"
	PromiseNone   = "none" // nothing was promised, or nobody knows when it was delivered
)

// Bounds of the days that a parcel takes, as they are counted.
const (
	TransitUnknown = -1 // the carrier did not say when it got the parcel, or when it was delivered
	MaxTransit     = 90 // or more
)

// TransitStat counts the outbound parcels of a merchant that were delivered on
// one day of the merchant's time zone, after so many days in the carrier's
// hands. Medians, quantiles and shares follow from its rows.
type TransitStat struct {
	MerchantID  string `gorm:"primaryKey"`
	Day         string `gorm:"primaryKey"` // 2006-01-02
	Carrier     string `gorm:"primaryKey"`
	Country     string `gorm:"primaryKey"` // of the recipient; empty when unknown
	TransitDays int    `gorm:"primaryKey"` // midnights between hand-over and delivery, or TransitUnknown
	Promise     string `gorm:"primaryKey"`
	Count       int64
}

// transitDelta is one counted change, as statDelta is.
type transitDelta struct {
	ID          string `gorm:"primaryKey"`
	MerchantID  string
	Day         string
	Carrier     string
	Country     string
	TransitDays int
	Promise     string
	Count       int64
}

// TableName is transit_deltas.
func (transitDelta) TableName() string { return "transit_deltas" }

func (d *transitDelta) stat() TransitStat {
	return TransitStat{
		MerchantID: d.MerchantID, Day: d.Day, Carrier: d.Carrier, Country: d.Country, TransitDays: d.TransitDays,
		Promise: d.Promise,
	}
}

// transitOf is the row that a parcel counts in; false for one that does not.
func transitOf(s *Shipment, loc *time.Location) (TransitStat, bool) {
	if s.Status != ShipmentDelivered || s.Direction != DirectionOutbound {
		return TransitStat{}, false
	}
	at := s.CreatedAt
	if s.LastEventAt != nil {
		at = *s.LastEventAt
	}
	row := TransitStat{MerchantID: s.MerchantID, Carrier: s.Carrier, Country: s.Country, TransitDays: TransitUnknown, Promise: PromiseNone}
	if s.DeliveredAt != nil {
		at = *s.DeliveredAt
		if s.ShippedAt != nil && !s.ShippedAt.After(at) {
			row.TransitDays = min(midnights(*s.ShippedAt, at, loc), MaxTransit)
		}
	}
	row.Day = at.In(loc).Format(time.DateOnly)
	switch {
	case s.PromisedAt == nil:
	case s.Late:
		row.Promise = PromiseBroken
	case s.DeliveredAt != nil:
		row.Promise = PromiseKept
	}
	return row, true
}

// midnights counts how often the day changed between two moments.
func midnights(from, to time.Time, loc *time.Location) int {
	date := func(t time.Time) time.Time {
		y, m, d := t.In(loc).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(date(to).Sub(date(from)).Hours() / 24)
}

// transits adds up counts by the row without its number.
type transits map[TransitStat]int64

func (t transits) add(loc *time.Location, sign int64, s *Shipment) {
	if row, counts := transitOf(s, loc); counts {
		t[row] += sign
	}
}

// rows returns what is not zero, in one order everywhere, as sums.rows does.
func (t transits) rows() []TransitStat {
	rows := make([]TransitStat, 0, len(t))
	for row, n := range t {
		if n != 0 {
			row.Count = n
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, compareTransits)
	return rows
}

func compareTransits(a, b TransitStat) int {
	return cmp.Or(cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Carrier, b.Carrier),
		cmp.Compare(a.Country, b.Country), cmp.Compare(a.TransitDays, b.TransitDays), cmp.Compare(a.Promise, b.Promise))
}

// recountTransit takes back what a parcel counted in before a change and counts
// what it counts in after it.
func (tx *Tx) recountTransit(before, after *Shipment) error {
	if after.Status != ShipmentDelivered && (before == nil || before.Status != ShipmentDelivered) {
		return nil
	}
	loc, err := tx.db.location(tx, after.MerchantID)
	if err != nil {
		return err
	}
	if before != nil {
		tx.transits.add(loc, -1, before)
	}
	tx.transits.add(loc, 1, after)
	return nil
}

// writeTransits inserts the transaction's counted changes.
func (tx *Tx) writeTransits() error {
	rows := tx.transits.rows()
	deltas := make([]transitDelta, len(rows))
	for i := range rows {
		r := &rows[i]
		deltas[i] = transitDelta{
			ID: NewID("tra"), MerchantID: r.MerchantID, Day: r.Day, Carrier: r.Carrier, Country: r.Country,
			TransitDays: r.TransitDays, Promise: r.Promise, Count: r.Count,
		}
	}
	return insertMany(tx, deltas)
}

// foldTransits folds up to limit counted changes, as FoldStats does.
func (tx *Tx) foldTransits(limit int) (int, error) {
	deltas, err := all[transitDelta](tx.q().Clauses(skipLocked).Order("id").Limit(limit))
	if err != nil || len(deltas) == 0 {
		return 0, err
	}
	folded, ids := transits{}, make([]string, len(deltas))
	for i := range deltas {
		ids[i] = deltas[i].ID
		folded[deltas[i].stat()] += deltas[i].Count
	}
	if rows := folded.rows(); len(rows) > 0 {
		err := tx.q().Clauses(clause.OnConflict{
			Columns: []clause.Column{
				{Name: "merchant_id"}, {Name: "day"}, {Name: "carrier"}, {Name: "country"}, {Name: "transit_days"}, {Name: "promise"},
			},
			DoUpdates: clause.Assignments(map[string]any{"count": gorm.Expr("transit_stats.count + excluded.count")}),
		}).CreateInBatches(&rows, importRows).Error
		if err != nil {
			return 0, fmt.Errorf("fold transits: %w", err)
		}
	}
	if err := tx.q().Where("id IN ?", ids).Delete(&transitDelta{}).Error; err != nil {
		return 0, fmt.Errorf("fold transits: %w", err)
	}
	return len(deltas), nil
}

// What counts of delivered parcels are summed by; fields that are not named are
// empty.
var (
	TransitsByDay  = []string{"day", "promise"}
	TransitsByLane = []string{"merchant_id", "carrier", "country", "transit_days", "promise"}
)

// TransitStats sums the counts of the scope from the first to the last day,
// both included, by the columns.
func (db *DB) TransitStats(ctx context.Context, scope Scope, firstDay, lastDay string, by []string) ([]TransitStat, error) {
	columns := strings.Join(by, ", ")
	part := func(table string) *gorm.DB {
		return scope.in(db.q(ctx).Table(table), "merchant_id").Select(columns+", count").Where("day >= ? AND day <= ?", firstDay, lastDay)
	}
	var rows []TransitStat
	err := db.q(ctx).Table("(? UNION ALL ?) AS s", part("transit_stats"), part("transit_deltas")).
		Select(columns + ", SUM(count) AS count").Group(columns).Having("SUM(count) <> 0").Order(columns).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("transit stats: %w", err)
	}
	return rows, nil
}
