package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tillpost/tillpost/models"
)

// The size of the history.
const (
	historyDays   = 32
	historyOrders = 130 // a shop
)

// history invents what happened in a shop before the demo began.
type history struct {
	shop *demoShop
	now  time.Time
	rnd  *rand.Rand
	zone *time.Location
}

func newHistory(shop *demoShop, now time.Time, seed int) *history {
	zone, err := time.LoadLocation(shop.merchant.Timezone)
	if err != nil {
		zone = time.UTC
	}
	return &history{shop: shop, now: now, zone: zone, rnd: rand.New(rand.NewPCG(uint64(seed), 2))}
}

func (h *history) orders() []models.ImportedOrder {
	out := make([]models.ImportedOrder, 0, historyOrders)
	for i := range historyOrders {
		age := time.Duration(historyOrders-i) * historyDays * 24 * time.Hour / historyOrders
		placed := h.now.Add(-age - h.minutes(0, 240)).Truncate(time.Second)
		out = append(out, h.order(i, placed))
	}
	return out
}

func (h *history) minutes(from, to int) time.Duration {
	return time.Duration(from+h.rnd.IntN(to-from+1)) * time.Minute
}

func (h *history) order(i int, placed time.Time) models.ImportedOrder {
	items := h.shop.basket(h.rnd)
	var amount int64
	for _, it := range items {
		amount += it.Amount
	}
	promised := placed.Add(5 * 24 * time.Hour)
	person := h.shop.people[h.rnd.IntN(len(h.shop.people))]
	o := models.ImportedOrder{
		Order: models.Order{
			Status: models.OrderOpen,
			Number: fmt.Sprintf("%s-%05d", h.shop.prefix, 10001+i), Currency: h.shop.merchant.Currency, Amount: amount,
			CustomerName: person, CustomerEmail: demoEmail(h.shop, i),
			ShippingAddress: h.shop.address(person, h.rnd), PlacedAt: placed, CreatedAt: placed, PromisedAt: &promised,
		},
		Items: items,
	}
	p, paid := h.payment(&o.Order)
	o.Payments = []models.Payment{p}
	if paid {
		if parcel, sent := h.parcel(&o.Order, i); sent {
			o.Parcels = []models.ImportedParcel{parcel}
			if parcel.Status == models.ShipmentDelivered {
				o.Order.Status = models.OrderCompleted
			}
		}
	}
	return o
}

// refusals are why some payments of the past failed.
var refusals = []models.Failure{
	{Code: "insufficient_funds", Class: "later", Message: "There is not enough money in the account."},
	{Code: "expired_card", Class: "fix_data", Message: "The card has expired."},
	{Code: "do_not_honor", Class: "generic", Message: "The card's bank refused the payment without a reason."},
	{Code: "lost_card", Class: "never", Message: "The card was reported lost."},
}

func (h *history) payment(o *models.Order) (models.Payment, bool) {
	created := o.PlacedAt.Add(h.minutes(0, 3))
	settled := created.Add(time.Duration(1+h.rnd.IntN(4)) * time.Second)
	p := models.Payment{
		Status: models.PaymentPaid, Amount: o.Amount, AmountCaptured: o.Amount, Currency: o.Currency,
		Capture: models.CaptureAutomatic, MethodType: h.shop.method(h.rnd).kind, SettledAt: &settled, CreatedAt: created,
	}
	if h.rnd.IntN(100) >= 8 {
		return p, true
	}
	p.Status, p.AmountCaptured = models.PaymentFailed, 0
	p.Failure = refusals[h.rnd.IntN(len(refusals))]
	return p, false
}

// parcel is on its way as far as its age lets it.
func (h *history) parcel(o *models.Order, i int) (models.ImportedParcel, bool) {
	picked := o.PlacedAt.Add(h.minutes(6*60, 30*60))
	delivered := picked.Add(h.minutes(20*60, 100*60))
	if h.rnd.IntN(12) == 0 {
		delivered = delivered.Add(h.minutes(3*24*60, 5*24*60)) // late
	}
	if picked.After(h.now) {
		return models.ImportedParcel{}, false
	}
	p := models.ImportedParcel{Shipment: models.Shipment{
		Carrier: "sandbox", TrackingNumber: fmt.Sprintf("SBX%s%07d", h.shop.prefix, 1000+i),
		Direction: models.DirectionOutbound, Status: models.ShipmentInTransit,
		PromisedAt: o.PromisedAt, ShippedAt: &picked, LastEventAt: &picked, CreatedAt: picked.Add(-2 * time.Hour),
	}}
	p.Events = append(p.Events, h.scan(picked, models.ShipmentPickedUp, "Picked up", h.shop.city))
	if hub := picked.Add(9 * time.Hour); hub.Before(h.now) {
		p.Events = append(p.Events, h.scan(hub, models.ShipmentInTransit, "Processed at the parcel centre", h.shop.city))
		p.LastEventAt = &hub
	}
	if delivered.Before(h.now) {
		p.Events = append(p.Events, h.scan(delivered, models.ShipmentDelivered, "Delivered", h.shop.city))
		p.Status, p.DeliveredAt, p.LastEventAt = models.ShipmentDelivered, &delivered, &delivered
		p.Late = delivered.After(*o.PromisedAt)
	} else {
		p.Late = h.now.After(*o.PromisedAt)
	}
	return p, true
}

func (h *history) scan(at time.Time, status, text, place string) models.TrackingEvent {
	local := at.In(h.zone)
	_, seconds := local.Zone()
	offset := seconds / 60
	return models.TrackingEvent{
		DedupeKey: status + at.Format(time.RFC3339), RawTime: local.Format(time.RFC3339),
		LocalTime: local.Format("2006-01-02T15:04:05"), OffsetMinutes: &offset, OccurredAt: &at, Precision: "second",
		Status: status, Description: text, Location: place,
	}
}

// basket is one to three things.
func (s *demoShop) basket(rnd *rand.Rand) []models.OrderItem {
	var items []models.OrderItem
	for _, i := range rnd.Perm(len(s.goods))[:1+rnd.IntN(3)] {
		quantity := int64(1 + rnd.IntN(2))
		items = append(items, models.OrderItem{
			SKU: s.goods[i].sku, Name: s.goods[i].name, Quantity: quantity, Amount: s.goods[i].price * quantity,
		})
	}
	return items
}

func (s *demoShop) address(name string, rnd *rand.Rand) models.Address {
	return models.Address{
		Name: name, Line1: fmt.Sprintf("%d Market Street", 1+rnd.IntN(120)), City: s.city,
		PostalCode: s.postal, Country: s.country,
	}
}

func demoEmail(s *demoShop, i int) string {
	return fmt.Sprintf("customer%d@%s.example", i%37, s.merchant.Ref)
}
