package models

import (
	"context"
	"time"

	"gorm.io/gorm"
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

// Why an attempt is made.
const (
	SentBySchedule = "schedule"
	SentByReplay   = "replay" // somebody had the delivery sent again
	SentByHand     = "manual" // somebody had it made, as a test event
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID            string `gorm:"primaryKey"`
	MerchantID    string
	EndpointID    string
	EventID       string
	EventType     string
	Status        string
	Attempts      int    // all that were made
	RoundStart    int    // those that do not count: made before the last replay, or cut off by this side
	Cause         string // of the next attempt
	NextAttemptAt *time.Time
	LeaseUntil    *time.Time
	LastStatus    int // HTTP status of the last attempt; 0 when none came
	LastError     string
	CreatedAt     time.Time
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`

	// Event is what is to be sent, of a delivery that was claimed.
	Event *Event `gorm:"-"`
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
	AnswerCut  bool   // more came than is kept
	Cause      string
	// RequestHeaders is what was sent, the signature too; what the merchant set
	// is masked. Empty once it is past its retention, like Answer.
	RequestHeaders SentHeaders
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
	Answer    string    `json:"answer,omitempty" doc:"Its start"`
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
	Search    string // see search
	Created   Span
}

// Deliveries lists deliveries, newest first, with the next page's cursor.
func (db *DB) Deliveries(ctx context.Context, scope Scope, f DeliveryFilter, p Page) ([]Delivery, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = f.Created.in(q, PrefixDelivery)
	q = equal(q, "status", f.Status)
	q = equal(q, "endpoint_id", f.Endpoint)
	q = f.ofType(q)
	q = equal(q, "event_id", f.EventID)
	q = f.search(q, db.q(ctx), scope)
	return page(q, p, PrefixDelivery, func(d Delivery) string { return d.ID })
}

// ofType selects deliveries by the type of their event. SQLite, which has no
// figures of its tables, would take the type's index whatever else is asked for:
// anything else selects less.
func (f DeliveryFilter) ofType(q *gorm.DB) *gorm.DB {
	if f.EventType != "" && (f.Status != "" || f.Endpoint != "" || f.EventID != "" || f.Search != "") {
		return q.Where("event_type || '' = ?", f.EventType)
	}
	return equal(q, "event_type", f.EventType)
}

// DeliveryAttempts loads the attempts of a delivery that the caller has loaded
// already, oldest first.
func (db *DB) DeliveryAttempts(ctx context.Context, deliveryID string) ([]DeliveryAttempt, error) {
	return all[DeliveryAttempt](db.q(ctx).Where("delivery_id = ?", deliveryID).Order("number"))
}

// listedAnswer is how many characters of each answer are read where the attempts
// of many deliveries are: what is kept of one may be 64 KiB.
const listedAnswer = 1024

// listedAttempts loads the attempts of many deliveries, oldest first, with short
// starts of the answers and without what was sent.
func listedAttempts(q *gorm.DB) ([]DeliveryAttempt, error) {
	return all[DeliveryAttempt](q.Select("delivery_id, number, started_at, latency_ms, status, error, cause, "+
		"substr(answer, 1, ?) AS answer, answer_cut OR length(answer) > ? AS answer_cut", listedAnswer, listedAnswer).
		Order("delivery_id, number"))
}

// DeliveryObjects renders deliveries with their attempts and the starts of what
// those were answered.
func (db *DB) DeliveryObjects(ctx context.Context, deliveries []Delivery) ([]DeliveryJSON, error) {
	ids := make([]string, len(deliveries))
	for i := range deliveries {
		ids[i] = deliveries[i].ID
	}
	attempts, err := listedAttempts(db.q(ctx).Where("delivery_id IN ?", ids))
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
