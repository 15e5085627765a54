package importer

import (
	"regexp"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

// ownFiles is what empty fields of our own files mean.
type ownFiles struct {
	zone     *time.Location
	currency string
}

// settledStatuses are those of payments that need nothing more.
var settledStatuses = []models.PaymentStatus{
	models.PaymentPaid, models.PaymentFailed, models.PaymentCanceled, models.PaymentExpired, models.PaymentVoided,
}

// endedStatuses are those that a parcel with a time of delivery can have.
var endedStatuses = []string{"", models.ShipmentDelivered, models.ShipmentReturning, models.ShipmentReturned}

var carrierCode = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)

func (c *ownFiles) build(d *draft) models.ImportedOrder {
	r := d.row
	placed := r.time("placed_at", c.zone)
	if placed == nil {
		r.refusef("placed_at is empty")
		return models.ImportedOrder{}
	}
	currency := r.or("currency", c.currency)
	if !models.ValidCurrency(currency) {
		r.refusef("currency: %q is not a currency of ISO 4217, in capitals", currency)
	}
	in := models.ImportedOrder{Order: models.Order{
		Number: d.number, Status: r.or("status", models.OrderOpen), Currency: currency,
		CustomerName: r.text("customer_name"), CustomerEmail: r.text("customer_email"), CustomerPhone: r.text("customer_phone"),
		ShippingAddress: models.Address{
			Name: r.text("address_name"), Line1: r.text("address_line1"), Line2: r.text("address_line2"),
			City: r.text("address_city"), Region: r.text("address_region"), PostalCode: r.text("address_postal_code"),
			Country: r.text("address_country"),
		},
		PlacedAt: placed.at, CreatedAt: placed.at, PromisedAt: r.promise("promised_at", c.zone),
	}}
	if !slices.Contains([]string{models.OrderOpen, models.OrderCompleted, models.OrderCanceled}, in.Order.Status) {
		r.refusef("status: %q is not open, completed or canceled", in.Order.Status)
	}
	digits := models.CurrencyDigits(currency)
	ownItems(d, &in, digits)
	for _, r := range d.payments {
		in.Payments = append(in.Payments, c.payment(r, &in.Order, digits))
	}
	for _, r := range d.parcels {
		in.Parcels = append(in.Parcels, c.parcel(r, &in.Order))
	}
	return in
}

func ownItems(d *draft, in *models.ImportedOrder, digits int) {
	for _, r := range d.items {
		item := models.OrderItem{
			SKU: r.text("sku"), Name: r.required("name"), Quantity: r.count("quantity", "1"), Amount: r.amount("amount", digits),
		}
		in.Items = append(in.Items, item)
		in.Order.Amount += item.Amount
	}
	switch {
	case d.row.text("amount") != "":
		in.Order.Amount = d.row.amount("amount", digits)
	case len(d.items) == 0:
		d.row.refusef("amount is empty and the order has no items")
	}
}

func (c *ownFiles) payment(r *row, order *models.Order, digits int) models.Payment {
	p := models.Payment{
		Status: models.PaymentStatus(r.or("status", string(models.PaymentPaid))), Amount: r.amount("amount", digits),
		Currency: order.Currency, Capture: models.CaptureAutomatic, MethodType: r.required("method"),
		Description: r.text("description"), CreatedAt: order.PlacedAt,
	}
	if reference := r.text("reference"); reference != "" {
		p.Metadata = map[string]string{"reference": reference}
	}
	if !slices.Contains(settledStatuses, p.Status) {
		r.refusef("status: %q is not one of %v", p.Status, settledStatuses)
	}
	if created := r.time("created_at", c.zone); created != nil {
		p.CreatedAt = created.at
	}
	settled := r.time("settled_at", c.zone)
	switch {
	case p.Status != models.PaymentPaid && p.Status != models.PaymentFailed:
	case settled != nil:
		p.SettledAt = &settled.at
	default:
		p.SettledAt = &p.CreatedAt
	}
	if p.Status == models.PaymentPaid {
		p.AmountCaptured = p.Amount
	}
	return p
}

func (c *ownFiles) parcel(r *row, order *models.Order) models.ImportedParcel {
	p := parcel{
		carrier: r.required("carrier"), number: r.required("tracking_number"), summary: r.text("status"),
		since: order.PlacedAt, promised: order.PromisedAt,
		shipped: r.time("shipped_at", c.zone), delivered: r.time("delivered_at", c.zone),
	}
	if promised := r.promise("promised_at", c.zone); promised != nil {
		p.promised = promised
	}
	switch {
	case !carrierCode.MatchString(p.carrier):
		r.refusef("carrier: %q is not a code of small letters, digits and _", p.carrier)
	case len(p.number) > maxNumber:
		r.refusef("tracking_number is longer than %d bytes", maxNumber)
	case p.summary != "" && !slices.Contains(models.ShipmentStatuses, p.summary):
		r.refusef("status: %q is not one of %v", p.summary, models.ShipmentStatuses)
	case p.delivered != nil && !slices.Contains(endedStatuses, p.summary):
		r.refusef("delivered_at is set although the status is %s", p.summary)
	}
	return p.build()
}
