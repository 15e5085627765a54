package models

import (
	"context"
	"time"
)

// Actor is who does something, for the audit log.
type Actor struct {
	Kind      string // user, api_key, cli, system
	ID        string
	Name      string
	IP        string
	RequestID string
}

// AuditEntry is one act, append-only. Detail never holds a secret.
type AuditEntry struct {
	ID         string `gorm:"primaryKey"`
	MerchantID *string
	ActorKind  string
	ActorID    string
	ActorName  string
	Action     string
	ObjectID   string
	OrderID    *string
	Reason     string
	Detail     map[string]string `gorm:"serializer:json"`
	IP         string
	RequestID  string
	CreatedAt  time.Time
}

// Audit notes an act in the transaction that does it.
func (tx *Tx) Audit(actor Actor, e AuditEntry) error {
	e.ID, e.CreatedAt = NewID(PrefixAudit), tx.now
	e.ActorKind, e.ActorID, e.ActorName = actor.Kind, actor.ID, actor.Name
	e.IP, e.RequestID = actor.IP, actor.RequestID
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	return tx.create(&e)
}

// AuditFilter selects audit entries; empty fields select all.
type AuditFilter struct {
	ObjectID string
	OrderID  string
	Action   string
	ActorID  string
}

// AuditEntries lists the audit log, newest first, with the next page's cursor.
func (db *DB) AuditEntries(ctx context.Context, scope Scope, f AuditFilter, p Page) ([]AuditEntry, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = equal(q, "object_id", f.ObjectID)
	q = equal(q, "order_id", f.OrderID)
	q = equal(q, "action", f.Action)
	q = equal(q, "actor_id", f.ActorID)
	return page(q, p, PrefixAudit, func(e AuditEntry) string { return e.ID })
}
