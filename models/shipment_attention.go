package models

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Trouble is a reason for which a parcel needs somebody.
type Trouble string

// The kinds of trouble.
const (
	TroubleException  Trouble = "exception"
	TroubleFailed     Trouble = "delivery_failed"
	TroubleNoMovement Trouble = "no_movement"  // nothing was scanned for longer than its status explains
	TroublePickup     Trouble = "pickup"       // nobody fetches it
	TroubleLate       Trouble = "late"         // under way although its promise has passed
	TroubleSync       Trouble = "sync_failing" // its carrier does not answer for it
	TroubleUnfollowed Trouble = "not_followed" // no account asks: there is none, or it is disabled or stopped
)

// Troubles lists all, the most urgent first.
var Troubles = []Trouble{TroubleException, TroubleFailed, TroubleLate, TroublePickup, TroubleNoMovement, TroubleSync, TroubleUnfollowed}

// After what time without news, or without an answer, a parcel is in trouble.
const (
	silentAnnounced = 5 * 24 * time.Hour // the carrier has at most its data
	silentMoving    = 5 * 24 * time.Hour
	silentOnVan     = 2 * 24 * time.Hour
	silentReturning = 10 * 24 * time.Hour
	silentForGood   = 90 * 24 * time.Hour // then it is history
	unfetched       = 3 * 24 * time.Hour
	unanswered      = 6 * time.Hour  // outages and limits end
	unknownNumber   = 48 * time.Hour // carriers may not know a new number for so long
	leastSilence    = silentOnVan    // of those above
)

// AttentionLimit is how far the parcels of one trouble are counted.
const AttentionLimit = 99

// column is what a trouble's list sorts by, the oldest first.
func (t Trouble) column() string {
	switch t {
	case TroubleNoMovement, TroubleUnfollowed:
		return "news_at"
	case TroubleLate:
		return "promised_at"
	case TroubleSync:
		return "sync_failed_at"
	case TroubleException, TroubleFailed, TroublePickup:
	}
	return "status_at"
}

// Since is how long ago the trouble began; zero when that is not known.
func (t Trouble) Since(s *Shipment) time.Time {
	at := &s.StatusAt
	switch t {
	case TroubleNoMovement, TroubleUnfollowed:
		at = &s.NewsAt
	case TroubleLate:
		at = s.PromisedAt
	case TroubleSync:
		at = s.SyncFailedAt
	case TroubleException, TroubleFailed, TroublePickup:
	}
	if at == nil {
		return time.Time{}
	}
	return *at
}

// troubledBy selects the parcels in a trouble. Statuses are literals, so that both
// databases know that the partial indexes serve.
func (db *DB) troubledBy(ctx context.Context, scope Scope, t Trouble) *gorm.DB {
	q, now := scope.in(db.q(ctx).Model(&Shipment{}), "merchant_id"), db.Now()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	switch t {
	case TroubleException:
		return q.Where("status = 'exception'")
	case TroubleFailed:
		return q.Where("status = 'delivery_failed'")
	case TroublePickup:
		return q.Where("status = 'available_for_pickup' AND status_at < ?", ago(unfetched))
	case TroubleLate:
		return q.Where("late AND status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery', 'available_for_pickup')").
			Where("promised_at IS NOT NULL")
	case TroubleNoMovement:
		return q.Where("status IN ('unknown', 'info_received', 'picked_up', 'in_transit', 'out_for_delivery', 'returning', 'expired')").
			Where("news_at < ? AND news_at > ?", ago(leastSilence), ago(silentForGood)).
			Where("status IN ('out_for_delivery', 'expired') OR status IN ('picked_up', 'in_transit') AND news_at < ? OR "+
				"status IN ('unknown', 'info_received') AND news_at < ? OR status = 'returning' AND news_at < ?",
				ago(silentMoving), ago(silentAnnounced), ago(silentReturning))
	case TroubleSync:
		return q.Where("sync_failed_at IS NOT NULL AND status NOT IN ('delivered', 'returned', 'canceled', 'expired')").
			Where("sync_error_kind IN ('auth', 'forbidden', 'bad_request', 'malformed') OR "+
				"sync_error_kind IN ('unavailable', 'rate_limited') AND sync_failed_at < ? OR sync_error_kind = 'not_found' AND sync_failed_at < ?",
				ago(unanswered), ago(unknownNumber))
	case TroubleUnfollowed:
		return q.Where("status NOT IN ('delivered', 'returned', 'canceled', 'expired') AND news_at > ?", ago(silentForGood)).
			Where("carrier_account_id IS NULL OR next_poll_at IS NOT NULL AND " +
				"carrier_account_id IN (SELECT id FROM carrier_accounts WHERE NOT enabled OR stopped_at IS NOT NULL)")
	default:
		return q.Where("1 = 0")
	}
}

// TroubledShipments lists the parcels in a trouble without their raw answers,
// the oldest trouble first, with the next page's cursor.
func (db *DB) TroubledShipments(ctx context.Context, scope Scope, t Trouble, p Page) ([]Shipment, string, error) {
	q, column := db.troubledBy(ctx, scope, t), t.column()
	if p.Cursor != "" {
		at, id, err := ageCursor(p.Cursor)
		if err != nil {
			return nil, "", err
		}
		q = q.Where(column+" >= ? AND ("+column+" > ? OR id > ?)", at, at, id)
	}
	rows, err := all[Shipment](q.Omit("raw").Order(column + ", id").Limit(p.limit() + 1))
	if err != nil || len(rows) <= p.limit() {
		return rows, "", err
	}
	rows = rows[:p.limit()]
	last := &rows[len(rows)-1]
	return rows, t.Since(last).UTC().Format(time.RFC3339Nano) + "~" + last.ID, nil
}

// ageCursor reads what TroubledShipments wrote.
func ageCursor(cursor string) (at time.Time, id string, err error) {
	moment, id, _ := strings.Cut(cursor, "~")
	at, err = time.Parse(time.RFC3339Nano, moment)
	if err != nil || !IsID(PrefixShipment, id) {
		return at, "", Invalid("cursor", "bad_cursor")
	}
	return at, id, nil
}

// CountTroubles counts the parcels in each trouble, up to AttentionLimit+1.
func (db *DB) CountTroubles(ctx context.Context, scope Scope) (map[Trouble]int, error) {
	counts := make(map[Trouble]int, len(Troubles))
	for _, t := range Troubles {
		var n int64
		found := db.troubledBy(ctx, scope, t).Select("1 AS one").Limit(AttentionLimit + 1)
		if err := db.q(ctx).Table("(?) AS found", found).Count(&n).Error; err != nil {
			return nil, fmt.Errorf("count parcels in trouble: %w", err)
		}
		if n > 0 {
			counts[t] = int(n)
		}
	}
	return counts, nil
}
