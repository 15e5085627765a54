package models

import (
	"context"
	"fmt"
	"time"
)

// watchAccounts counts accounts that do not call.
func (db *DB) watchAccounts(ctx context.Context, w *Watch) error {
	if err := db.q(ctx).Model(&CarrierAccount{}).Where("enabled = ? AND stopped_at IS NOT NULL", true).Count(&w.Stopped).Error; err != nil {
		return fmt.Errorf("count stopped carrier accounts: %w", err)
	}
	err := db.q(ctx).Model(&GatewayAccount{}).Where("enabled = ? AND breaker_open_until > ?", true, db.Now()).Count(&w.BreakersOpen).Error
	if err != nil {
		return fmt.Errorf("count open breakers: %w", err)
	}
	return nil
}

// watchDeliveries finds the first delivery that is due and that nothing but us
// keeps from being sent.
func (db *DB) watchDeliveries(ctx context.Context, w *Watch) error {
	now := db.Now()
	overdue, err := db.OverdueDeliveries(ctx, now)
	if err != nil {
		return err
	}
	if overdue.Count > 0 {
		w.DeliveryLag = now.Sub(overdue.Oldest)
	}
	return nil
}

// watchPolls finds for each kind of carrier how long a parcel has been due, at
// accounts that may call.
func (db *DB) watchPolls(ctx context.Context, w *Watch) error {
	epoch := "CAST(EXTRACT(EPOCH FROM MIN(due.first)) AS BIGINT)"
	if db.Dialect == SQLite {
		epoch = "CAST(strftime('%s', MIN(due.first)) AS INTEGER)"
	}
	now := db.Now()
	first := db.q(ctx).Table("carrier_accounts AS a").
		Select("a.kind, (SELECT MIN(s.next_poll_at) FROM shipments AS s WHERE s.carrier_account_id = a.id AND s.next_poll_at IS NOT NULL) AS first").
		Where("a.enabled = ? AND a.stopped_at IS NULL AND (a.resume_at IS NULL OR a.resume_at <= ?)", true, now).
		Where("a.paused_at IS NULL OR a.paused_until <= ?", now).Limit(watchLimit)
	var rows []struct {
		Kind  string
		First *int64
	}
	if err := db.q(ctx).Table("(?) AS due", first).Select("due.kind AS kind, " + epoch + " AS first").Group("due.kind").Scan(&rows).Error; err != nil {
		return fmt.Errorf("find the parcels that wait longest: %w", err)
	}
	for _, row := range rows {
		w.PollLag[row.Kind] = 0
		if row.First != nil {
			w.PollLag[row.Kind] = max(0, now.Sub(time.Unix(*row.First, 0)))
		}
	}
	return nil
}
