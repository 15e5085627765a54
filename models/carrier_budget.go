package models

import (
	"time"

	"gorm.io/gorm"
)

// CarrierBudget is how often an account may call its carrier.
type CarrierBudget struct {
	Interval time.Duration // between two calls
	PerDay   int           // 0: no quota
	Test     bool          // also for an account that is disabled or stopped
}

// TakeCarrierCall reserves one call of an account, over all nodes: the guarded
// update lets one call through at a time. It says when to try again when there
// is none to be had now; a zero time means that the account is stopped.
func (tx *Tx) TakeCarrierCall(id string, b CarrierBudget) (ok bool, retryAt time.Time, err error) {
	day := tx.now.Format(time.DateOnly)
	if _, err := tx.update("carrier_accounts", map[string]any{"budget_day": day, "calls_today": 0},
		"id = ? AND budget_day <> ?", id, day); err != nil {
		return false, time.Time{}, err
	}
	where := "id = ? AND (resume_at IS NULL OR resume_at <= ?) AND (next_call_at IS NULL OR next_call_at <= ?)"
	args := []any{id, tx.now, tx.now}
	if !b.Test {
		where += " AND enabled AND stopped_at IS NULL"
	}
	if b.PerDay > 0 {
		where += " AND calls_today < ?"
		args = append(args, b.PerDay)
	}
	ok, err = tx.update("carrier_accounts", map[string]any{
		"calls_today": gorm.Expr("calls_today + 1"), "next_call_at": tx.now.Add(b.Interval),
	}, where, args...)
	if err != nil || ok {
		return ok, time.Time{}, err
	}
	a, err := first[CarrierAccount](tx.q().Where("id = ?", id))
	if err != nil || (!b.Test && (!a.Enabled || a.StoppedAt != nil)) {
		return false, time.Time{}, err
	}
	return false, a.nextCall(tx.now, b), nil
}

// nextCall is the earliest time at which the account may call.
func (a *CarrierAccount) nextCall(now time.Time, b CarrierBudget) time.Time {
	at := now.Add(b.Interval)
	if a.NextCallAt != nil && a.NextCallAt.After(now) {
		at = *a.NextCallAt
	}
	if a.ResumeAt != nil && a.ResumeAt.After(at) {
		at = *a.ResumeAt
	}
	if b.PerDay > 0 && a.CallsToday >= b.PerDay {
		midnight := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
		if midnight.After(at) {
			at = midnight
		}
	}
	return at
}

// NoteCarrierCall keeps the health of an account after a call: failures in a
// row, and until when not to call.
func (tx *Tx) NoteCarrierCall(id string, ok bool, resumeAt *time.Time) error {
	set := map[string]any{"failures": gorm.Expr("failures + 1"), "resume_at": resumeAt}
	if ok {
		set = map[string]any{"failures": 0, "resume_at": nil}
	}
	_, err := tx.update("carrier_accounts", set, "id = ?", id)
	return err
}

// StopCarrierAccount stops all calls of an account whose credentials were
// refused, until an admin resumes it. It says whether it was running.
func (tx *Tx) StopCarrierAccount(id, reason string) (bool, error) {
	return tx.update("carrier_accounts", map[string]any{"stopped_at": tx.now, "stop_reason": reason},
		"id = ? AND stopped_at IS NULL", id)
}

// ResumeCarrierAccount lifts a stop and makes the account's parcels due.
func (tx *Tx) ResumeCarrierAccount(id string) error {
	waiting, err := tx.lockShipments(forUpdate, "carrier_account_id = ? AND sync_error_kind = ?", id, "auth")
	if err != nil {
		return err
	}
	due := map[string]any{"next_poll_at": tx.now, "sync_error": "", "sync_error_kind": ""}
	if err := tx.updateShipments(waiting, due); err != nil {
		return err
	}
	_, err = tx.update("carrier_accounts",
		map[string]any{"stopped_at": nil, "stop_reason": "", "resume_at": nil, "failures": 0}, "id = ?", id)
	return err
}
