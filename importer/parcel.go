package importer

import (
	"time"

	"github.com/tillpost/tillpost/models"
)

// parcel is what another system knows of a parcel.
type parcel struct {
	carrier, number string
	summary         string    // the system's own status; empty when it has none
	since           time.Time // when it was made at the latest, for one without times
	shipped         *moment
	delivered       *moment
	promised        *time.Time
	from, to        string // places of the two
}

// build makes scans of the times and follows the rules that carriers have for
// scans: a delivery stays one although the hand-over is recorded after it, the
// parcel was under way from the first known instant on, and it is late when it
// certainly was delivered after the promise.
func (p parcel) build() models.ImportedParcel {
	s := models.Shipment{
		Carrier: p.carrier, TrackingNumber: p.number, Direction: models.DirectionOutbound,
		HeaderStatus: p.summary, PromisedAt: p.promised, CreatedAt: utc(p.since),
	}
	var events []models.TrackingEvent
	known := func(m *moment, status, code, description, place string) {
		if m == nil {
			return
		}
		events = append(events, scan(m, len(events), status, code, description, place))
		if s.ShippedAt == nil || m.at.Before(*s.ShippedAt) {
			s.ShippedAt = &m.at
		}
		if s.LastEventAt == nil || m.at.After(*s.LastEventAt) {
			s.LastEventAt = &m.at
		}
	}
	known(p.shipped, models.ShipmentPickedUp, "shipped", "Handed over to the carrier", p.from)
	known(p.delivered, models.ShipmentDelivered, "delivered", "Delivered to the customer", p.to)
	if s.ShippedAt != nil {
		s.CreatedAt = *s.ShippedAt
	}
	s.Status = p.status()
	if s.LastEventAt != nil && !s.Ended() {
		since := s.LastEventAt.Add(time.Microsecond) // the other system's own word is newer than its times
		s.HeaderAt = &since
	}
	certain := p.shipped
	if p.delivered != nil {
		certain = p.delivered
	}
	if p.delivered != nil && s.Status == models.ShipmentDelivered { // and did not come back
		s.DeliveredAt = &p.delivered.at
	}
	s.Late = s.Status == models.ShipmentDelivered && p.promised != nil && certain != nil && certain.at.After(*p.promised)
	return models.ImportedParcel{Shipment: s, Events: events}
}

func (p parcel) status() string {
	switch {
	case p.shipped != nil && (p.summary == models.ShipmentUnknown || p.summary == models.ShipmentInfoReceived):
		return models.ShipmentPickedUp
	case p.summary != "":
		return p.summary
	case p.delivered != nil:
		return models.ShipmentDelivered
	case p.shipped != nil:
		return models.ShipmentPickedUp
	default:
		return models.ShipmentInfoReceived
	}
}

func scan(m *moment, sequence int, status, code, description, place string) models.TrackingEvent {
	return models.TrackingEvent{
		DedupeKey: "import:" + code, Sequence: sequence, RawTime: m.raw, LocalTime: m.wall, OffsetMinutes: &m.offset,
		OccurredAt: &m.at, Precision: "second", Status: status, Code: code, Description: description, Location: place,
	}
}
