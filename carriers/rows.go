package carriers

import (
	"regexp"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
)

// maxText bounds what a carrier can make us keep of one scan's text.
const maxText = 500

// maxScans bounds how many scans of one parcel are kept of an answer; real
// parcels have some dozens.
const maxScans = 300

// rows turns scans into what is stored of them. Of scans with the same key one
// is kept.
func rows(sh *models.Shipment, events []Event, now time.Time) []models.TrackingEvent {
	seen := map[string]bool{}
	events = newest(events)
	out := make([]models.TrackingEvent, 0, len(events))
	for _, e := range events {
		key := Key(sh.Carrier, sh.TrackingNumber, e)
		if seen[key] {
			continue
		}
		seen[key] = true
		out = append(out, models.TrackingEvent{
			DedupeKey: key, CarrierID: e.CarrierID, Sequence: e.Sequence, RawTime: Text(e.RawTime, maxText),
			LocalTime: e.LocalTime, OffsetMinutes: e.Offset, OccurredAt: e.OccurredAt, Precision: string(e.Precision),
			ClockSuspect: Suspect(e, now), Status: string(e.Status), Reason: string(e.Reason), Code: Text(e.Code, maxText),
			Description: Text(e.Description, maxText), Location: Text(e.Location, maxText),
		})
	}
	return out
}

// newest are the scans of an answer that are kept; some carriers list the oldest
// first.
func newest(events []Event) []Event {
	if len(events) <= maxScans {
		return events
	}
	if events[0].LocalTime < events[len(events)-1].LocalTime {
		return events[len(events)-maxScans:]
	}
	return events[:maxScans]
}

// Scans turns what is stored back into scans.
func Scans(stored []models.TrackingEvent) []Scan {
	out := make([]Scan, len(stored))
	for i := range stored {
		e := &stored[i]
		out[i] = Scan{
			Event: Event{
				CarrierID: e.CarrierID, Sequence: e.Sequence, RawTime: e.RawTime, LocalTime: e.LocalTime,
				Offset: e.OffsetMinutes, OccurredAt: e.OccurredAt, Precision: Precision(e.Precision),
				Status: Status(e.Status), Reason: Reason(e.Reason), Code: e.Code, Description: e.Description,
				Location: e.Location,
			},
			ReceivedAt: e.ReceivedAt, RetractedAt: e.RetractedAt,
			Entered: e.Source != models.SourceCarrier, Override: e.Source == models.SourceOverride,
		}
	}
	return out
}

// header is the carrier's summary in the answer before. Its reason is stored as
// that of the status which came of it.
func header(sh *models.Shipment) Header {
	h := Header{Status: Status(sh.HeaderStatus), At: sh.HeaderAt}
	if sh.HeaderStatus == sh.Status {
		h.Reason = Reason(sh.StatusReason)
	}
	return h
}

// destination is the time zone that a parcel goes to, nil when it is not known.
func destination(tx *models.Tx, sh *models.Shipment) (*time.Location, error) {
	to, err := tx.OrderAddress(models.MerchantScope(sh.MerchantID), sh.OrderID)
	if err != nil {
		return nil, err
	}
	return ZoneAt(to.Country, to.Region, to.PostalCode), nil
}

// s10 is the form of the numbers of international post (UPU S10).
var s10 = regexp.MustCompile(`^[A-Z]{2}\d{9}[A-Z]{2}$`)

// postal says whether a number is one of the post's, whose parcels may be
// silent for weeks on their way across a border.
func postal(number string) bool { return s10.MatchString(number) }

// text is the start of a raw answer in a form that every database stores.
func text(raw []byte) string {
	if len(raw) > keptRaw {
		raw = raw[:keptRaw]
	}
	return storable(raw)
}

// storable is a text in a form that every database stores.
func storable(raw []byte) string {
	return strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "")
}
