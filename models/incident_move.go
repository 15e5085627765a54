package models

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// OpenIncident opens an incident unless one with the same key is open: then it
// says false, as somebody else was first.
func (tx *Tx) OpenIncident(i *Incident) (bool, error) {
	i.ID, i.OpenedAt, i.SeenAt = NewID(PrefixIncident), tx.now, tx.now
	if i.Detail == nil {
		i.Detail = map[string]string{}
	}
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(i)
	if res.Error != nil {
		return false, fmt.Errorf("open incident %s: %w", i.Key, res.Error)
	}
	if res.RowsAffected == 0 {
		return false, nil
	}
	tx.announceIncident(i, true)
	return true, nil
}

// seenEvery is how often it is stored that an incident goes on as it was.
const seenEvery = time.Minute

// SeeIncident notes that an open incident was found again, with its newest figures.
func (tx *Tx) SeeIncident(i *Incident, severity string, detail map[string]string) error {
	changed := i.Severity != severity || !maps.Equal(i.Detail, detail)
	if !changed && i.ClearSince == nil && tx.now.Sub(i.SeenAt) < seenEvery {
		return nil
	}
	i.SeenAt, i.ClearSince, i.Severity, i.Detail = tx.now, nil, severity, detail
	if _, err := tx.moveIncident(i, "seen_at", "clear_since", "severity", "detail"); err != nil {
		return err
	}
	if changed {
		tx.announceIncident(i, false)
	}
	return nil
}

// MissIncident notes since when an open incident is not found any more.
func (tx *Tx) MissIncident(i *Incident) error {
	i.ClearSince = &tx.now
	_, err := tx.moveIncident(i, "clear_since")
	return err
}

// ResolveIncident ends an open incident. It says false when somebody else has.
func (tx *Tx) ResolveIncident(i *Incident) (bool, error) {
	i.ResolvedAt, i.NextTellAt = &tx.now, nil
	ok, err := tx.moveIncident(i, "resolved_at", "next_tell_at")
	if err == nil && ok {
		tx.announceIncident(i, false)
	}
	return ok, err
}

// TellIncident notes that messages were made that an incident is open, and when
// the next are due.
func (tx *Tx) TellIncident(i *Incident, next time.Time) error {
	i.Told++
	i.ToldAt, i.NextTellAt = &tx.now, &next
	_, err := tx.moveIncident(i, "told", "told_at", "next_tell_at")
	return err
}

// PlanIncident says when messages that an incident is open are due.
func (tx *Tx) PlanIncident(i *Incident, at *time.Time) error {
	i.NextTellAt = at
	_, err := tx.moveIncident(i, "next_tell_at")
	return err
}

// AcknowledgeIncident notes that somebody sees to an open incident, which ends
// its reminders.
func (tx *Tx) AcknowledgeIncident(i *Incident, by, reason string) error {
	if !i.Open() {
		return Conflict("incident_resolved", IncidentResolved)
	}
	if i.AcknowledgedAt != nil {
		return Conflict("incident_acknowledged", IncidentOpen)
	}
	i.AcknowledgedAt, i.AcknowledgedBy, i.AcknowledgeReason = &tx.now, by, reason
	if i.Told > 0 { // what nobody was told yet is told all the same
		i.NextTellAt = nil
	}
	ok, err := tx.moveIncident(i, "acknowledged_at", "acknowledged_by", "acknowledge_reason", "next_tell_at")
	if err == nil && !ok {
		return Conflict("incident_resolved", IncidentResolved)
	}
	tx.announceIncident(i, false)
	return err
}

// moveIncident writes columns of an incident that is still open.
func (tx *Tx) moveIncident(i *Incident, columns ...string) (bool, error) {
	res := tx.q().Model(i).Where("resolved_at IS NULL").Select(columns).Updates(i)
	if res.Error != nil {
		return false, fmt.Errorf("update incident %s: %w", i.ID, res.Error)
	}
	return res.RowsAffected > 0, nil
}

