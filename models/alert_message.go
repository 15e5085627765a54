package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Kinds of messages about incidents.
const (
	AlertOpened   = "opened"
	AlertReminder = "reminder" // it is still open
	AlertResolved = "resolved"
	AlertDigest   = "digest" // what quiet hours held back
)

// States of messages.
const (
	AlertHeld     = "held" // until quiet hours end
	AlertQueued   = "queued"
	AlertSent     = "sent"
	AlertFailed   = "failed"   // given up
	AlertDigested = "digested" // told by a digest
	AlertDropped  = "dropped"  // its channel or person is gone or wants no more
)

// AlertMessage is one message to one target, made in the transaction of the
// change that it tells of.
type AlertMessage struct {
	ID         string  `gorm:"primaryKey"`
	IncidentID *string // nil: a digest
	MerchantID *string
	Kind       string
	Number     int    // of the telling, so that each is made once for a target
	Target     string // a channel's or a user's id, or one of the configuration
	State      string
	Tries      int
	Error      string
	NextAt     *time.Time
	LeaseUntil *time.Time
	DigestID   *string // the digest that told of it
	CreatedAt  time.Time
	SentAt     *time.Time
}

// QueueAlert makes a message, unless it was made before.
func (tx *Tx) QueueAlert(m AlertMessage) error {
	m.ID, m.CreatedAt = NewID(PrefixAlertMessage), tx.now
	if m.State == "" {
		m.State = AlertQueued
	}
	if m.NextAt == nil {
		m.NextAt = &tx.now
	}
	if err := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&m).Error; err != nil {
		return fmt.Errorf("queue alert: %w", err)
	}
	return nil
}

// DueAlerts finds of each target, but those named, the message that is due for
// longest and that no node holds: however many wait for one, they hide no other's.
// Operators' come before merchants', longest due first.
func (db *DB) DueAlerts(ctx context.Context, busy []string, limit int) ([]AlertMessage, error) {
	now := db.Now()
	due := db.q(ctx).Table("alert_messages").Select("id, ROW_NUMBER() OVER (PARTITION BY target ORDER BY next_at, id) AS place").
		// The literals let SQLite see that the partial index serves.
		Where("state IN ('held', 'queued') AND next_at <= ? AND (lease_until IS NULL OR lease_until < ?)", now, now)
	if len(busy) > 0 {
		due = due.Where("target NOT IN ?", busy)
	}
	return all[AlertMessage](db.q(ctx).Where("id IN (SELECT id FROM (?) AS due WHERE place = 1)", due).
		Order("merchant_id IS NOT NULL, next_at").Limit(limit))
}

// ClaimAlert takes a due message for one try, which is counted. It says false
// when another node has it or it is done.
func (tx *Tx) ClaimAlert(m *AlertMessage, lease time.Duration) (bool, error) {
	ok, err := tx.update("alert_messages", map[string]any{"tries": gorm.Expr("tries + 1"), "lease_until": tx.now.Add(lease)},
		"id = ? AND state = ? AND next_at <= ? AND (lease_until IS NULL OR lease_until < ?)", m.ID, AlertQueued, tx.now, tx.now)
	if err != nil || !ok {
		return false, err
	}
	fresh, err := first[AlertMessage](tx.q().Where("id = ?", m.ID))
	if err != nil {
		return false, err
	}
	*m = *fresh
	return true, nil
}

// FinishAlert stores what became of a claimed message; with next it is tried
// again at that time.
func (tx *Tx) FinishAlert(m *AlertMessage, state, reason string, next *time.Time) error {
	set := map[string]any{"state": state, "error": reason, "next_at": next, "lease_until": nil}
	if state == AlertSent {
		set["sent_at"] = tx.now
	}
	ok, err := tx.update("alert_messages", set, "id = ? AND state = ? AND tries = ?", m.ID, AlertQueued, m.Tries)
	if err != nil || !ok || m.IncidentID == nil {
		return err
	}
	hint := Hint{Topic: "incident", ID: *m.IncidentID}
	if m.MerchantID != nil {
		hint.MerchantID = *m.MerchantID
	}
	tx.Announce(hint)
	return nil
}

// GatherDigest makes one message of those that quiet hours held back from a
// target and whose time has come. It returns how many there were.
func (tx *Tx) GatherDigest(target string) (int, error) {
	held, err := all[AlertMessage](tx.q().Clauses(forUpdate).
		Where("state IN ('held', 'queued') AND state = ? AND target = ? AND next_at <= ?", AlertHeld, target, tx.now).Order("id").Limit(MaxLimit))
	if err != nil || len(held) == 0 {
		return 0, err
	}
	digest := AlertMessage{
		ID: NewID(PrefixAlertMessage), Kind: AlertDigest, Number: 1, Target: target, State: AlertQueued, MerchantID: held[0].MerchantID,
		NextAt: &tx.now, CreatedAt: tx.now,
	}
	if err := tx.create(&digest); err != nil {
		return 0, err
	}
	ids := make([]string, len(held))
	for i := range held {
		ids[i] = held[i].ID
	}
	res := tx.q().Table("alert_messages").Where("id IN ? AND state = ?", ids, AlertHeld).
		Updates(map[string]any{"state": AlertDigested, "digest_id": digest.ID, "next_at": nil})
	if res.Error != nil {
		return 0, fmt.Errorf("gather digest: %w", res.Error)
	}
	if res.RowsAffected != int64(len(ids)) {
		return 0, ErrRaced // another node gathers them
	}
	return len(held), nil
}

// DigestedAlerts loads what a digest tells of, oldest first.
func (db *DB) DigestedAlerts(ctx context.Context, digestID string) ([]AlertMessage, error) {
	return all[AlertMessage](db.q(ctx).Where("digest_id = ?", digestID).Order("id").Limit(MaxLimit))
}

// IncidentAlerts loads the messages about an incident that the caller has
// loaded already, newest first.
func (db *DB) IncidentAlerts(ctx context.Context, incidentID string) ([]AlertMessage, error) {
	return all[AlertMessage](db.q(ctx).Where("incident_id = ?", incidentID).Order("id DESC").Limit(MaxLimit))
}

// DropAlerts ends what still waits for a target that is gone.
func (tx *Tx) DropAlerts(target string) error {
	_, err := tx.update("alert_messages", map[string]any{"state": AlertDropped, "next_at": nil},
		"state IN ('held', 'queued') AND target = ?", target)
	return err
}
