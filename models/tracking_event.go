package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// TrackingEvent is one scan of a parcel, append-only. Its times are kept as the
// carrier gave them; OccurredAt is set only when the instant is known.
type TrackingEvent struct {
	ID            string `gorm:"primaryKey"`
	MerchantID    string
	ShipmentID    string
	DedupeKey     string
	CarrierID     string
	Sequence      int
	RawTime       string
	LocalTime     string
	OffsetMinutes *int
	OccurredAt    *time.Time
	Precision     string
	ClockSuspect  bool
	Status        string
	Reason        string
	Code          string
	Description   string
	Location      string
	SortAt        time.Time  // the best known instant, for lists
	Missing       int        // answers in a row that no longer had it
	RetractedAt   *time.Time // set after two of them
	ReceivedAt    time.Time
}

// TrackingEventJSON is a scan as the API shows it.
type TrackingEventJSON struct {
	OccurredAt  *time.Time `json:"occurred_at"`
	LocalTime   string     `json:"local_time,omitempty"`
	UTCOffset   *int       `json:"utc_offset" doc:"Minutes east of UTC; null when the carrier did not say"`
	Precision   string     `json:"precision,omitempty"`
	Status      string     `json:"status"`
	Code        string     `json:"code,omitempty"`
	Description string     `json:"description,omitempty"`
	Location    string     `json:"location,omitempty"`
}

func (e *TrackingEvent) object() TrackingEventJSON {
	return TrackingEventJSON{
		OccurredAt: e.OccurredAt, LocalTime: e.LocalTime, UTCOffset: e.OffsetMinutes, Precision: e.Precision,
		Status: e.Status, Code: e.Code, Description: e.Description, Location: e.Location,
	}
}

// AddTrackingEvents stores scans that are not known yet and returns how many
// were new. Known ones are noted as seen; the parcel's others as missing, and
// retracted when they were missing twice. An empty answer takes nothing back:
// the carrier has forgotten the parcel, as all do after some months.
func (tx *Tx) AddTrackingEvents(s *Shipment, events []TrackingEvent) (int, error) {
	if len(events) == 0 {
		return 0, nil
	}
	events = slices.Clone(events)
	keys := make([]string, len(events))
	for i := range events {
		e := &events[i]
		e.prepare(s, tx.now)
		keys[i] = e.DedupeKey
	}
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&events, importRows)
	if res.Error != nil {
		return 0, fmt.Errorf("store scans of %s: %w", s.ID, res.Error)
	}
	if _, err := tx.update("tracking_events", map[string]any{"missing": 0, "retracted_at": nil},
		"shipment_id = ? AND dedupe_key IN ? AND missing > 0", s.ID, keys); err != nil {
		return 0, err
	}
	_, err := tx.update("tracking_events", map[string]any{
		"missing":      gorm.Expr("missing + 1"),
		"retracted_at": gorm.Expr("CASE WHEN missing >= 1 THEN ? ELSE retracted_at END", tx.now),
	}, "shipment_id = ? AND retracted_at IS NULL AND dedupe_key NOT IN ?", s.ID, keys)
	return int(res.RowsAffected), err
}

// prepare makes the scan one of the parcel.
func (e *TrackingEvent) prepare(s *Shipment, now time.Time) {
	e.ID, e.MerchantID, e.ShipmentID, e.ReceivedAt = NewID(PrefixTrackingEvent), s.MerchantID, s.ID, now
	e.SortAt = now
	if wall, err := time.Parse("2006-01-02T15:04:05", e.LocalTime); err == nil {
		e.SortAt = wall // up to 14 hours off, the best there is
	}
	if e.OccurredAt != nil {
		e.SortAt = *e.OccurredAt
	}
}

// TrackingEvents loads all scans of a parcel inside the transaction, retracted
// ones too, newest first.
func (tx *Tx) TrackingEvents(shipmentID string) ([]TrackingEvent, error) {
	return all[TrackingEvent](trackingOrder(tx.q().Where("shipment_id = ?", shipmentID)))
}

// TrackingEvents loads all scans of a parcel that the caller has loaded
// already, retracted ones too, newest first.
func (db *DB) TrackingEvents(ctx context.Context, shipmentID string) ([]TrackingEvent, error) {
	return all[TrackingEvent](trackingOrder(db.q(ctx).Where("shipment_id = ?", shipmentID)))
}

// trackingOrder sorts scans newest first: by the instant where it is known, and
// by the wall clock where it is not.
func trackingOrder(q *gorm.DB) *gorm.DB {
	return q.Order("sort_at DESC, sequence DESC, id DESC")
}
