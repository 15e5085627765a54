package models

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// gatewayMinute counts how the calls and charges of a payment account went in a
// minute. A shared counter would make its charges wait for each other: they are
// spread over some shards, and readers add them.
type gatewayMinute struct {
	GatewayFigures

	GatewayAccountID string    `gorm:"primaryKey"`
	Minute           time.Time `gorm:"primaryKey"`
	Shard            int       `gorm:"primaryKey"`
}

// TableName is gateway_minutes.
func (gatewayMinute) TableName() string { return "gateway_minutes" }

// gatewayHour is the sum of the minutes of an hour that is over.
type gatewayHour struct {
	GatewayFigures

	GatewayAccountID string    `gorm:"primaryKey"`
	Hour             time.Time `gorm:"primaryKey"`
}

// TableName is gateway_hours.
func (gatewayHour) TableName() string { return "gateway_hours" }

// GatewayFigures are how calls and charges of a payment account went.
type GatewayFigures struct {
	Calls     int64 // to the provider
	Failed    int64 // of them, without an answer or with an error of the provider's
	Succeeded int64 // charges that took or reserved money
	Declined  int64 // charges that were refused
}

func (f *GatewayFigures) add(o GatewayFigures) {
	f.Calls += o.Calls
	f.Failed += o.Failed
	f.Succeeded += o.Succeeded
	f.Declined += o.Declined
}

// Charges is how many charges came to an end.
func (f GatewayFigures) Charges() int64 { return f.Succeeded + f.Declined }

const (
	gatewayShards = 8
	// minutesApart is how long minutes are kept apart, so that the hour that is
	// being looked at is in them whole.
	minutesApart = 2 * time.Hour
	// weekAndMore is longer than the week that is compared with.
	weekAndMore = 9 * 24 * time.Hour
	serverErr   = 500
)

// gatewayTally gathers what a transaction counts of payment accounts.
type gatewayTally map[string]*GatewayFigures

func (t gatewayTally) of(accountID string) *GatewayFigures {
	if t[accountID] == nil {
		t[accountID] = &GatewayFigures{}
	}
	return t[accountID]
}

// call counts a call of a provider.
func (t gatewayTally) call(c *ProviderCall) {
	if c.GatewayAccountID == nil {
		return
	}
	f := t.of(*c.GatewayAccountID)
	f.Calls++
	if c.Status == 0 || c.Status >= serverErr {
		f.Failed++
	}
}

// charge counts a charge that came to an end.
func (t gatewayTally) charge(accountID *string, to AttemptStatus) {
	if accountID == nil {
		return
	}
	switch to {
	case AttemptSucceeded, AttemptAuthorized:
		t.of(*accountID).Succeeded++
	case AttemptDeclined:
		t.of(*accountID).Declined++
	default:
	}
}

// CountCharge counts a charge of an account that came to an end.
func (tx *Tx) CountCharge(accountID *string, to AttemptStatus) { tx.gateways.charge(accountID, to) }

// writeGateways adds the transaction's counts to the minute.
func (tx *Tx) writeGateways() error {
	rows := make([]gatewayMinute, 0, len(tx.gateways))
	minute, shard := tx.now.UTC().Truncate(time.Minute), rand.IntN(gatewayShards)
	for id, f := range tx.gateways {
		rows = append(rows, gatewayMinute{GatewayAccountID: id, Minute: minute, Shard: shard, GatewayFigures: *f})
	}
	slices.SortFunc(rows, func(a, b gatewayMinute) int { return cmp.Compare(a.GatewayAccountID, b.GatewayAccountID) })
	return insertMany(tx, rows, addFigures("gateway_minutes", "gateway_account_id", "minute", "shard"))
}

func addFigures(table string, key ...string) clause.OnConflict {
	columns, set := make([]clause.Column, len(key)), map[string]any{}
	for i, name := range key {
		columns[i] = clause.Column{Name: name}
	}
	for _, name := range []string{"calls", "failed", "succeeded", "declined"} {
		set[name] = gorm.Expr(table + "." + name + " + excluded." + name)
	}
	return clause.OnConflict{Columns: columns, DoUpdates: clause.Assignments(set)}
}

