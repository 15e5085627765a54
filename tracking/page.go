package tracking

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
)

// The stages of a parcel's way, as its page draws them.
const (
	StageAnnounced = 1 + iota
	StageUnderWay
	StageArriving // out for delivery, or ready to be picked up
	StageDelivered
)

// Page is all that a parcel's public page says of it. What is not here cannot
// be shown: neither names nor streets nor what carriers wrote in their words.
type Page struct {
	Status      string
	Reason      string // of the statuses that stand still
	Stage       int    // the furthest reached; 0: none
	Back        bool   // it goes back to the sender, or is there
	Late        bool
	Expected    *time.Time // a day, where it goes; nil when nobody said or it has come
	DeliveredAt *time.Time
	Carrier     string // its code
	CarrierPage string
	Number      string
	Zone        *time.Location
	Scans       []Scan // newest first
}

// Scan is a scan as the page shows it.
type Scan struct {
	Status        string
	LocalTime     string // the wall clock of the place
	OffsetMinutes *int
	OccurredAt    *time.Time
	DateOnly      bool
	Place         string
}

// shownScans bounds the page.
const shownScans = 100

// PageOf takes from a parcel what its recipient is shown.
func PageOf(p *models.PublicParcel, stored []models.TrackingEvent) Page {
	s, order := &p.Shipment, &p.Order
	page := Page{
		Status: s.Status, Late: s.Late, Carrier: s.Carrier, CarrierPage: carrierPage(s.TrackingURL, order), Number: s.TrackingNumber,
		Back: s.Status == models.ShipmentReturning || s.Status == models.ShipmentReturned,
		Zone: zoneOf(order, &p.Merchant),
	}
	switch s.Status {
	case models.ShipmentException, models.ShipmentDeliveryFailed:
		page.Reason = s.StatusReason
	case models.ShipmentDelivered:
		page.DeliveredAt, page.Late = s.DeliveredAt, false
	}
	if moves(s.Status) {
		page.Expected = Expected(s, order, &p.Merchant)
	}
	page.Stage = stage(s.Status)
	for _, scan := range ordered(stored, order) {
		if scan.RetractedAt != nil || !carriers.Milestone(scan.Status) || carriers.Suspect(scan.Event, scan.ReceivedAt) {
			continue
		}
		if !page.Back && s.Status != models.ShipmentCanceled {
			page.Stage = max(page.Stage, min(stage(string(scan.Status)), StageArriving))
		}
		if len(page.Scans) < shownScans {
			page.Scans = append(page.Scans, Scan{
				Status: string(scan.Status), LocalTime: scan.LocalTime, OffsetMinutes: scan.Offset, OccurredAt: scan.OccurredAt,
				DateOnly: scan.Precision == carriers.PrecisionDate, Place: Place(scan.Location, order),
			})
		}
	}
	return page
}

// ordered are the scans in the order in which they happened, the newest first.
func ordered(stored []models.TrackingEvent, order *models.Order) []carriers.Scan {
	to := order.ShippingAddress
	sorted := carriers.Order(carriers.Scans(stored), carriers.ZoneAt(to.Country, to.Region, to.PostalCode))
	slices.Reverse(sorted)
	return sorted
}

func stage(status string) int {
	switch status {
	case models.ShipmentInfoReceived:
		return StageAnnounced
	case models.ShipmentPickedUp, models.ShipmentInTransit:
		return StageUnderWay
	case models.ShipmentOutForDelivery, models.ShipmentAvailableForPickup, models.ShipmentDeliveryFailed:
		return StageArriving
	case models.ShipmentDelivered:
		return StageDelivered
	default:
		return 0
	}
}

// moves says whether a day can be named on which the parcel comes.
func moves(status string) bool {
	return stage(status) > 0 && status != models.ShipmentDelivered && status != models.ShipmentAvailableForPickup ||
		status == models.ShipmentUnknown
}

// carrierPage is the carrier's page of the parcel, unless its address holds
// something of the recipient's.
func carrierPage(address string, o *models.Order) string {
	page := WebPage(address)
	text, err := url.QueryUnescape(page)
	if err != nil {
		return ""
	}
	text = strings.ToLower(text)
	to := o.ShippingAddress
	for _, secret := range []string{o.CustomerEmail, o.CustomerPhone, to.PostalCode, to.Line1, to.Line2} {
		if secret = strings.ToLower(strings.TrimSpace(secret)); secret != "" && strings.Contains(text, secret) {
			return ""
		}
	}
	for _, word := range append(words(o.CustomerName), words(to.Name)...) {
		if containsWord(text, word) {
			return ""
		}
	}
	return page
}
