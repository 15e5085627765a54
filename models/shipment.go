package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm/clause"
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

// CreateShipment adds a parcel, due to be polled at once when it has a carrier
// account, and records shipment.created. The same carrier and number twice for
// one order is a conflict, shipment_exists. CreatedAt may be set for parcels
// that are recorded later than they happened.
func (tx *Tx) CreateShipment(s Shipment) (*Shipment, error) {
	live := s.CreatedAt.IsZero()
	if err := tx.checkShipment(&s, live); err != nil {
		return nil, err
	}
	if live {
		s.CreatedAt = tx.now
		s.ID = NewID(PrefixShipment)
	} else {
		s.ID = NewIDAt(PrefixShipment, s.CreatedAt)
	}
	s.prepare(tx.now)
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&s)
	if res.Error != nil {
		return nil, fmt.Errorf("create shipment: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, &Error{Kind: KindConflict, Code: "shipment_exists", Field: "tracking_number"}
	}
	if err := tx.addSearchTerms(s.MerchantID, s.OrderID, s.TrackingNumber); err != nil {
		return nil, err
	}
	if err := tx.countParcels(s.OrderID); err != nil {
		return nil, err
	}
	if err := tx.recount(s.MerchantID, nil, shipmentFigures(&s)); err != nil {
		return nil, err
	}
	if err := tx.recountTransit(nil, &s); err != nil {
		return nil, err
	}
	if err := tx.recordShipment(&s, EventShipmentCreated, "api"); err != nil {
		return nil, err
	}
	tx.Announce(Hint{Topic: "shipment", ID: s.ID, MerchantID: s.MerchantID, New: true})
	return &s, tx.refreshOrder(s.OrderID)
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

// checkShipment locks the order that a parcel belongs to, and refuses new
// parcels of canceled ones, and returns of what is no parcel of the order.
func (tx *Tx) checkShipment(s *Shipment, live bool) error {
	o, err := tx.lockOrder(MerchantScope(s.MerchantID), s.OrderID)
	if errors.Is(err, ErrNotFound) {
		return Invalid("order_id", "unknown_order")
	}
	if err != nil {
		return err
	}
	if live && o.Status == OrderCanceled {
		return Conflict("order_canceled", o.Status)
	}
	s.Country = countryCode(o.ShippingAddress.Country)
	if s.ReturnOf != nil {
		if err := tx.checkReturn(s); err != nil {
			return err
		}
	}
	for i := range s.Items {
		if err := checkQuantity(fmt.Sprintf("items[%d].quantity", i), s.Items[i].Quantity); err != nil {
			return err
		}
	}
	return nil
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
		q = q.Where("tracking_number IN ?", []string{NormalTrackingNumber(f.TrackingNumber), f.TrackingNumber})
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
	if IsID(PrefixShipment, f.Search) {
		q = q.Where("id = ?", f.Search)
	} else {
		q = db.search(ctx, q, scope, "order_id", f.Search)
	}
	return page(q, p, PrefixShipment, func(s Shipment) string { return s.ID })
}

// countParcels recomputes what an order's parcels amount to. The order is
// locked first, so that two parcels of one order are counted one after the other.
func (tx *Tx) countParcels(orderID string) error {
	o, err := tx.lockOrder(AllMerchants(), orderID)
	if err != nil {
		return err
	}
	parcels, err := all[Shipment](tx.q().Select("status", "direction", "items").
		Where("order_id = ? AND status <> ?", orderID, ShipmentCanceled))
	if err != nil {
		return err
	}
	o.setParcels(parcels)
	_, err = tx.update("orders", map[string]any{
		"updated_at": tx.now,
		"parcels":    o.Parcels, "parcels_attention": o.ParcelsAttention,
		"quantity_shipped": o.QuantityShipped, "quantity_delivered": o.QuantityDelivered,
	}, "id = ?", orderID)
	return err
}

// setParcels sets the order's counters from all its parcels that are not canceled.
func (o *Order) setParcels(parcels []Shipment) {
	var shipped, delivered int64
	o.Parcels, o.ParcelsAttention = 0, 0
	for i := range parcels {
		p := &parcels[i]
		if NeedsAttention(p.Status) {
			o.ParcelsAttention++
		}
		if p.Direction != DirectionOutbound {
			continue
		}
		o.Parcels++
		if moving(p.Status) {
			shipped += p.quantity(o)
		}
		if p.Status == ShipmentDelivered {
			delivered += p.quantity(o)
		}
	}
	o.QuantityShipped, o.QuantityDelivered = min(shipped, o.QuantityTotal), min(delivered, o.QuantityTotal)
}

// quantity is how many pieces of the order the parcel holds: all of them when
// the shop did not say.
func (s *Shipment) quantity(o *Order) int64 {
	if len(s.Items) == 0 {
		return o.QuantityTotal
	}
	var n int64
	for _, it := range s.Items {
		n += it.Quantity
	}
	return n
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
