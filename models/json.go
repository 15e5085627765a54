package models

import (
	"encoding/json"
	"time"

	"gorm.io/gorm"
)

// The types below are the objects of the API and of webhooks, as
// the contract names their fields. They are built here because an event stores
// its object in the transaction that made it.

// OrderJSON is an order as the API shows it.
type OrderJSON struct {
	ID              string            `json:"id"`
	Number          string            `json:"number"`
	Status          string            `json:"status" enum:"open,completed,canceled"`
	PaymentState    string            `json:"payment_state" enum:"unpaid,authorized,partly_paid,paid,overpaid,partly_refunded,refunded,disputed"`
	ShippingState   string            `json:"shipping_state" enum:"unshipped,partly_shipped,shipped,partly_delivered,delivered,attention"`
	Currency        string            `json:"currency"`
	Amount          int64             `json:"amount" doc:"Minor units of the currency"`
	AmountPaid      int64             `json:"amount_paid"`
	AmountRefunded  int64             `json:"amount_refunded"`
	Items           []OrderItem       `json:"items" nullable:"false"`
	Customer        CustomerJSON      `json:"customer"`
	ShippingAddress Address           `json:"shipping_address"`
	PlacedAt        time.Time         `json:"placed_at"`
	PromisedAt      *time.Time        `json:"promised_at"`
	Metadata        map[string]string `json:"metadata"`
	Payments        []PaymentJSON     `json:"payments" nullable:"false"`
	Shipments       []ShipmentJSON    `json:"shipments" nullable:"false"`
	CreatedAt       time.Time         `json:"created_at"`
	UpdatedAt       time.Time         `json:"updated_at"`
}

