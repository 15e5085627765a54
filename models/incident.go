package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Severities of incidents. Critical ones pass quiet hours.
const (
	SeverityWarning  = "warning"
	SeverityCritical = "critical"
)

// Severities lists all, the least first.
var Severities = []string{SeverityWarning, SeverityCritical}

// Incident is something that is wrong, from when it was found until it was gone.
type Incident struct {
	ID         string `gorm:"primaryKey"`
	Key        string // of what is wrong: open once at a time
	Kind       string // of the rule that found it
	Severity   string
	MerchantID *string           // whose thing it is about; nil: the whole installation
	Shared     bool              // the merchant's own people are told too
	ObjectID   string            // the account, endpoint or queue
	Detail     map[string]string `gorm:"serializer:json"` // figures and names, for people of every language
	OpenedAt   time.Time
	SeenAt     time.Time  // when it was found last
	ClearSince *time.Time // since when it is not found any more; nil: it is
	ResolvedAt *time.Time

	Told       int        // messages that it is open: the first one and reminders
	ToldAt     *time.Time // when the last of them was made
	NextTellAt *time.Time // when the next one is due; nil: none is

	AcknowledgedAt    *time.Time // somebody sees to it: no more reminders
	AcknowledgedBy    string
	AcknowledgeReason string
}

// Open says whether it is still wrong.
func (i *Incident) Open() bool { return i.ResolvedAt == nil }

// IncidentFilter selects incidents; empty fields select all.
type IncidentFilter struct {
	State    string // IncidentOpen or IncidentResolved
	Kind     string
	Severity string
}

// States that incidents are filtered by.
const (
	IncidentOpen     = "open"
	IncidentResolved = "resolved"
)

// ownIncidents limits incidents to what the scope may see: staff all, merchants those of
// their own things that concern them.
func (s Scope) ownIncidents(q *gorm.DB) *gorm.DB {
	if s.all {
		return q
	}
	return s.in(q, "merchant_id").Where("shared = ?", true)
}

// Incidents lists incidents, newest first, with the next page's cursor.
func (db *DB) Incidents(ctx context.Context, scope Scope, f IncidentFilter, p Page) ([]Incident, string, error) {
	q := scope.ownIncidents(db.q(ctx))
	switch f.State {
	case IncidentOpen:
		q = q.Where("resolved_at IS NULL")
	case IncidentResolved:
		q = q.Where("resolved_at IS NOT NULL")
	}
	q = equal(q, "kind", f.Kind)
	q = equal(q, "severity", f.Severity)
	return page(q, p, PrefixIncident, func(i Incident) string { return i.ID })
}

// Incident loads one incident.
func (db *DB) Incident(ctx context.Context, scope Scope, id string) (*Incident, error) {
	return first[Incident](scope.ownIncidents(db.q(ctx)).Where("id = ?", id))
}

// IncidentCount is how many incidents are open.
type IncidentCount struct{ Open, Critical int }

// CountIncidents counts the open incidents of the scope, up to CountLimit+1.
func (db *DB) CountIncidents(ctx context.Context, scope Scope) (IncidentCount, error) {
	var count IncidentCount
	open := scope.ownIncidents(db.q(ctx).Model(&Incident{})).Where("resolved_at IS NULL").Select("severity").Limit(CountLimit + 1)
	err := db.q(ctx).Table("(?) AS found", open).
		Select("COUNT(*) AS open, COALESCE(SUM(CASE severity WHEN 'critical' THEN 1 ELSE 0 END), 0) AS critical").Scan(&count).Error
	if err != nil {
		return count, fmt.Errorf("count incidents: %w", err)
	}
	return count, nil
}

// IncidentsByID loads incidents for background work.
func (db *DB) IncidentsByID(ctx context.Context, ids ...string) ([]Incident, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return all[Incident](db.q(ctx).Where("id IN ?", ids).Order("id"))
}

// OpenIncidents loads all incidents that are open inside the transaction.
func (tx *Tx) OpenIncidents() ([]Incident, error) {
	return all[Incident](tx.q().Clauses(forUpdate).Where("resolved_at IS NULL").Order("id"))
}

// Incident loads one incident inside the transaction.
func (tx *Tx) Incident(scope Scope, id string) (*Incident, error) {
	return first[Incident](scope.ownIncidents(tx.q().Clauses(forUpdate)).Where("id = ?", id))
}
