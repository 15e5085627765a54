package models

import (
	"context"
	"errors"
	"strings"
	"time"
)

// ShipmentETA is what was once said of a parcel's arrival, append-only.
type ShipmentETA struct {
	ID         string `gorm:"primaryKey"`
	MerchantID string
	ShipmentID string
	ETA        *time.Time // nil: it was taken back
	Source     string     // the cause of the change: poll, webhook, manual, import
	SeenAt     time.Time
}

// TableName is shipment_etas.
func (ShipmentETA) TableName() string { return "shipment_etas" }

// noteETA keeps what a change says of the arrival, when it says something new.
func (tx *Tx) noteETA(before, s *Shipment, source string) error {
	if equalTime(before.ETA, s.ETA) {
		return nil
	}
	return tx.create(&ShipmentETA{
		ID: NewID("eta"), MerchantID: s.MerchantID, ShipmentID: s.ID, ETA: s.ETA, Source: source, SeenAt: tx.now,
	})
}

// ShipmentETAs loads what was last said of the arrival of a parcel that the
// caller has loaded already, newest first.
func (db *DB) ShipmentETAs(ctx context.Context, shipmentID string, limit int) ([]ShipmentETA, error) {
	return all[ShipmentETA](db.q(ctx).Where("shipment_id = ?", shipmentID).Order("id DESC").Limit(limit))
}

// countryCode is a country as parcels keep it: two capitals, or nothing.
func countryCode(text string) string {
	code := strings.ToUpper(strings.TrimSpace(text))
	if len(code) != 2 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return code
}

// checkReturn makes sure that a return sends back an outbound parcel of its order.
func (tx *Tx) checkReturn(s *Shipment) error {
	if s.Direction != DirectionReturn {
		return Invalid("return_of", "not_a_return")
	}
	out, err := first[Shipment](tx.q().Select("id", "direction").Where("id = ? AND order_id = ?", *s.ReturnOf, s.OrderID))
	if errors.Is(err, ErrNotFound) || err == nil && out.Direction != DirectionOutbound {
		return Invalid("return_of", "unknown_parcel")
	}
	return err
}

// OnlyOutbound is the id of an order's outbound parcel when there is exactly
// one: what a return sends back unless somebody says otherwise.
func (tx *Tx) OnlyOutbound(orderID string) (*string, error) {
	found, err := all[Shipment](tx.q().Select("id").Where("order_id = ? AND direction = ? AND status <> ?",
		orderID, DirectionOutbound, ShipmentCanceled).Order("id").Limit(2))
	if err != nil || len(found) != 1 {
		return nil, err
	}
	return &found[0].ID, nil
}

// ReturnsOf loads the returns of a parcel that the caller has loaded already.
func (db *DB) ReturnsOf(ctx context.Context, shipmentID string) ([]Shipment, error) {
	return all[Shipment](db.q(ctx).Omit("raw").Where("return_of = ?", shipmentID).Order("id DESC").Limit(MaxLimit))
}