// CustomerJSON is who bought.
type CustomerJSON struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// PaymentJSON is a payment as the API shows it.
type PaymentJSON struct {
	ID                  string            `json:"id"`
	OrderID             string            `json:"order_id"`
	Amount              int64             `json:"amount" doc:"Minor units of the currency"`
	Currency            string            `json:"currency"`
	Status              PaymentStatus     `json:"status" enum:"pending,processing,requires_action,authorized,paid,failed,unknown,needs_review,voided,canceled,expired"`
	Capture             string            `json:"capture" enum:"automatic,manual"`
	MethodType          string            `json:"method_type"`
	Gateway             *string           `json:"gateway"`
	AmountCaptured      int64             `json:"amount_captured"`
	AmountRefunded      int64             `json:"amount_refunded"`
	AmountRefundPending int64             `json:"amount_refund_pending" doc:"What refunds under way may still give back"`
	AmountDisputed      int64             `json:"amount_disputed" doc:"What the customer disputes at their bank, or has won there; while it is not 0 nothing can be refunded"`
	Failure             *FailureJSON      `json:"failure"`
	NextAction          *NextAction       `json:"next_action"`
	Attempts            []AttemptJSON     `json:"attempts" nullable:"false"`
	NextRetryAt         *time.Time        `json:"next_retry_at"`
	Description         string            `json:"description,omitempty"`
	Metadata            map[string]string `json:"metadata"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

// FailureJSON is why a payment did not succeed.
type FailureJSON struct {
	Code       string     `json:"code"`
	Class      string     `json:"class,omitempty" doc:"never, fix_data, later, generic; empty for technical failures"`
	Message    string     `json:"message"`
	Retryable  bool       `json:"retryable"`
	RetryAfter *time.Time `json:"retry_after"`
}

// AttemptJSON is one try of a payment.
type AttemptJSON struct {
	ID                string        `json:"id"`
	Number            int           `json:"number"`
	Kind              string        `json:"kind" enum:"charge,capture,void"`
	Amount            int64         `json:"amount,omitempty" doc:"Minor units to capture or release; a charge asks for the payment's amount"`
	Gateway           *string       `json:"gateway"`
	Status            AttemptStatus `json:"status" enum:"queued,sending,succeeded,authorized,requires_action,declined,not_sent,unknown"`
	Trigger           string        `json:"trigger"`
	Code              string        `json:"code,omitempty"`
	Class             string        `json:"class,omitempty"`
	Message           string        `json:"message,omitempty"`
	ProviderReference *string       `json:"provider_reference"`
	StartedAt         *time.Time    `json:"started_at"`
	FinishedAt        *time.Time    `json:"finished_at"`
}

// EventJSON is an event as the API shows it.
type EventJSON struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Timestamp  time.Time       `json:"timestamp"`
	Sequence   int64           `json:"sequence,omitempty" doc:"Its place among the events of the order, from 1: drop what is older than what you have. Left out by events of no order"`
	Data       json.RawMessage `json:"data"`
	Deliveries []DeliveryJSON  `json:"deliveries,omitempty"`
}

// Retryable says whether somebody may try the payment again.
func (p *Payment) Retryable() bool {
	return p.Status == PaymentFailed && p.Failure.Class != "never"
}

// ordersJSON renders orders with all that belongs to them in a number of
// queries that does not grow with theirs.
func (db *DB) ordersJSON(q *gorm.DB, orders []Order) ([]OrderJSON, error) {
	out := make([]OrderJSON, len(orders))
	index := make(map[string]*OrderJSON, len(orders))
	ids := make([]string, len(orders))
	for i := range orders {
		out[i] = orders[i].object()
		ids[i], index[orders[i].ID] = orders[i].ID, &out[i]
	}
	if len(ids) == 0 {
		return out, nil
	}
	items, err := all[OrderItem](q.Where("order_id IN ?", ids).Order("order_id, position"))
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		o := index[item.OrderID]
		o.Items = append(o.Items, item)
	}
	payments, err := all[Payment](q.Where("order_id IN ?", ids).Order("id"))
	if err != nil {
		return nil, err
	}
	paid, err := paymentsJSON(q, payments)
	if err != nil {
		return nil, err
	}
	for i := range paid {
		o := index[paid[i].OrderID]
		o.Payments = append(o.Payments, paid[i])
	}
	shipments, err := all[Shipment](q.Omit("raw").Where("order_id IN ?", ids).Order("id"))
	if err != nil {
		return nil, err
	}
	parcels, err := db.shipmentsJSON(q, shipments)
	if err != nil {
		return nil, err
	}
	for i := range parcels {
		o := index[parcels[i].OrderID]
		o.Shipments = append(o.Shipments, parcels[i])
	}
	return out, nil
}

// NewObject renders an order that was made with these items and has neither
// payments nor parcels yet.
func (o *Order) NewObject(items []OrderItem) OrderJSON {
	object := o.object()
	object.Items = append(object.Items, items...)
	return object
}

// object renders the order alone.
func (o *Order) object() OrderJSON {
	return OrderJSON{
		ID: o.ID, Number: o.Number, Status: o.Status, PaymentState: o.PaymentState, ShippingState: o.ShippingState,
		Currency: o.Currency, Amount: o.Amount, AmountPaid: o.AmountPaid, AmountRefunded: o.AmountRefunded,
		Items:           []OrderItem{},
		Customer:        CustomerJSON{Name: o.CustomerName, Email: o.CustomerEmail, Phone: o.CustomerPhone},
		ShippingAddress: o.ShippingAddress, PlacedAt: o.PlacedAt, PromisedAt: o.PromisedAt, Metadata: o.Metadata,
		Payments: []PaymentJSON{}, Shipments: []ShipmentJSON{}, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// paymentsJSON renders payments with their attempts in one query.
func paymentsJSON(q *gorm.DB, payments []Payment) ([]PaymentJSON, error) {
	out := make([]PaymentJSON, 0, len(payments))
	ids := make([]string, len(payments))
	for i := range payments {
		ids[i] = payments[i].ID
	}
	byPayment := map[string][]AttemptJSON{}
	if len(ids) > 0 {
		attempts, err := attemptsOf(q, ids...)
		if err != nil {
			return nil, err
		}
		for i := range attempts {
			a := &attempts[i]
			byPayment[a.PaymentID] = append(byPayment[a.PaymentID], attemptJSON(a))
		}
	}
	for i := range payments {
		p := &payments[i]
		r := PaymentJSON{
			ID: p.ID, OrderID: p.OrderID, Amount: p.Amount, Currency: p.Currency, Status: p.Status, Capture: p.Capture,
			MethodType: p.MethodType, Gateway: p.GatewayAccountID, AmountCaptured: p.AmountCaptured,
			AmountRefunded: p.AmountRefunded, AmountRefundPending: p.AmountRefundPending, AmountDisputed: p.AmountDisputed,
			Attempts: byPayment[p.ID], NextRetryAt: p.NextRetryAt,
			Description: p.Description, Metadata: p.Metadata, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
		}
		if r.Attempts == nil {
			r.Attempts = []AttemptJSON{}
		}
		if p.Failure.Code != "" {
			r.Failure = &FailureJSON{
				Code: p.Failure.Code, Class: p.Failure.Class, Message: p.Failure.Message,
				Retryable: p.Retryable(), RetryAfter: p.RetryAfter,
			}
		}
		if p.NextAction.Type != "" {
			r.NextAction = &p.NextAction
		}
		out = append(out, r)
	}
	return out, nil
}

func attemptJSON(a *Attempt) AttemptJSON {
	return AttemptJSON{
		ID: a.ID, Number: a.Number, Kind: a.Kind, Amount: a.Amount, Gateway: a.GatewayAccountID, Status: a.Status, Trigger: a.Cause,
		Code: a.Code, Class: a.Class, Message: a.Message, ProviderReference: a.ProviderReference,
		StartedAt: a.StartedAt, FinishedAt: a.FinishedAt,
	}
}
