package models

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// CarrierBudget is how often an account may call its carrier.
type CarrierBudget struct {
	Interval time.Duration // between two calls
	PerDay   int           // 0: no quota
	Share    CarrierShare  // of the quota
	// Test is a call of somebody who tests the account: it may be disabled,
	// stopped or paused, and the breaker open.
	Test bool
	// Probe is of a question that tries an open breaker and has begun: its further
	// calls belong to it.
	Probe *time.Time
	// ProbeLease is how long the call that tries an open breaker has for its
	// answer before another one may try.
	ProbeLease time.Duration
}

// CarrierShare is how much of the day's quota calls of a kind may have taken by
// now. The zero one is all of it.
type CarrierShare struct {
	Urgent bool // they are for parcels out for delivery, and count as such
	All    int  // while fewer calls than these were made in all
	Own    int  // or fewer of their kind
}

// allows says whether there may be another call of the kind.
func (s CarrierShare) allows(a *CarrierAccount, now time.Time) bool {
	calls, own := a.CallsOn(now), a.UrgentOn(now)
	if !s.Urgent {
		own = calls - own
	}
	return s == CarrierShare{} || calls < s.All || own < s.Own
}

// shareWait is when to look again whether more of the quota may be used.
const shareWait = 15 * time.Minute

// CarrierTurn says whether an account may make a call.
type CarrierTurn struct {
	OK      bool
	Probe   *time.Time // of the call that tries an open breaker: by this its answer is known
	RetryAt time.Time  // when to try again; zero: not before somebody resumes the account
}

// TakeCarrierCall reserves one call of an account that was loaded before, over
// all nodes: the guarded update lets one call through at a time, and while the
// breaker is open one in all until its answer is known.
func (tx *Tx) TakeCarrierCall(a *CarrierAccount, b CarrierBudget) (CarrierTurn, error) {
	now, day, turn := tx.now, tx.now.Format(time.DateOnly), CarrierTurn{OK: true}
	urgent, own := 0, "calls_today - urgent_today"
	if b.Share.Urgent {
		urgent, own = 1, "urgent_today"
	}
	set := map[string]any{
		"budget_day":   day,
		"urgent_today": gorm.Expr("CASE WHEN budget_day = ? THEN urgent_today + ? ELSE ? END", day, urgent, urgent),
		"calls_today":  gorm.Expr("CASE WHEN budget_day = ? THEN calls_today + 1 ELSE 1 END", day),
		"next_call_at": tx.now.Add(b.Interval),
	}
	where, args := "id = ? AND (next_call_at IS NULL OR next_call_at <= ?)", []any{a.ID, tx.now}
	if b.PerDay > 0 {
		where += " AND (budget_day <> ? OR calls_today < ?)"
		args = append(args, day, b.PerDay)
	}
	if b.PerDay > 0 && b.Share != (CarrierShare{}) {
		where += " AND (budget_day <> ? OR calls_today < ? OR " + own + " < ?)"
		args = append(args, day, b.Share.All, b.Share.Own)
	}
	switch {
	case b.Test:
		where += " AND (resume_at IS NULL OR resume_at <= ? OR broken_at IS NOT NULL)"
		args = append(args, tx.now)
	case b.Probe != nil:
		where += " AND probe_at = ?"
		args = append(args, *b.Probe)
	case a.BrokenAt == nil:
		where += callable + " AND broken_at IS NULL"
		args = append(args, tx.now, tx.now)
	default:
		where += callable + " AND broken_at IS NOT NULL"
		args = append(args, tx.now, tx.now)
		set["probe_at"], set["resume_at"] = tx.now, tx.now.Add(b.ProbeLease)
		turn.Probe = &now
	}
	ok, err := tx.update("carrier_accounts", set, where, args...)
	if err != nil {
		return CarrierTurn{}, err
	}
	if ok {
		return turn, nil
	}
	retryAt, err := tx.nextCarrierCall(a.ID, b)
	return CarrierTurn{RetryAt: retryAt}, err
}

// CountCarrierCalls takes calls of an account that a test of it made beside a
// reserved one; the next may not be made before the given time.
func (tx *Tx) CountCarrierCalls(id string, calls int, next time.Time) error {
	day := tx.now.Format(time.DateOnly)
	_, err := tx.update("carrier_accounts", map[string]any{
		"budget_day":   day,
		"calls_today":  gorm.Expr("CASE WHEN budget_day = ? THEN calls_today + ? ELSE ? END", day, calls, calls),
		"next_call_at": gorm.Expr("CASE WHEN next_call_at > ? THEN next_call_at ELSE ? END", next, next),
	}, "id = ?", id)
	return err
}

// callable is the condition of accounts that nobody and nothing keeps from calling.
const callable = " AND enabled AND stopped_at IS NULL AND (paused_at IS NULL OR paused_until <= ?) AND (resume_at IS NULL OR resume_at <= ?)"

// nextCarrierCall is when an account that was refused a call may make one; zero
// when that is for somebody to say.
func (tx *Tx) nextCarrierCall(id string, b CarrierBudget) (time.Time, error) {
	a, err := first[CarrierAccount](tx.q().Where("id = ?", id))
	if err != nil {
		return time.Time{}, err
	}
	if !b.Test && (!a.Enabled || a.StoppedAt != nil || a.Paused(tx.now) && a.PausedUntil == nil) {
		return time.Time{}, nil
	}
	return a.nextCall(tx.now, b), nil
}

