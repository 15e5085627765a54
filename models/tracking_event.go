package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Sources of scans.
const (
	SourceCarrier  = "carrier"
	SourceManual   = "manual"   // a person tells what happened; it counts as a scan does
	SourceOverride = "override" // a person says where the parcel stands, whatever was scanned before
)

// TrackingEvent is one scan of a parcel, which is never deleted. Its times are
// kept as the carrier gave them; OccurredAt is set only when the instant is known.
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
	Source        string // one of the sources; empty is the carrier
	ActorID       string // who entered it, unless the carrier told it
	ActorName     string
	Note          string // why it was entered
}

// missedAfter is for how long a scan need not be in carriers' answers yet.
const missedAfter = 30 * time.Minute

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

// ToldScans is what became of the scans of an answer.
type ToldScans struct {
	All    []TrackingEvent // of the parcel, as TrackingEvents returns them
	New    int
	Before []TrackingEvent // those that are understood otherwise now, as they were
}

// AddTrackingEvents stores scans that are not known yet. Known ones are noted as
// seen, and read anew; the parcel's others as missing, and retracted when they were
// missing twice, unless the answer is known to be partial. A scan that came in a moment
// ago is not missed yet: carriers' webhooks are ahead of their answers. An empty
// answer takes nothing back: the carrier has forgotten the parcel, as all do
// after some months.
func (tx *Tx) AddTrackingEvents(s *Shipment, events []TrackingEvent, partial bool) (told ToldScans, err error) {
	told.All, err = tx.TrackingEvents(s.ID)
	if err != nil || len(events) == 0 {
		return told, err
	}
	n := compareScans(told.All, events, tx.now.Add(-missedAfter))
	gone := n.gone && !partial
	if partial { // a scan is read by those beside it
		n.reread, n.before = nil, nil
	}
	if len(n.fresh) == 0 && !n.back && !gone && len(n.reread) == 0 {
		return told, nil
	}
	told.Before = n.before
	if told.New, err = tx.insertScans(s, n.fresh); err != nil {
		return told, err
	}
	for i := range n.reread {
		if err := tx.rereadScan(s, &n.reread[i]); err != nil {
			return told, err
		}
	}
	if n.back {
		if _, err := tx.update("tracking_events", map[string]any{"missing": 0, "retracted_at": nil},
			"shipment_id = ? AND dedupe_key IN ? AND missing > 0", s.ID, n.keys); err != nil {
			return told, err
		}
	}
	if gone {
		_, err = tx.update("tracking_events", map[string]any{
			"missing":      gorm.Expr("missing + 1"),
			"retracted_at": gorm.Expr("CASE WHEN missing >= 1 THEN ? ELSE retracted_at END", tx.now),
		}, "shipment_id = ? AND retracted_at IS NULL AND source = ? AND dedupe_key NOT IN ? AND received_at <= ?",
			s.ID, SourceCarrier, n.keys, tx.now.Add(-missedAfter))
		if err != nil {
			return told, err
		}
	}
	told.All, err = tx.TrackingEvents(s.ID)
	return told, err
}

// scanNews is what an answer changes of the stored scans: mostly nothing, and
// then nothing is written.
type scanNews struct {
	keys  []string        // of the answer
	fresh []TrackingEvent // not stored yet
	// reread are stored otherwise: a code is known by now, or the scans beside it
	// have told how its time is meant.
	reread, before []TrackingEvent
	back           bool // some were missing and are told of again
	gone           bool // some that are older than the given time are not told of
}

func compareScans(known, told []TrackingEvent, before time.Time) scanNews {
	n := scanNews{keys: make([]string, len(told))}
	stored, here := make(map[string]*TrackingEvent, len(known)), make(map[string]bool, len(told))
	for i := range known {
		stored[known[i].DedupeKey] = &known[i]
	}
	for i := range told {
		n.keys[i] = told[i].DedupeKey
		here[told[i].DedupeKey] = true
		switch before := stored[told[i].DedupeKey]; {
		case before == nil:
			n.fresh = append(n.fresh, told[i])
		case before.Source == SourceCarrier && !before.readsAs(&told[i]):
			again := told[i]
			again.ReceivedAt = before.ReceivedAt
			n.reread, n.before = append(n.reread, again), append(n.before, *before)
		}
	}
	for i := range known {
		e := &known[i]
		switch {
		case here[e.DedupeKey]:
			n.back = n.back || e.Missing > 0
		case e.RetractedAt == nil && e.Source == SourceCarrier && !e.ReceivedAt.After(before):
			n.gone = true
		}
	}
	return n
}

// insertScans stores scans that are new.
func (tx *Tx) insertScans(s *Shipment, events []TrackingEvent) (int, error) {
	if len(events) == 0 {
		return 0, nil
	}
	for i := range events {
		events[i].prepare(s, tx.now)
	}
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&events, importRows)
	if res.Error != nil {
		return 0, fmt.Errorf("store scans of %s: %w", s.ID, res.Error)
	}
	if res.RowsAffected > 0 {
		s.NewsAt = tx.now
	}
	return int(res.RowsAffected), nil
}

// prepare makes the scan one of the parcel.
func (e *TrackingEvent) prepare(s *Shipment, now time.Time) {
	e.ID, e.MerchantID, e.ShipmentID, e.ReceivedAt = NewID(PrefixTrackingEvent), s.MerchantID, s.ID, now
	if e.Source == "" {
		e.Source = SourceCarrier
	}
	e.SortAt = e.sortAt()
}

// sortAt is the best known instant of a scan that has come in.
func (e *TrackingEvent) sortAt() time.Time {
	if e.OccurredAt != nil {
		return *e.OccurredAt
	}
	if wall, err := time.Parse("2006-01-02T15:04:05", e.LocalTime); err == nil {
		return wall // up to 14 hours off, the best there is
	}
	return e.ReceivedAt
}

// readsAs says whether a stored scan was understood as it is now.
func (e *TrackingEvent) readsAs(now *TrackingEvent) bool {
	at := now.OccurredAt
	if at != nil {
		stored := cleanTime(*at)
		at = &stored
	}
	return e.Status == now.Status && e.Reason == now.Reason && e.Precision == now.Precision && e.LocalTime == now.LocalTime &&
		equalTime(e.OccurredAt, at) && (e.OffsetMinutes == nil) == (now.OffsetMinutes == nil) &&
		(e.OffsetMinutes == nil || *e.OffsetMinutes == *now.OffsetMinutes) &&
		e.Description == cleanText(now.Description) && e.Location == cleanText(now.Location)
}

// rereadScan keeps how a stored scan is understood now, and when it came in.
func (tx *Tx) rereadScan(s *Shipment, e *TrackingEvent) error {
	_, err := tx.update("tracking_events", map[string]any{
		"status": e.Status, "reason": e.Reason, "local_time": e.LocalTime, "offset_minutes": e.OffsetMinutes, "occurred_at": e.OccurredAt,
		"precision": e.Precision, "clock_suspect": e.ClockSuspect, "description": e.Description, "location": e.Location,
		"sort_at": e.sortAt(),
	}, "shipment_id = ? AND dedupe_key = ? AND source = ?", s.ID, e.DedupeKey, SourceCarrier)
	return err
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
