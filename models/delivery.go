package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Statuses of deliveries.
const (
	DeliveryPending    = "pending"
	DeliveryDelivering = "delivering"
	DeliveryDelivered  = "delivered"
	DeliveryRetrying   = "retrying"
	DeliveryExhausted  = "exhausted"
	DeliveryCanceled   = "canceled" // the endpoint was disabled, or deleted meanwhile
)

// DeliveryStatuses lists all.
var DeliveryStatuses = []string{
	DeliveryPending, DeliveryDelivering, DeliveryDelivered, DeliveryRetrying, DeliveryExhausted, DeliveryCanceled,
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID            string `gorm:"primaryKey"`
	MerchantID    string
	EndpointID    string
	EventID       string
	EventType     string
	Status        string
	Attempts      int // all that were made
	RoundStart    int // those made before the last replay
	NextAttemptAt *time.Time
	LeaseUntil    *time.Time
	LastStatus    int // HTTP status of the last attempt; 0 when none came
	LastError     string
	CreatedAt     time.Time
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
}

// DeliveryAttempt is one POST to an endpoint.
type DeliveryAttempt struct {
	DeliveryID string `gorm:"primaryKey"`
	Number     int    `gorm:"primaryKey"`
	StartedAt  time.Time
	LatencyMS  int64
	Status     int // HTTP status; 0 when no answer came
	Error      string
	Answer     string // its start
}

// DeliveryJSON is a delivery as the API shows it.
type DeliveryJSON struct {
	ID            string                `json:"id"`
	EndpointID    string                `json:"endpoint_id"`
	Status        string                `json:"status" enum:"pending,delivering,delivered,retrying,exhausted,canceled"`
	NextAttemptAt *time.Time            `json:"next_attempt_at"`
	Attempts      []DeliveryAttemptJSON `json:"attempts" nullable:"false"`
}

// DeliveryAttemptJSON is one attempt as the API shows it.
type DeliveryAttemptJSON struct {
	Number    int       `json:"number"`
	StartedAt time.Time `json:"started_at"`
	LatencyMS int64     `json:"latency_ms"`
	Status    int       `json:"status"`
	Error     string    `json:"error,omitempty"`
	Answer    string    `json:"answer,omitempty"`
}

// MissedDays is for how long after it was disabled the events that an endpoint
// misses are listed for it, to be sent later. Who has not come back by then has
// left, and would only make every event write rows for nobody.
const MissedDays = 30

// missDelivery lists an event for an endpoint that is disabled: canceled, without
// a job, for somebody to send it again.
func (tx *Tx) missDelivery(e *Event, endpointID string) error {
	d := Delivery{
		ID: NewID(PrefixDelivery), MerchantID: e.MerchantID, EndpointID: endpointID, EventID: e.ID, EventType: e.Type,
		Status: DeliveryCanceled, LastError: "endpoint_disabled", CreatedAt: tx.now, UpdatedAt: tx.now,
	}
	if err := tx.create(&d); err != nil {
		return err
	}
	tx.Announce(Hint{Topic: "delivery", ID: d.ID, MerchantID: d.MerchantID, New: true})
	return nil
}

func (tx *Tx) createDelivery(e *Event, endpointID string) (*Delivery, error) {
	d := Delivery{
		ID: NewID(PrefixDelivery), MerchantID: e.MerchantID, EndpointID: endpointID, EventID: e.ID, EventType: e.Type,
		Status: DeliveryPending, NextAttemptAt: &tx.now, CreatedAt: tx.now, UpdatedAt: tx.now,
	}
	if err := tx.create(&d); err != nil {
		return nil, err
	}
	tx.Enqueue(DeliverArgs{DeliveryID: d.ID})
	tx.Announce(Hint{Topic: "delivery", ID: d.ID, MerchantID: d.MerchantID, New: true})
	return &d, nil
}

