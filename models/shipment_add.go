package models

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm/clause"
)

// AddedShipment is what became of a parcel that was to be added.
type AddedShipment struct {
	Shipment *Shipment
	Refusal  *Error // why there is none; nil when there is
}

// CreateShipment adds a parcel, due to be polled at once when it has a carrier
// account, and records shipment.created. The same carrier and number twice for
// one order is a conflict, shipment_exists. CreatedAt may be set for parcels
// that are recorded later than they happened.
func (tx *Tx) CreateShipment(s Shipment) (*Shipment, error) {
	added, err := tx.CreateShipments([]Shipment{s})
	if err != nil {
		return nil, err
	}
	if added[0].Refusal != nil {
		return nil, added[0].Refusal
	}
	return added[0].Shipment, nil
}

// CreateShipments is CreateShipment for many, in statements whose number does
// not grow with theirs. It says of each parcel what became of it.
func (tx *Tx) CreateShipments(parcels []Shipment) ([]AddedShipment, error) {
	added := make([]AddedShipment, len(parcels))
	orders, err := tx.LockOrders(AllMerchants(), orderIDs(parcels))
	if err != nil {
		return nil, err
	}
	var (
		rows  []Shipment
		index []int // of each row among the parcels
	)
	for i := range parcels {
		s := parcels[i]
		err := tx.checkShipment(&s, orders[s.OrderID])
		if errors.As(err, &added[i].Refusal) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.CreatedAt.IsZero() {
			s.ID, s.CreatedAt = NewID(PrefixShipment), tx.now
		} else {
			s.ID = NewIDAt(PrefixShipment, s.CreatedAt)
		}
		s.prepare(tx.now)
		rows, index = append(rows, s), append(index, i)
	}
	kept, err := tx.insertShipments(rows)
	if err != nil {
		return nil, err
	}
	var fresh []Shipment
	for i := range rows {
		if !kept[rows[i].ID] {
			added[index[i]].Refusal = &Error{Kind: KindConflict, Code: "shipment_exists", Field: "tracking_number"}
			continue
		}
		added[index[i]].Shipment = &rows[i]
		fresh = append(fresh, rows[i])
	}
	return added, tx.followNewShipments(fresh)
}

// checkShipment refuses parcels of another merchant's order, new parcels of
// canceled ones, and returns of what is no parcel of the order.
func (tx *Tx) checkShipment(s *Shipment, o *Order) error {
	if o == nil || o.MerchantID != s.MerchantID {
		return Invalid("order_id", "unknown_order")
	}
	if s.CreatedAt.IsZero() && o.Status == OrderCanceled {
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

// insertShipments inserts those that are not there yet, and says which were
// inserted.
func (tx *Tx) insertShipments(rows []Shipment) (map[string]bool, error) {
	kept := make(map[string]bool, len(rows))
	if len(rows) == 0 {
		return kept, nil
	}
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&rows, importRows)
	if res.Error != nil {
		return nil, fmt.Errorf("create shipments: %w", res.Error)
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	if res.RowsAffected < int64(len(rows)) {
		var err error
		if ids, err = tx.storedShipments(ids); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		kept[id] = true
	}
	return kept, nil
}

// storedShipments are the ids that exist.
func (tx *Tx) storedShipments(ids []string) ([]string, error) {
	var stored []string
	for part := range slices.Chunk(ids, maxIDs) {
		var found []string
		if err := tx.q().Table("shipments").Where("id IN ?", part).Pluck("id", &found).Error; err != nil {
			return nil, fmt.Errorf("created shipments: %w", err)
		}
		stored = append(stored, found...)
	}
	return stored, nil
}

// followNewShipments records what new parcels mean to others.
func (tx *Tx) followNewShipments(parcels []Shipment) error {
	if len(parcels) == 0 {
		return nil
	}
	var terms []searchTerm
	for i := range parcels {
		s := &parcels[i]
		terms = append(terms, searchTerms(s.MerchantID, s.OrderID, s.TrackingNumber)...)
		if err := tx.recount(s.MerchantID, nil, shipmentFigures(s)); err != nil {
			return err
		}
		if err := tx.recountTransit(nil, s); err != nil {
			return err
		}
		tx.Announce(Hint{Topic: "shipment", ID: s.ID, MerchantID: s.MerchantID, New: true})
	}
	if err := insertMany(tx, terms, clause.OnConflict{DoNothing: true}); err != nil {
		return err
	}
	orders := orderIDs(parcels)
	if err := tx.countParcels(orders); err != nil {
		return err
	}
	if err := tx.recordShipments(parcels, EventShipmentCreated, "api"); err != nil {
		return err
	}
	return tx.refreshOrders(orders)
}

// orderIDs are the orders of parcels, each once, in the order of locks.
func orderIDs(parcels []Shipment) []string {
	ids := make([]string, len(parcels))
	for i := range parcels {
		ids[i] = parcels[i].OrderID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
