package models

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// importBatch gathers the rows of many orders, table by table.
type importBatch struct {
	tx         *Tx
	merchantID string
	loc        *time.Location

	orders   []Order
	items    []OrderItem
	payments []Payment
	parcels  []Shipment
	scans    []TrackingEvent
	terms    []searchTerm
}

func (b *importBatch) add(in *ImportedOrder) {
	o := &in.Order
	o.ID, o.MerchantID, o.UpdatedAt = NewIDAt(PrefixOrder, o.CreatedAt), b.merchantID, b.tx.now
	o.QuantityTotal = totalQuantity(in.Items)
	if o.Metadata == nil {
		o.Metadata = map[string]string{}
	}
	texts := orderTerms(o)
	for i := range in.Items {
		in.Items[i].OrderID, in.Items[i].Position = o.ID, i
	}
	b.items = append(b.items, in.Items...)
	b.addPayments(o, in.Payments)
	b.addParcels(o, in.Parcels)
	for i := range in.Parcels {
		texts = append(texts, in.Parcels[i].TrackingNumber)
	}
	b.terms = append(b.terms, searchTerms(o.MerchantID, o.ID, texts...)...)
	b.tx.figures.add(b.merchantID, b.loc, 1, orderFigures(o))
	b.orders = append(b.orders, *o)
}

// addPayments gives ids that keep the order of payments made at one time.
func (b *importBatch) addPayments(o *Order, payments []Payment) {
	slices.SortStableFunc(payments, func(x, y Payment) int { return x.CreatedAt.Compare(y.CreatedAt) })
	ids := make([]string, len(payments))
	for i := range payments {
		ids[i] = NewIDAt(PrefixPayment, payments[i].CreatedAt)
	}
	slices.Sort(ids)
	o.AmountPending, o.AmountAuthorized, o.AmountPaid, o.AmountRefunded = 0, 0, 0, 0
	for i := range payments {
		p := &payments[i]
		p.ID, p.MerchantID, p.OrderID, p.UpdatedAt = ids[i], o.MerchantID, o.ID, b.tx.now
		if p.Metadata == nil {
			p.Metadata = map[string]string{}
		}
		if p.Status == PaymentPaid && p.AmountCaptured == 0 {
			p.AmountCaptured = p.Amount
		}
		o.AmountRefunded += p.AmountRefunded
		switch orderColumn(p.Status) {
		case "amount_pending":
			o.AmountPending += held(p)
		case "amount_authorized":
			o.AmountAuthorized += held(p)
		case "amount_paid":
			o.AmountPaid += held(p)
		}
		b.tx.figures.add(b.merchantID, b.loc, 1, paymentFigures(p))
	}
	b.payments = append(b.payments, payments...)
}

func (b *importBatch) addParcels(o *Order, parcels []ImportedParcel) {
	var living []Shipment
	for i := range parcels {
		s := &parcels[i].Shipment
		s.ID, s.MerchantID, s.OrderID, s.UpdatedAt = NewIDAt(PrefixShipment, s.CreatedAt), o.MerchantID, o.ID, b.tx.now
		s.Country = countryCode(o.ShippingAddress.Country)
		s.prepare(b.tx.now)
		if !s.Ended() && s.Status != ShipmentReturning {
			s.Late = Overdue(s.PromisedAt, false, b.tx.now)
		}
		if s.Status != ShipmentCanceled {
			living = append(living, *s)
		}
		events := parcels[i].Events
		for j := range events {
			events[j].prepare(s, b.tx.now)
		}
		b.scans = append(b.scans, events...)
		b.parcels = append(b.parcels, *s)
		b.tx.figures.add(b.merchantID, b.loc, 1, shipmentFigures(s))
		b.tx.transits.add(b.loc, 1, s)
	}
	o.setParcels(living)
}

func (b *importBatch) insert() error {
	if len(b.orders) == 0 {
		return nil
	}
	if err := b.insertOrders(); err != nil {
		return err
	}
	for _, rows := range []any{&b.items, &b.payments, &b.parcels, &b.scans, &b.terms} {
		if err := b.tx.q().CreateInBatches(rows, importRows).Error; err != nil {
			return fmt.Errorf("import %T: %w", rows, err)
		}
	}
	return nil
}

// insertOrders runs the transaction again when another one took a number
// meanwhile. Orders that are delivered and paid are completed as refreshOrder
// does, by the states that the database derives.
func (b *importBatch) insertOrders() error {
	res := b.tx.q().Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&b.orders, importRows)
	if res.Error != nil {
		return fmt.Errorf("import orders: %w", res.Error)
	}
	if res.RowsAffected != int64(len(b.orders)) {
		return ErrRaced
	}
	ids := make([]string, len(b.orders))
	for i := range b.orders {
		ids[i] = b.orders[i].ID
	}
	_, err := b.tx.update("orders", map[string]any{"status": OrderCompleted},
		"id IN ? AND status = ? AND shipping_state = ? AND payment_state IN ?",
		ids, OrderOpen, "delivered", []string{"paid", "overpaid"})
	if err != nil {
		return err
	}
	// The merchant knows these states: no later move tells of them as news.
	_, err = b.tx.update("orders", map[string]any{"told_state": gorm.Expr(orderState)}, "id IN ?", ids)
	return err
}

// importRows is how many rows one statement inserts: few enough for the
// parameters that each database takes.
const importRows = 200
