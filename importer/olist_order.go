package importer

import (
	"cmp"
	"slices"

	"github.com/tillpost/tillpost/models"
)

// olistOpen are the statuses of orders that went on; the others ended.
var olistOpen = []string{"created", "approved", "invoiced", "processing", "shipped", "delivered"}

// build makes an order of its rows. Its amount is that of its items and their
// freight, which is a line of its own; of an order without items only the
// payments tell what it cost. Payments may come to another sum: interest on
// instalments is not in the items.
func (o *olist) build(d *draft) models.ImportedOrder {
	r := d.row
	status := r.required("order_status")
	placed := r.time("order_purchase_timestamp", o.zone)
	if placed == nil {
		r.refusef("order_purchase_timestamp is empty")
		return models.ImportedOrder{}
	}
	in := models.ImportedOrder{Order: models.Order{
		Number: d.number, Currency: olistCurrency, PlacedAt: placed.at, CreatedAt: placed.at,
		PromisedAt: r.promise("order_estimated_delivery_date", o.zone),
		Metadata:   map[string]string{"olist_status": status},
	}}
	switch {
	case slices.Contains(olistOpen, status):
		in.Order.Status = models.OrderOpen
	case status == "canceled" || status == "unavailable":
		in.Order.Status = models.OrderCanceled
	default:
		r.refusef("order_status: %q is not known", status)
	}
	place := o.address(r, &in.Order)
	in.Items, in.Order.Amount = olistLines(d)
	in.Payments = o.payments(d, &in.Order, status)
	if len(d.items) == 0 {
		for i := range in.Payments {
			in.Order.Amount += in.Payments[i].Amount
		}
	}
	in.Parcels = o.parcels(d, &in.Order, status, place)
	return in
}

// address fills in where the order goes and returns the place in one line.
func (o *olist) address(r *row, order *models.Order) string {
	c := o.customers[r.text("customer_id")]
	if c == nil {
		r.missing = "customer " + r.text("customer_id") + " is not in " + olistCustomers + ": taken without address"
		return ""
	}
	order.Metadata["olist_customer"] = c.text("customer_unique_id")
	order.ShippingAddress = models.Address{
		City: c.text("customer_city"), Region: c.text("customer_state"),
		PostalCode: c.text("customer_zip_code_prefix"), Country: "BR",
	}
	return order.ShippingAddress.City + ", " + order.ShippingAddress.Region
}

func olistLines(d *draft) ([]models.OrderItem, int64) {
	sortBy(d.items, "order_item_id")
	var (
		items          []models.OrderItem
		total, freight int64
	)
	for _, r := range d.items {
		product := r.required("product_id")
		price := r.amount("price", olistDigits)
		freight += r.amount("freight_value", olistDigits)
		total += price
		items = append(items, models.OrderItem{SKU: product, Name: product, Quantity: 1, Amount: price})
	}
	if freight > 0 {
		items = append(items, models.OrderItem{SKU: "freight", Name: "Freight", Quantity: 1, Amount: freight})
	}
	return items, total + freight
}

// payments makes one of each row, those over nothing and of no defined type
// too. The money was taken when the order was approved or went on as only
// approved orders do; that stays so when it was canceled later, since the files
// tell of no refund. Otherwise the payment ended with the order or ran out.
func (o *olist) payments(d *draft, order *models.Order, status string) []models.Payment {
	sortBy(d.payments, "payment_sequential")
	approved := d.row.time("order_approved_at", o.zone)
	var payments []models.Payment
	for _, r := range d.payments {
		p := models.Payment{
			Status: models.PaymentPaid, Amount: r.amount("payment_value", olistDigits), Currency: olistCurrency,
			Capture: models.CaptureAutomatic, MethodType: r.required("payment_type"), CreatedAt: order.PlacedAt,
			Metadata: map[string]string{
				"sequence": r.text("payment_sequential"), "installments": r.text("payment_installments"),
			},
		}
		switch {
		case approved != nil:
			p.SettledAt = &approved.at
		case order.Status == models.OrderCanceled:
			p.Status = models.PaymentCanceled
		case status == "created":
			p.Status = models.PaymentExpired
		default:
			p.SettledAt = &order.PlacedAt
		}
		if p.Status == models.PaymentPaid {
			p.AmountCaptured = p.Amount
		}
		payments = append(payments, p)
	}
	return payments
}

// parcels makes the one parcel that the files know of an order that was handed
// over. Its number is the order's: the real ones are not published.
func (o *olist) parcels(d *draft, order *models.Order, status, place string) []models.ImportedParcel {
	p := parcel{
		carrier: olistCarrier, number: order.Number, since: order.PlacedAt, promised: order.PromisedAt,
		shipped:   d.row.time("order_delivered_carrier_date", o.zone),
		delivered: d.row.time("order_delivered_customer_date", o.zone),
		from:      o.origin(d), to: place,
	}
	switch {
	case status == "delivered":
		p.summary = models.ShipmentDelivered
	case status == "shipped" && p.shipped == nil:
		p.summary = models.ShipmentInTransit
	case p.shipped == nil && p.delivered == nil:
		return nil
	}
	return []models.ImportedParcel{p.build()}
}

// origin is the place of the seller when all items have the same.
func (o *olist) origin(d *draft) string {
	place := ""
	for i, r := range d.items {
		s := o.sellers[r.text("seller_id")]
		if s == nil || i > 0 && place != s.text("seller_city")+", "+s.text("seller_state") {
			return ""
		}
		place = s.text("seller_city") + ", " + s.text("seller_state")
	}
	return place
}

// sortBy orders rows by a column of numbers from 1.
func sortBy(rows []*row, column string) {
	positions := make(map[*row]int64, len(rows))
	for _, r := range rows {
		positions[r] = r.count(column, "")
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(positions[a], positions[b]) })
}
