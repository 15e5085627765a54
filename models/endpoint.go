package models

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Why an endpoint is disabled.
const (
	EndpointGone    = "gone"    // it answered 410
	EndpointFailing = "failing" // nothing but failures for days
	EndpointByHand  = "person"
)

// Bounds of what merchants set of an endpoint.
const (
	DefaultInFlight  = 8
	MaxInFlight      = 64
	MaxRatePerSecond = 1000
)

// Endpoint is an address of a merchant that receives events. Secret,
// PreviousSecret and Headers are sealed; of secrets that were replaced in short
// order, PreviousSecret holds several, each with its end, see PreviousSecrets.
//
// Paused and disabled are two things: while it is paused, deliveries are made
// and wait for it; what happens while it is disabled is listed as missed, and
// sent when somebody says so.
type Endpoint struct {
	ID                      string `gorm:"primaryKey"`
	MerchantID              string
	URL                     string
	Events                  []string `gorm:"serializer:json"` // empty: all types
	Description             string
	Secret                  string
	PreviousSecret          string
	PreviousSecretExpiresAt *time.Time
	Headers                 string   // custom headers, all as one
	HeaderNames             []string `gorm:"serializer:json"` // theirs, sorted
	RatePerSecond           int      // deliveries that may begin; 0: as many as there are
	MaxInFlight             int      // deliveries at once, over all nodes
	RateUsedUntil           *time.Time
	PausedAt                *time.Time
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

// MaxEndpoints is how many endpoints a merchant may have: each event writes a
// row for each of them, in the transaction that moves the money.
const MaxEndpoints = 50

// CreateEndpoint adds an endpoint; its ID is made by the caller, because the
// sealed secret is bound to it. More than MaxEndpoints are a conflict,
// too_many_endpoints.
func (tx *Tx) CreateEndpoint(e Endpoint) (*Endpoint, error) {
	if err := CheckEventTypes(e.Events); err != nil {
		return nil, err
	}
	if e.Events == nil {
		e.Events = []string{}
	}
	if e.HeaderNames == nil {
		e.HeaderNames = []string{}
	}
	if e.MaxInFlight == 0 {
		e.MaxInFlight = DefaultInFlight
	}
	if err := e.CheckLimits(); err != nil {
		return nil, err
	}
	if err := tx.roomFor(&Endpoint{}, e.MerchantID, MaxEndpoints, "too_many_endpoints", "deleted_at IS NULL"); err != nil {
		return nil, err
	}
	e.CreatedAt, e.UpdatedAt = tx.now, tx.now
	return &e, tx.create(&e)
}

// CheckLimits refuses numbers out of their bounds.
func (e *Endpoint) CheckLimits() error {
	if e.RatePerSecond < 0 || e.RatePerSecond > MaxRatePerSecond {
		return OutOfRange("rate_per_second", 0, MaxRatePerSecond)
	}
	if e.MaxInFlight < 1 || e.MaxInFlight > MaxInFlight {
		return OutOfRange("max_in_flight", 1, MaxInFlight)
	}
	return nil
}

// SealedHeaders are the custom headers of an endpoint as they are stored.
type SealedHeaders struct {
	Names  []string // sorted
	Sealed string   // empty without headers
}

// EndpointChange is what an edit may change; nil fields stay.
type EndpointChange struct {
	URL         *string
	Events      *[]string
	Description *string
	// Enabled is whether deliveries are made at all, Paused whether they wait.
	Enabled       *bool
	Paused        *bool
	RatePerSecond *int
	MaxInFlight   *int
	Headers       *SealedHeaders
}

// UpdateEndpoint edits an endpoint.
func (tx *Tx) UpdateEndpoint(scope Scope, id string, c EndpointChange) (*Endpoint, error) {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, err
	}
	if c.Events != nil {
		if err := CheckEventTypes(*c.Events); err != nil {
			return nil, err
		}
		e.Events = *c.Events
	}
	if c.URL != nil && *c.URL != e.URL {
		e.URL, e.FailingSince = *c.URL, nil
	}
	if c.Description != nil {
		e.Description = *c.Description
	}
	if c.Headers != nil {
		e.HeaderNames, e.Headers = c.Headers.Names, c.Headers.Sealed
	}
	tx.changeFlow(e, c)
	if err := e.CheckLimits(); err != nil {
		return nil, err
	}
	e.UpdatedAt = tx.now
	tx.Announce(Hint{Topic: TopicEndpoint, ID: e.ID, MerchantID: e.MerchantID})
	return e, tx.saveEndpoint(e)
}

// changeFlow changes what says when deliveries are sent. What failed before a
// pause, during which nothing could arrive, does not count after it.
func (tx *Tx) changeFlow(e *Endpoint, c EndpointChange) {
	switch {
	case c.Enabled == nil:
	case *c.Enabled:
		e.DisabledAt, e.DisabledReason, e.FailingSince = nil, "", nil
	case e.DisabledAt == nil:
		e.DisabledAt, e.DisabledReason = &tx.now, EndpointByHand
	}
	switch {
	case c.Paused == nil:
	case !*c.Paused && e.PausedAt != nil:
		e.PausedAt, e.FailingSince = nil, nil
	case !*c.Paused:
	case e.PausedAt == nil:
		e.PausedAt = &tx.now
	}
	if c.RatePerSecond != nil {
		e.RatePerSecond, e.RateUsedUntil = *c.RatePerSecond, nil
	}
	if c.MaxInFlight != nil {
		e.MaxInFlight = *c.MaxInFlight
	}
}

// DisableEndpoint stops deliveries to an endpoint; what it misses is listed for
// replay, see MissedDays. That it was not a person who did it is noted, and the
// merchant's other endpoints are told.
// One that was changed since it was loaded, or to which something arrived after
// all, stays as it is.
func (tx *Tx) DisableEndpoint(e *Endpoint, reason string) error {
	id := e.ID
	ok, err := tx.update("webhook_endpoints",
		map[string]any{"disabled_at": tx.now, "disabled_reason": reason, "updated_at": tx.now},
		"id = ? AND disabled_at IS NULL AND updated_at = ?", id, e.UpdatedAt)
	if err != nil || !ok {
		return err
	}
	tx.Announce(Hint{Topic: TopicEndpoint, ID: id, MerchantID: e.MerchantID})
	if reason == EndpointByHand {
		return nil
	}
	off := *e
	off.DisabledAt, off.DisabledReason, off.UpdatedAt = &tx.now, reason, tx.now
	err = tx.recordEvent(Event{MerchantID: e.MerchantID, Type: EventEndpointDisabled, ObjectID: id}, off.Object(tx.now))
	if err != nil {
		return err
	}
	return tx.Audit(Actor{Kind: "system", Name: "Tillpost"}, AuditEntry{
		MerchantID: &e.MerchantID, Action: "endpoint.disable", ObjectID: id, Detail: map[string]string{"url": e.URL, "reason": reason},
	})
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
