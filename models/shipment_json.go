package models

import (
	"time"

	"gorm.io/gorm"
)

// ShipmentJSON is a parcel as the API shows it.
type ShipmentJSON struct {
	ID             string              `json:"id"`
	OrderID        string              `json:"order_id"`
	Carrier        string              `json:"carrier"`
	TrackingNumber string              `json:"tracking_number"`
	Direction      string              `json:"direction" enum:"outbound,return"`
	Items          []ShipmentItem      `json:"items" nullable:"false"`
	Status         string              `json:"status" enum:"unknown,info_received,picked_up,in_transit,out_for_delivery,available_for_pickup,delivery_failed,exception,delivered,returning,returned,canceled,expired"`
	StatusReason   string              `json:"status_reason,omitempty"`
	Late           bool                `json:"late"`
	ETA            *time.Time          `json:"eta"`
	PromisedAt     *time.Time          `json:"promised_at"`
	DeliveredAt    *time.Time          `json:"delivered_at"`
	Events         []TrackingEventJSON `json:"events" nullable:"false"`
	LastSyncedAt   *time.Time          `json:"last_synced_at"`
	NextSyncAt     *time.Time          `json:"next_sync_at"`
	SyncError      string              `json:"sync_error,omitempty"`
	TrackingURL    string              `json:"tracking_url,omitempty"`
	PublicURL      string              `json:"public_url,omitempty" doc:"The parcel's page for its recipient, who proves to be so by the order's number and e-mail address or postal code. Left out while the merchant has the page off"`
	CreatedAt      time.Time           `json:"created_at"`
}

func (db *DB) shipmentsJSON(q *gorm.DB, shipments []Shipment) ([]ShipmentJSON, error) {
	out := make([]ShipmentJSON, 0, len(shipments))
	if len(shipments) == 0 {
		return out, nil
	}
	ids := make([]string, len(shipments))
	for i := range shipments {
		ids[i] = shipments[i].ID
	}
	events, err := all[TrackingEvent](trackingOrder(q.Where("shipment_id IN ? AND retracted_at IS NULL", ids)))
	if err != nil {
		return nil, err
	}
	pages, err := db.publicAddresses(q, shipments)
	if err != nil {
		return nil, err
	}
	byShipment := map[string][]TrackingEventJSON{}
	for i := range events {
		e := &events[i]
		byShipment[e.ShipmentID] = append(byShipment[e.ShipmentID], e.object())
	}
	for i := range shipments {
		s := &shipments[i]
		r := ShipmentJSON{
			ID: s.ID, OrderID: s.OrderID, Carrier: s.Carrier, TrackingNumber: s.TrackingNumber, Direction: s.Direction,
			Items: s.Items, Status: s.Status, StatusReason: s.StatusReason, Late: s.Late, ETA: s.ETA,
			PromisedAt: s.PromisedAt, DeliveredAt: s.DeliveredAt, Events: byShipment[s.ID],
			LastSyncedAt: s.LastSyncedAt, NextSyncAt: s.NextPollAt, SyncError: s.SyncError,
			TrackingURL: s.TrackingURL, PublicURL: pages[s.ID], CreatedAt: s.CreatedAt,
		}
		if r.Events == nil {
			r.Events = []TrackingEventJSON{}
		}
		out = append(out, r)
	}
	return out, nil
}
