package models

import (
	"context"
	"strings"
	"time"
)

// Statuses of parcels, as the database stores them; the rules that lead from
// one to another stand with the carriers.
const (
	ShipmentUnknown            = "unknown"
	ShipmentInfoReceived       = "info_received"
	ShipmentPickedUp           = "picked_up"
	ShipmentInTransit          = "in_transit"
	ShipmentOutForDelivery     = "out_for_delivery"
	ShipmentAvailableForPickup = "available_for_pickup"
	ShipmentDeliveryFailed     = "delivery_failed"
	ShipmentException          = "exception"
	ShipmentDelivered          = "delivered"
	ShipmentReturning          = "returning"
	ShipmentReturned           = "returned"
	ShipmentCanceled           = "canceled"
	ShipmentExpired            = "expired"
)

// ShipmentStatuses lists all, in the order of a parcel's way.
var ShipmentStatuses = []string{
	ShipmentUnknown, ShipmentInfoReceived, ShipmentPickedUp, ShipmentInTransit, ShipmentOutForDelivery,
	ShipmentAvailableForPickup, ShipmentDeliveryFailed, ShipmentException, ShipmentDelivered,
	ShipmentReturning, ShipmentReturned, ShipmentCanceled, ShipmentExpired,
}

// Directions of parcels.
const (
	DirectionOutbound = "outbound"
	DirectionReturn   = "return"
)

// ShipmentItem is a part of an order that a parcel holds.
type ShipmentItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// Shipment is one parcel with one tracking number.
type Shipment struct {
	ID                  string `gorm:"primaryKey"`
	MerchantID          string
	OrderID             string
	Carrier             string
	CarrierAccountID    *string
	TrackingNumber      string
	Direction           string
	ReturnOf            *string        // the outbound parcel that a return sends back
	ReplacedBy          *string        // the one that was meant, of a mistyped parcel that was canceled
	Country             string         // where the recipient lives, ISO 3166-1 alpha-2; empty when unknown
	Items               []ShipmentItem `gorm:"serializer:json"`
	Status              string
	StatusReason        string
	StatusAt            time.Time // since when it has its status
	HeaderStatus        string    // the carrier's own summary when last asked
	HeaderAt            *time.Time
	Late                bool
	ETA                 *time.Time
	PromisedAt          *time.Time
	ShippedAt           *time.Time
	DeliveredAt         *time.Time
	ExceptionAt         *time.Time // when it last became an exception
	Service             string
	RecipientPhoneLast4 string `gorm:"column:recipient_phone_last4"`
	TrackingURL         string
	PublicToken         string // of its public page; empty: it has none
	Journey             int    // how often it set out to its recipient
	LastSyncedAt        *time.Time
	LastEventAt         *time.Time
	NewsAt              time.Time  // when its carrier last told something new
	TrackedSince        *time.Time // when following began anew
	NextPollAt          *time.Time
	LeaseUntil          *time.Time
	PushedAt            *time.Time // when the carrier last told of it by itself; nil when it does not
	UnchangedPolls      int
	FailedPolls         int
	SyncError           string
	SyncErrorKind       string
	SyncFailedAt        *time.Time // since when every question fails
	SyncRequestedAt     *time.Time // by hand, the last time
	Raw                 string
	Version             int64
	CreatedAt           time.Time
	UpdatedAt           time.Time `gorm:"autoUpdateTime:false"`
}

// prepare sets what follows from the rest of a new parcel.
func (s *Shipment) prepare(now time.Time) {
	s.PublicToken, s.Journey = newPublicToken(), 1
	if s.Items == nil {
		s.Items = []ShipmentItem{}
	}
	if s.Status == "" {
		s.Status = ShipmentUnknown
	}
	s.StatusAt, s.NewsAt, s.UpdatedAt = s.CreatedAt, s.CreatedAt, now
	if s.Status == ShipmentException && s.ExceptionAt != nil {
		s.StatusAt = *s.ExceptionAt
	}
	if s.LastEventAt != nil {
		s.NewsAt = *s.LastEventAt
	}
}

// Shipment loads one parcel.
func (db *DB) Shipment(ctx context.Context, scope Scope, id string) (*Shipment, error) {
	return first[Shipment](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// Shipment loads a parcel inside the transaction and, where the database can,
// locks its row.
func (tx *Tx) Shipment(scope Scope, id string) (*Shipment, error) {
	return first[Shipment](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
}

// NormalTrackingNumber is a tracking number as it is stored: in capitals, without the
// blanks that print and paste put into it.
func NormalTrackingNumber(number string) string {
	return strings.ToUpper(strings.Join(strings.Fields(number), ""))
}

// ShipmentFilter selects parcels; empty fields select all.
type ShipmentFilter struct {
	OrderID        string
	Carrier        string
	AccountID      string // of the carrier's account
	Direction      string
	Statuses       []string
	Late           *bool
	TrackingNumber string
	Search         string
	Created        Span
}

// Shipments lists parcels without their raw answers, newest first, with the
// next page's cursor.
func (db *DB) Shipments(ctx context.Context, scope Scope, f ShipmentFilter, p Page) ([]Shipment, string, error) {
	q := scope.in(db.q(ctx).Omit("raw"), "merchant_id")
	q = f.Created.in(q, PrefixShipment)
	q = equal(q, "order_id", f.OrderID)
	q = equal(q, "carrier", f.Carrier)
	q = equal(q, "carrier_account_id", f.AccountID)
	switch f.Direction { // literals let the partial indexes serve
	case DirectionReturn:
		q = q.Where("direction = 'return'")
	case DirectionOutbound:
		q = q.Where("direction = 'outbound'")
	}
	if f.TrackingNumber != "" { // an import keeps numbers as another system wrote them
		q = bearing(q, []string{NormalTrackingNumber(f.TrackingNumber), f.TrackingNumber})
	}
	if len(f.Statuses) > 0 {
		q = q.Where("status IN ?", f.Statuses)
	}
	switch { // literals let the partial indexes serve
	case f.Late == nil:
	case *f.Late:
		q = q.Where("late")
	default:
		q = q.Where("NOT late")
	}
	q, err := db.searchShipments(ctx, q, scope, f.Search)
	if err != nil {
		return nil, "", err
	}
	return page(q, p, PrefixShipment, func(s Shipment) string { return s.ID })
}

// Ended says whether the parcel's way is over, as far as anybody knows.
func (s *Shipment) Ended() bool {
	return s.Status == ShipmentDelivered || s.Status == ShipmentReturned || s.Status == ShipmentCanceled || s.Status == ShipmentExpired
}

// Replaced says whether another parcel was meant. One whose cancellation was
// taken back stands for itself.
func (s *Shipment) Replaced() bool { return s.ReplacedBy != nil && s.Status == ShipmentCanceled }

// Waits says whether the parcel is due to be asked about, and no question about
// it is under way.
func (s *Shipment) Waits(now time.Time) bool {
	return s.NextPollAt != nil && !s.NextPollAt.After(now) && (s.LeaseUntil == nil || s.LeaseUntil.Before(now))
}

// NeedsAttention says whether a parcel of the status waits for a human.
func NeedsAttention(status string) bool {
	return status == ShipmentException || status == ShipmentDeliveryFailed
}

// moving says whether the carrier has had the parcel.
func moving(status string) bool {
	return status != ShipmentUnknown && status != ShipmentInfoReceived && status != ShipmentCanceled &&
		status != ShipmentExpired
}