// nextCall is the earliest time at which the account may call.
func (a *CarrierAccount) nextCall(now time.Time, b CarrierBudget) time.Time {
	at := now.Add(b.Interval)
	if a.NextCallAt != nil && a.NextCallAt.After(now) {
		at = *a.NextCallAt
	}
	if a.ResumeAt != nil && a.ResumeAt.After(at) && (!b.Test || a.BrokenAt == nil) {
		at = *a.ResumeAt
	}
	if !b.Test && a.Paused(now) && a.PausedUntil.After(at) {
		at = *a.PausedUntil
	}
	midnight := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	switch {
	case b.PerDay == 0:
	case a.CallsOn(now) >= b.PerDay:
		at = slices.MaxFunc([]time.Time{at, midnight}, time.Time.Compare)
	case !b.Share.allows(a, now):
		more := slices.MinFunc([]time.Time{now.Add(shareWait), midnight}, time.Time.Compare)
		at = slices.MaxFunc([]time.Time{at, more}, time.Time.Compare)
	}
	return at
}

// StopCarrierAccount stops all calls of an account whose credentials were
// refused, until an admin resumes it. It says whether it was running.
func (tx *Tx) StopCarrierAccount(id, reason string) (bool, error) {
	return tx.update("carrier_accounts", map[string]any{"stopped_at": tx.now, "stop_reason": reason},
		"id = ? AND stopped_at IS NULL", id)
}

// ResumeCarrierAccount lifts a stop, closes the breaker and makes the account's
// parcels due whose questions were refused. A pause is left to whom made it.
func (tx *Tx) ResumeCarrierAccount(id string) error {
	// That a question was wrong may have been the account's address.
	if err := tx.makeDue(id, CallAuth, CallBadRequest); err != nil {
		return err
	}
	_, err := tx.update("carrier_accounts", map[string]any{
		"stopped_at": nil, "stop_reason": "", "resume_at": nil, "failures": 0, "failing_at": nil, "broken_at": nil, "probe_at": nil,
	}, "id = ?", id)
	return err
}

// ResetCarrierBreaker lets an account call again because somebody says so, at
// its whole rate, and makes due what waits because the carrier failed.
func (tx *Tx) ResetCarrierBreaker(id string) error {
	if err := tx.makeDue(id, CallUnavailable, CallRateLimited); err != nil {
		return err
	}
	_, err := tx.update("carrier_accounts", map[string]any{
		"resume_at": nil, "failures": 0, "failing_at": nil, "broken_at": nil, "probe_at": nil, "slowed_until": nil,
	}, "id = ?", id)
	return err
}

// AskRefusedAgain makes parcels due that an account was refused an answer for.
func (tx *Tx) AskRefusedAgain(id string) error { return tx.makeDue(id, CallAuth) }

// makeDue has parcels of an account asked for again whose last question failed
// in one of the ways, unless they are history or were a mistake.
func (tx *Tx) makeDue(accountID string, kinds ...string) error {
	waiting, err := tx.lockIDs("shipments", forUpdate, "carrier_account_id = ? AND sync_error_kind IN ? AND status <> ? AND (news_at > ? OR tracked_since > ?)",
		accountID, kinds, ShipmentCanceled, tx.now.Add(-silentForGood), tx.now.Add(-silentForGood))
	if err != nil {
		return err
	}
	return tx.updateShipments(waiting, map[string]any{"next_poll_at": tx.now, "sync_error": "", "sync_error_kind": ""})
}

// CarrierPause is that a person keeps an account from calling.
type CarrierPause struct {
	Until  *time.Time // nil: until somebody resumes it
	Reason string
	By     string
}

// PauseCarrierAccount keeps an account from calling.
func (tx *Tx) PauseCarrierAccount(id string, p CarrierPause) error {
	_, err := tx.update("carrier_accounts", map[string]any{
		"paused_at": tx.now, "paused_until": p.Until, "pause_reason": p.Reason, "paused_by": p.By,
	}, "id = ?", id)
	return err
}

// UnpauseCarrierAccount ends a pause.
func (tx *Tx) UnpauseCarrierAccount(id string) error {
	_, err := tx.update("carrier_accounts", map[string]any{
		"paused_at": nil, "paused_until": nil, "pause_reason": "", "paused_by": "",
	}, "id = ?", id)
	return err
}

// Bounds of an account's own limits.
const (
	maxQuotaPerDay   = 100_000_000
	minRatePerSecond = 0.001
	maxRatePerSecond = 1000
)

// CarrierLimits are an account's own instead of what its carrier allows
// everybody; 0: the same.
type CarrierLimits struct {
	QuotaPerDay   int
	RatePerSecond float64
}

// SetCarrierLimits changes an account's own limits.
func (tx *Tx) SetCarrierLimits(id string, l CarrierLimits) error {
	if l.QuotaPerDay < 0 || l.QuotaPerDay > maxQuotaPerDay {
		return Invalid("quota_per_day", "quota_range")
	}
	if l.RatePerSecond != 0 && !(l.RatePerSecond >= minRatePerSecond && l.RatePerSecond <= maxRatePerSecond) {
		return Invalid("rate_per_second", "rate_range")
	}
	_, err := tx.update("carrier_accounts", map[string]any{
		"quota_per_day": l.QuotaPerDay, "rate_per_second": l.RatePerSecond,
	}, "id = ?", id)
	if err != nil {
		return fmt.Errorf("set limits of account %s: %w", id, err)
	}
	return nil
}
