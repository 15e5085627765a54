package models

import (
	"fmt"

	"gorm.io/gorm"
)

// EnterTrackingEvent stores a scan that a person tells of: its source, status,
// who and why must be set. It counts as news of the parcel.
func (tx *Tx) EnterTrackingEvent(s *Shipment, e TrackingEvent) error {
	e.prepare(s, tx.now)
	e.DedupeKey = "manual:" + e.ID
	e.CarrierID = e.ID // no two of them are one
	s.NewsAt = tx.now
	return tx.create(&e)
}

// WithdrawTrackingEvent takes back a scan that a person told of. What carriers
// told is theirs to take back.
func (tx *Tx) WithdrawTrackingEvent(s *Shipment, eventID string) error {
	ok, err := tx.update("tracking_events", map[string]any{"retracted_at": tx.now},
		"id = ? AND shipment_id = ? AND source <> ? AND retracted_at IS NULL", eventID, s.ID, SourceCarrier)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("withdraw scan %s: %w", eventID, ErrNotFound)
	}
	return nil
}

// Returns are the ids of the parcels that send a parcel back.
func (tx *Tx) Returns(id string) ([]string, error) {
	var ids []string
	if err := tx.q().Table("shipments").Where("return_of = ?", id).Order("id").Limit(maxIDs).Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("returns of %s: %w", id, err)
	}
	return ids, nil
}

// MoveReturns links the returns of a parcel to the one that replaces it.
func (tx *Tx) MoveReturns(fromID, toID string) error {
	_, err := tx.update("shipments", map[string]any{"return_of": toID, "version": gorm.Expr("version + 1")}, "return_of = ?", fromID)
	return err
}

// ReplaceShipment notes which parcel was meant by a mistyped one.
func (tx *Tx) ReplaceShipment(id, byID string) error {
	_, err := tx.update("shipments", map[string]any{"replaced_by": byID}, "id = ?", id)
	return err
}
