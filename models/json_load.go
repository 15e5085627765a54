package models

import (
	"context"
	"encoding/json"
	"fmt"
)

// OrderObject loads an order as the API shows it.
func (db *DB) OrderObject(ctx context.Context, scope Scope, id string) (*OrderJSON, error) {
	o, err := db.Order(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return one(db.ordersJSON(db.q(ctx), []Order{*o}))
}

// OrderObjects renders a page of orders.
func (db *DB) OrderObjects(ctx context.Context, orders []Order) ([]OrderJSON, error) {
	return db.ordersJSON(db.q(ctx), orders)
}

// PaymentObject loads a payment as the API shows it.
func (db *DB) PaymentObject(ctx context.Context, scope Scope, id string) (*PaymentJSON, error) {
	p, err := db.Payment(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return one(paymentsJSON(db.q(ctx), []Payment{*p}))
}

// PaymentObjects renders a page of payments.
func (db *DB) PaymentObjects(ctx context.Context, payments []Payment) ([]PaymentJSON, error) {
	return paymentsJSON(db.q(ctx), payments)
}

// ShipmentObject loads a parcel as the API shows it.
func (db *DB) ShipmentObject(ctx context.Context, scope Scope, id string) (*ShipmentJSON, error) {
	s, err := db.Shipment(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return one(db.shipmentsJSON(db.q(ctx), []Shipment{*s}))
}

// ShipmentObjects renders a page of parcels.
func (db *DB) ShipmentObjects(ctx context.Context, shipments []Shipment) ([]ShipmentJSON, error) {
	return db.shipmentsJSON(db.q(ctx), shipments)
}

// OrderObject renders an order inside the transaction.
func (tx *Tx) OrderObject(id string) (*OrderJSON, error) {
	o, err := tx.order(AllMerchants(), id)
	if err != nil {
		return nil, err
	}
	return one(tx.db.ordersJSON(tx.q(), []Order{*o}))
}

// PaymentObject renders a payment inside the transaction.
func (tx *Tx) PaymentObject(p *Payment) (*PaymentJSON, error) {
	return one(paymentsJSON(tx.q(), []Payment{*p}))
}

// ShipmentObject renders a parcel inside the transaction.
func (tx *Tx) ShipmentObject(s *Shipment) (*ShipmentJSON, error) {
	return one(tx.db.shipmentsJSON(tx.q(), []Shipment{*s}))
}

// Object renders an event as the API shows it, without its deliveries.
func (e *Event) Object() (*EventJSON, error) {
	var body struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
		return nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return &EventJSON{ID: e.ID, Type: e.Type, Timestamp: e.CreatedAt, Sequence: e.Sequence, Data: body.Data}, nil
}

func one[T any](rows []T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}
