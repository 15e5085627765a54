package models

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Endpoint is an address of a merchant that receives events. Secret and
// PreviousSecret are sealed.
type Endpoint struct {
	ID                      string `gorm:"primaryKey"`
	MerchantID              string
	URL                     string
	Events                  []string `gorm:"serializer:json"` // empty: all types
	Description             string
	Secret                  string
	PreviousSecret          string
	PreviousSecretExpiresAt *time.Time
	DisabledAt              *time.Time
	DisabledReason          string
	FailingSince            *time.Time
	DeletedAt               *time.Time
	CreatedAt               time.Time
	UpdatedAt               time.Time `gorm:"autoUpdateTime:false"`
}

// TableName is webhook_endpoints.
func (Endpoint) TableName() string { return "webhook_endpoints" }

// Wants says whether the endpoint subscribes to the type.
func (e *Endpoint) Wants(eventType string) bool {
	return len(e.Events) == 0 || slices.Contains(e.Events, eventType)
}

// EndpointJSON is a webhook endpoint as the API shows it; Secret is set in the
// answers to create and rotate only.
type EndpointJSON struct {
	ID          string    `json:"id"`
	URL         string    `json:"url"`
	Events      []string  `json:"events" nullable:"false" doc:"Empty: all types"`
	Description string    `json:"description"`
	Enabled     bool      `json:"enabled"`
	Secret      string    `json:"secret,omitempty" doc:"Shown once, after creation and rotation"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Object renders the endpoint without its secret.
func (e *Endpoint) Object() EndpointJSON {
	events := e.Events
	if events == nil {
		events = []string{}
	}
	return EndpointJSON{
		ID: e.ID, URL: e.URL, Events: events, Description: e.Description, Enabled: e.DisabledAt == nil,
		CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
}

// CreateEndpoint adds an endpoint; its ID is made by the caller, because the
// sealed secret is bound to it.
func (tx *Tx) CreateEndpoint(e Endpoint) (*Endpoint, error) {
	if i, unknown := unknownEventType(e.Events); unknown {
		return nil, Invalid(fmt.Sprintf("events[%d]", i), "unknown_event_type")
	}
	if e.Events == nil {
		e.Events = []string{}
	}
	e.CreatedAt, e.UpdatedAt = tx.now, tx.now
	return &e, tx.create(&e)
}

// EndpointChange is what an edit may change; nil fields stay.
type EndpointChange struct {
	URL         *string
	Events      *[]string
	Description *string
	Enabled     *bool
}

// UpdateEndpoint edits an endpoint.
func (tx *Tx) UpdateEndpoint(scope Scope, id string, c EndpointChange) (*Endpoint, error) {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, err
	}
	if c.Events != nil {
		if i, unknown := unknownEventType(*c.Events); unknown {
			return nil, Invalid(fmt.Sprintf("events[%d]", i), "unknown_event_type")
		}
		e.Events = *c.Events
	}
	if c.URL != nil {
		e.URL = *c.URL
	}
	if c.Description != nil {
		e.Description = *c.Description
	}
	if c.Enabled != nil {
		e.DisabledAt, e.DisabledReason = nil, ""
		if !*c.Enabled {
			e.DisabledAt, e.DisabledReason = &tx.now, "paused"
		} else {
			e.FailingSince = nil
		}
	}
	e.UpdatedAt = tx.now
	return e, tx.saveEndpoint(e)
}

// RotateEndpointSecret replaces the sealed secret and keeps the old one valid
// until the given time.
func (tx *Tx) RotateEndpointSecret(scope Scope, id, sealed string, oldUntil time.Time) (*Endpoint, error) {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, err
	}
	e.PreviousSecret, e.PreviousSecretExpiresAt = e.Secret, &oldUntil
	e.Secret, e.UpdatedAt = sealed, tx.now
	return e, tx.saveEndpoint(e)
}

// DisableEndpoint stops deliveries to an endpoint; what it misses is listed for
// replay, see MissedDays.
func (tx *Tx) DisableEndpoint(id, reason string) error {
	_, err := tx.update("webhook_endpoints",
		map[string]any{"disabled_at": tx.now, "disabled_reason": reason, "updated_at": tx.now},
		"id = ? AND disabled_at IS NULL", id)
	return err
}

// NoteEndpointHealth keeps since when an endpoint has only failed.
func (tx *Tx) NoteEndpointHealth(id string, ok bool) error {
	if ok {
		_, err := tx.update("webhook_endpoints", map[string]any{"failing_since": nil}, "id = ? AND failing_since IS NOT NULL", id)
		return err
	}
	_, err := tx.update("webhook_endpoints", map[string]any{"failing_since": tx.now}, "id = ? AND failing_since IS NULL", id)
	return err
}

// DeleteEndpoint removes an endpoint; its deliveries stay readable.
func (tx *Tx) DeleteEndpoint(scope Scope, id string) error {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return err
	}
	e.DeletedAt, e.UpdatedAt = &tx.now, tx.now
	return tx.saveEndpoint(e)
}

func (tx *Tx) saveEndpoint(e *Endpoint) error {
	if err := tx.q().Model(e).Select("*").Omit("id", "created_at").Updates(e).Error; err != nil {
		return fmt.Errorf("update endpoint %s: %w", e.ID, err)
	}
	return nil
}

// Endpoint loads an endpoint inside the transaction.
func (tx *Tx) Endpoint(scope Scope, id string) (*Endpoint, error) {
	return first[Endpoint](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ? AND deleted_at IS NULL", id))
}

// Endpoint loads one endpoint.
func (db *DB) Endpoint(ctx context.Context, scope Scope, id string) (*Endpoint, error) {
	return first[Endpoint](scope.in(db.q(ctx), "merchant_id").Where("id = ? AND deleted_at IS NULL", id))
}

// Endpoints lists the endpoints of the scope, newest first.
func (db *DB) Endpoints(ctx context.Context, scope Scope, p Page) ([]Endpoint, string, error) {
	q := scope.in(db.q(ctx), "merchant_id").Where("deleted_at IS NULL")
	return page(q, p, PrefixEndpoint, func(e Endpoint) string { return e.ID })
}

// ResealEndpoint stores an endpoint's secrets sealed anew, unless one was
// replaced meanwhile.
func (tx *Tx) ResealEndpoint(e *Endpoint) error {
	_, err := tx.update("webhook_endpoints",
		map[string]any{"secret": e.Secret, "previous_secret": e.PreviousSecret}, "id = ? AND updated_at = ?", e.ID, e.UpdatedAt)
	return err
}