// ClaimDelivery takes a delivery for one attempt, which is counted before
// anything is sent. It says false when the delivery is not due: it is done,
// another worker holds it, or its time has not come.
func (tx *Tx) ClaimDelivery(id string, lease time.Duration) (bool, error) {
	return tx.update("deliveries", map[string]any{
		"status": DeliveryDelivering, "attempts": gorm.Expr("attempts + 1"),
		"lease_until": tx.now.Add(lease), "updated_at": tx.now,
	}, "id = ? AND ((status IN ? AND (next_attempt_at IS NULL OR next_attempt_at <= ?)) OR (status = ? AND lease_until < ?))",
		id, []string{DeliveryPending, DeliveryRetrying}, tx.now, DeliveryDelivering, tx.now)
}

// FinishDelivery stores an attempt and where the delivery goes from there;
// next is set with DeliveryRetrying.
func (tx *Tx) FinishDelivery(d *Delivery, a DeliveryAttempt, status string, next *time.Time) error {
	a.DeliveryID, a.Number = d.ID, d.Attempts
	if err := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&a).Error; err != nil {
		return fmt.Errorf("store delivery attempt: %w", err)
	}
	ok, err := tx.update("deliveries", map[string]any{
		"status": status, "next_attempt_at": next, "lease_until": nil,
		"last_status": a.Status, "last_error": a.Error, "updated_at": tx.now,
	}, "id = ? AND status = ? AND attempts = ?", d.ID, DeliveryDelivering, d.Attempts)
	if err != nil || !ok {
		return err
	}
	if next != nil {
		tx.EnqueueAt(DeliverArgs{DeliveryID: d.ID}, *next)
	}
	tx.Announce(Hint{Topic: "delivery", ID: d.ID, MerchantID: d.MerchantID})
	return nil
}

// CancelDelivery ends a claimed delivery whose endpoint takes no more.
func (tx *Tx) CancelDelivery(d *Delivery, reason string) error {
	ok, err := tx.update("deliveries", map[string]any{
		"status": DeliveryCanceled, "attempts": d.Attempts - 1, "next_attempt_at": nil, "lease_until": nil,
		"last_error": reason, "updated_at": tx.now,
	}, "id = ? AND status = ? AND attempts = ?", d.ID, DeliveryDelivering, d.Attempts)
	if err != nil || !ok {
		return err
	}
	tx.Announce(Hint{Topic: "delivery", ID: d.ID, MerchantID: d.MerchantID})
	return nil
}

// ReplayDelivery sends a delivery again, with the whole schedule before it. One
// that is being sent at the moment is a conflict, delivery_running.
func (tx *Tx) ReplayDelivery(scope Scope, id string) (*Delivery, error) {
	d, err := first[Delivery](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	ep, err := tx.Endpoint(AllMerchants(), d.EndpointID)
	if errors.Is(err, ErrNotFound) {
		return nil, Conflict("endpoint_deleted", d.Status)
	}
	if err != nil {
		return nil, err
	}
	if ep.DisabledAt != nil {
		return nil, Conflict("endpoint_disabled", d.Status)
	}
	ok, err := tx.update("deliveries", map[string]any{
		"status": DeliveryPending, "round_start": gorm.Expr("attempts"), "next_attempt_at": tx.now, "updated_at": tx.now,
	}, "id = ? AND status IN ?", id, []string{DeliveryDelivered, DeliveryRetrying, DeliveryExhausted, DeliveryCanceled})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Conflict("delivery_running", d.Status)
	}
	tx.Enqueue(DeliverArgs{DeliveryID: id})
	tx.Announce(Hint{Topic: "delivery", ID: id, MerchantID: d.MerchantID})
	return tx.Delivery(id)
}