// FoldGateways adds minutes that are over to their hours, and returns how many
// rows it took.
func (tx *Tx) FoldGateways(limit int) (int, error) {
	minutes, err := all[gatewayMinute](tx.q().Clauses(skipLocked).Where("minute < ?", tx.now.Add(-minutesApart).UTC().Truncate(time.Hour)).
		Order("minute, gateway_account_id, shard").Limit(min(limit, maxFold)))
	if err != nil || len(minutes) == 0 {
		return 0, err
	}
	sums := map[gatewayHour]*GatewayFigures{}
	for _, m := range minutes {
		key := gatewayHour{GatewayAccountID: m.GatewayAccountID, Hour: m.Minute.UTC().Truncate(time.Hour)}
		if sums[key] == nil {
			sums[key] = &GatewayFigures{}
		}
		sums[key].add(m.GatewayFigures)
		gone := tx.q().Where("gateway_account_id = ? AND minute = ? AND shard = ?", m.GatewayAccountID, m.Minute, m.Shard)
		if err := gone.Delete(&gatewayMinute{}).Error; err != nil {
			return 0, fmt.Errorf("fold minutes: %w", err)
		}
	}
	rows := make([]gatewayHour, 0, len(sums))
	for key, f := range sums {
		key.GatewayFigures = *f
		rows = append(rows, key)
	}
	slices.SortFunc(rows, func(a, b gatewayHour) int {
		return cmp.Or(cmp.Compare(a.GatewayAccountID, b.GatewayAccountID), a.Hour.Compare(b.Hour))
	})
	return len(minutes), insertMany(tx, rows, addFigures("gateway_hours", "gateway_account_id", "hour"))
}

// GatewaySpan are the figures of payment accounts in a time.
type GatewaySpan map[string]GatewayFigures // by account

// GatewayMinutes sums the figures of payment accounts in whole minutes from a
// time to now; it may not be longer ago than two hours.
func (db *DB) GatewayMinutes(ctx context.Context, from time.Time) (GatewaySpan, error) {
	return gatewaySpan(db.q(ctx).Table("gateway_minutes").Where("minute >= ?", from.UTC().Truncate(time.Minute)))
}

// GatewayWeek sums the figures of payment accounts in the seven days before a time.
func (db *DB) GatewayWeek(ctx context.Context, before time.Time) (GatewaySpan, error) {
	to := before.UTC().Truncate(time.Hour)
	return gatewaySpan(db.q(ctx).Table("gateway_hours").Where("hour >= ? AND hour < ?", to.Add(-7*24*time.Hour), to))
}

func gatewaySpan(q *gorm.DB) (GatewaySpan, error) {
	var rows []struct {
		GatewayFigures

		GatewayAccountID string
	}
	err := q.Select("gateway_account_id, SUM(calls) AS calls, SUM(failed) AS failed, SUM(succeeded) AS succeeded, SUM(declined) AS declined").
		Group("gateway_account_id").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("figures of payment accounts: %w", err)
	}
	span := make(GatewaySpan, len(rows))
	for _, row := range rows {
		span[row.GatewayAccountID] = row.GatewayFigures
	}
	return span, nil
}

// NoteGatewayAccess keeps since when a provider refuses an account's
// credentials, with its code; an empty code says that it takes them.
func (tx *Tx) NoteGatewayAccess(accountID, code string) error {
	set, where := map[string]any{"refused_at": nil, "refused_code": ""}, "id = ? AND refused_at IS NOT NULL"
	if code != "" {
		set, where = map[string]any{"refused_at": tx.now, "refused_code": code}, "id = ? AND refused_at IS NULL"
	}
	_, err := tx.update("gateway_accounts", set, where, accountID)
	return err
}
