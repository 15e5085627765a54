package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// TakeGatewayCalls reserves up to want requests of a payment account in the
// second of now, over all nodes, and returns how many were granted. The guarded
// update is the limit: nodes take blocks, so that not every charge writes it.
func (db *DB) TakeGatewayCalls(ctx context.Context, accountID string, now time.Time, want int) (granted int, err error) {
	second := now.UTC().Truncate(time.Second)
	err = db.Write(ctx, func(tx *Tx) error {
		granted = 0
		if _, err := tx.update("gateway_accounts", map[string]any{"rate_second": second, "rate_taken": 0},
			"id = ? AND (rate_second IS NULL OR rate_second < ?)", accountID, second); err != nil {
			return err
		}
		a, err := first[GatewayAccount](tx.q().Clauses(forUpdate).Select("rate_limit", "rate_taken", "rate_second").Where("id = ?", accountID))
		if err != nil {
			return err
		}
		take := min(want, a.RateLimit-a.RateTaken)
		if take <= 0 || a.RateSecond == nil || a.RateSecond.After(second) {
			return nil // used up, or this node's second is over already
		}
		ok, err := tx.update("gateway_accounts", map[string]any{"rate_taken": gorm.Expr("rate_taken + ?", take)},
			"id = ? AND rate_second = ? AND rate_taken = ?", accountID, second, a.RateTaken)
		if err != nil {
			return err
		}
		if !ok {
			return ErrRaced
		}
		granted = take
		return nil
	})
	return granted, err
}

// TripGateway keeps all nodes from calling an account's provider until then.
func (db *DB) TripGateway(ctx context.Context, accountID string, until time.Time) error {
	return db.Write(ctx, func(tx *Tx) error {
		return tx.setBreaker(accountID, map[string]any{"breaker_open_until": until})
	})
}

// CloseGateway lets calls through again, because the provider answers.
func (db *DB) CloseGateway(ctx context.Context, accountID string) error {
	return db.Write(ctx, func(tx *Tx) error {
		return tx.setBreaker(accountID, map[string]any{"breaker_open_until": nil})
	})
}

// ResetGatewayBreaker lets calls through again because somebody says so.
func (tx *Tx) ResetGatewayBreaker(accountID string) error {
	return tx.setBreaker(accountID, map[string]any{
		"breaker_open_until": nil, "breaker_reset_at": tx.now,
	})
}

func (tx *Tx) setBreaker(accountID string, set map[string]any) error {
	if _, err := tx.update("gateway_accounts", set, "id = ?", accountID); err != nil {
		return err
	}
	a, err := first[GatewayAccount](tx.q().Select("id", "merchant_id").Where("id = ?", accountID))
	if err != nil {
		return err
	}
	tx.Announce(Hint{Topic: "account", ID: a.ID, MerchantID: a.MerchantID})
	return nil
}

// SetGatewayRateLimit changes how many requests a second an account may make.
func (tx *Tx) SetGatewayRateLimit(accountID string, perSecond int) error {
	if perSecond < 1 || perSecond > maxRateLimit {
		return Invalid("rate_limit", "out_of_range")
	}
	_, err := tx.update("gateway_accounts", map[string]any{"rate_limit": perSecond}, "id = ?", accountID)
	return err
}

const maxRateLimit = 1000

// NoteCaughtUp stores until when an account's lost webhooks were looked for.
func (tx *Tx) NoteCaughtUp(accountID string, at time.Time) error {
	_, err := tx.update("gateway_accounts", map[string]any{"caught_up_at": at}, "id = ?", accountID)
	return err
}