// RedeliverEvent sends an event to an endpoint again, or for the first time.
func (tx *Tx) RedeliverEvent(scope Scope, eventID, endpointID string) (*Delivery, error) {
	e, err := first[Event](scope.in(tx.q(), "merchant_id").Where("id = ?", eventID))
	if err != nil {
		return nil, err
	}
	ep, err := tx.Endpoint(MerchantScope(e.MerchantID), endpointID)
	if errors.Is(err, ErrNotFound) {
		return nil, Invalid("endpoint_id", "unknown_endpoint")
	}
	if err != nil {
		return nil, err
	}
	d, err := first[Delivery](tx.q().Where("endpoint_id = ? AND event_id = ?", ep.ID, e.ID))
	if err == nil {
		return tx.ReplayDelivery(scope, d.ID)
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if ep.DisabledAt != nil {
		return nil, Conflict("endpoint_disabled", "")
	}
	return tx.createDelivery(e, ep.ID)
}

// Delivery loads one delivery inside the transaction.
func (tx *Tx) Delivery(id string) (*Delivery, error) {
	return first[Delivery](tx.q().Where("id = ?", id))
}

// Delivery loads one delivery.
func (db *DB) Delivery(ctx context.Context, scope Scope, id string) (*Delivery, error) {
	return first[Delivery](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// DeliveryFilter selects deliveries; empty fields select all.
type DeliveryFilter struct {
	Status    string
	Endpoint  string
	EventType string
	EventID   string
	Created   Span
}

// Deliveries lists deliveries, newest first, with the next page's cursor.
func (db *DB) Deliveries(ctx context.Context, scope Scope, f DeliveryFilter, p Page) ([]Delivery, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = f.Created.in(q, PrefixDelivery)
	q = equal(q, "status", f.Status)
	q = equal(q, "endpoint_id", f.Endpoint)
	q = equal(q, "event_type", f.EventType)
	q = equal(q, "event_id", f.EventID)
	return page(q, p, PrefixDelivery, func(d Delivery) string { return d.ID })
}

// DeliveryAttempts loads the attempts of deliveries that the caller has loaded
// already, oldest first.
func (db *DB) DeliveryAttempts(ctx context.Context, deliveryIDs ...string) ([]DeliveryAttempt, error) {
	if len(deliveryIDs) == 0 {
		return nil, nil
	}
	return all[DeliveryAttempt](db.q(ctx).Where("delivery_id IN ?", deliveryIDs).Order("delivery_id, number"))
}

// DeliveryObjects renders deliveries with their attempts.
func (db *DB) DeliveryObjects(ctx context.Context, deliveries []Delivery) ([]DeliveryJSON, error) {
	ids := make([]string, len(deliveries))
	for i := range deliveries {
		ids[i] = deliveries[i].ID
	}
	attempts, err := db.DeliveryAttempts(ctx, ids...)
	if err != nil {
		return nil, err
	}
	return deliveriesJSON(deliveries, attempts), nil
}

// DeliveryObject renders a delivery with its attempts inside the transaction.
func (tx *Tx) DeliveryObject(id string) (*DeliveryJSON, error) {
	d, err := tx.Delivery(id)
	if err != nil {
		return nil, err
	}
	attempts, err := all[DeliveryAttempt](tx.q().Where("delivery_id = ?", id).Order("number"))
	if err != nil {
		return nil, err
	}
	return &deliveriesJSON([]Delivery{*d}, attempts)[0], nil
}

func deliveriesJSON(deliveries []Delivery, attempts []DeliveryAttempt) []DeliveryJSON {
	byDelivery := map[string][]DeliveryAttemptJSON{}
	for _, a := range attempts {
		byDelivery[a.DeliveryID] = append(byDelivery[a.DeliveryID], DeliveryAttemptJSON{
			Number: a.Number, StartedAt: a.StartedAt, LatencyMS: a.LatencyMS, Status: a.Status, Error: a.Error, Answer: a.Answer,
		})
	}
	out := make([]DeliveryJSON, 0, len(deliveries))
	for i := range deliveries {
		d := &deliveries[i]
		r := DeliveryJSON{
			ID: d.ID, EndpointID: d.EndpointID, Status: d.Status, NextAttemptAt: d.NextAttemptAt, Attempts: byDelivery[d.ID],
		}
		if r.Attempts == nil {
			r.Attempts = []DeliveryAttemptJSON{}
		}
		out = append(out, r)
	}
	return out
}