func (tx *Tx) announceIncident(i *Incident, fresh bool) {
	hint := Hint{Topic: "incident", ID: i.ID, New: fresh}
	if i.MerchantID != nil && i.Shared {
		hint.MerchantID = *i.MerchantID
	}
	tx.Announce(hint)
}

// LastTold is when messages were last made that something with the key is wrong.
func (tx *Tx) LastTold(key string) (*time.Time, error) {
	last, err := first[Incident](tx.q().Select("id", "told_at").Where("key = ? AND told_at IS NOT NULL", key).Order("told_at DESC"))
	if errors.Is(err, ErrNotFound) {
		return nil, nil //nolint:nilnil // never is no time
	}
	if err != nil {
		return nil, err
	}
	return last.ToldAt, nil
}

// alertFinding is what was found and has not lasted long enough yet.
type alertFinding struct {
	Key   string `gorm:"primaryKey"`
	Kind  string
	Since time.Time
}

// TableName is alert_findings.
func (alertFinding) TableName() string { return "alert_findings" }

// AlertFindings loads since when things that are no incidents yet have been found.
func (tx *Tx) AlertFindings() (map[string]time.Time, map[string]string, error) {
	rows, err := all[alertFinding](tx.q())
	since, kinds := make(map[string]time.Time, len(rows)), make(map[string]string, len(rows))
	for _, row := range rows {
		since[row.Key], kinds[row.Key] = row.Since, row.Kind
	}
	return since, kinds, err
}

// AddFinding notes that something was found for the first time.
func (tx *Tx) AddFinding(key, kind string) error {
	row := alertFinding{Key: key, Kind: kind, Since: tx.now}
	if err := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return fmt.Errorf("note finding %s: %w", key, err)
	}
	return nil
}

// DropFindings forgets what is not found any more, or is an incident by now.
func (tx *Tx) DropFindings(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if err := tx.q().Where("key IN ?", keys).Delete(&alertFinding{}).Error; err != nil {
		return fmt.Errorf("forget findings: %w", err)
	}
	return nil
}

// ClaimAlertTurn takes the turn to evaluate, if the last one began long enough
// ago: one node gets it. The number tells the turns apart.
func (tx *Tx) ClaimAlertTurn(node string, every time.Duration) (turn int64, ok bool, err error) {
	ok, err = tx.update("alert_clock", map[string]any{
		"node": node, "turn": gorm.Expr("turn + 1"), "evaluated_at": tx.now,
	}, "id = 1 AND (evaluated_at IS NULL OR evaluated_at <= ?)", tx.now.Add(-every))
	if err != nil || !ok {
		return 0, false, err
	}
	clock, err := first[AlertClock](tx.q().Where("id = 1"))
	if err != nil {
		return 0, false, err
	}
	return clock.Turn, true, nil
}

// HoldAlertTurn says whether a turn is still the newest, and keeps others from
// taking the next one before the transaction ends.
func (tx *Tx) HoldAlertTurn(turn int64) (bool, error) {
	return tx.update("alert_clock", map[string]any{"turn": turn}, "id = 1 AND turn = ?", turn)
}

// ClaimHeartbeat takes the turn to say that all is alive.
func (tx *Tx) ClaimHeartbeat(every time.Duration) (bool, error) {
	return tx.update("alert_clock", map[string]any{"heartbeat_at": tx.now},
		"id = 1 AND (heartbeat_at IS NULL OR heartbeat_at <= ?)", tx.now.Add(-every))
}

// AlertClock is when rules were evaluated last, and by which node.
type AlertClock struct {
	ID          int `gorm:"primaryKey"`
	Node        string
	Turn        int64
	EvaluatedAt *time.Time
	HeartbeatAt *time.Time
}

// TableName is alert_clock.
func (AlertClock) TableName() string { return "alert_clock" }
