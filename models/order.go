package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Statuses of orders.
const (
	OrderOpen      = "open"
	OrderCompleted = "completed"
	OrderCanceled  = "canceled"
)

// PaymentStates are the values of an order's payment_state, which the database
// derives from the order's amounts.
var PaymentStates = []string{"unpaid", "authorized", "partly_paid", "paid", "overpaid", "partly_refunded", "refunded", "disputed"}

// ShippingStates are the values of an order's shipping_state, which the
// database derives from the order's parcels.
var ShippingStates = []string{"unshipped", "partly_shipped", "shipped", "partly_delivered", "delivered", "attention"}

// Address is where an order goes.
type Address struct {
	Name       string `json:"name,omitempty"`
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`
}

// Order is what a customer bought; amounts are minor units of Currency.
type Order struct {
	ID              string `gorm:"primaryKey"`
	MerchantID      string
	Number          string
	Status          string
	Currency        string
	Amount          int64
	CustomerName    string
	CustomerEmail   string
	CustomerPhone   string
	ShippingAddress Address           `gorm:"serializer:json"`
	Metadata        map[string]string `gorm:"serializer:json"`
	PlacedAt        time.Time
	PromisedAt      *time.Time

	AmountPending    int64 // held by payments under way
	AmountAuthorized int64
	AmountPaid       int64
	AmountRefunded   int64
	AmountDisputed   int64

	QuantityTotal     int64
	QuantityShipped   int64
	QuantityDelivered int64
	Parcels           int64
	ParcelsAttention  int64

	PaymentState  string `gorm:"->"` // derived by the database
	ShippingState string `gorm:"->"`

	ToldState string // what merchants were told last, see state
	Sequence  int64  // of the order's last event
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// AmountDue is what no payment has taken, reserved or is about to take.
func (o *Order) AmountDue() int64 {
	return o.Amount - o.AmountPaid - o.AmountAuthorized - o.AmountPending
}

// OrderItem is one line of an order.
type OrderItem struct {
	OrderID  string `gorm:"primaryKey" json:"-"`
	Position int    `gorm:"primaryKey" json:"-"`
	SKU      string `json:"sku,omitempty"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Amount   int64  `json:"amount"`
}

// CreateOrder adds an order with its items and records order.created. A number
// that the merchant has used already is a conflict, order_number_taken.
// CreatedAt may be set for orders that are recorded later than they happened.
func (tx *Tx) CreateOrder(o Order, items []OrderItem) (*Order, error) {
	if err := checkOrder(&o, items); err != nil {
		return nil, err
	}
	if o.CreatedAt.IsZero() {
		o.CreatedAt = tx.now
		o.ID = NewID(PrefixOrder)
	} else {
		o.ID = NewIDAt(PrefixOrder, o.CreatedAt)
	}
	if o.Metadata == nil {
		o.Metadata = map[string]string{}
	}
	if o.Status == "" {
		o.Status = OrderOpen
	}
	o.PlacedAt, o.UpdatedAt = o.PlacedAt.UTC(), tx.now
	o.QuantityTotal = totalQuantity(items)
	// What the database derives comes back with it: nobody else knows the order
	// yet, so that it need not be read again.
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}, clause.Returning{}).Create(&o)
	if res.Error != nil {
		return nil, fmt.Errorf("create order: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, &Error{Kind: KindConflict, Code: "order_number_taken", Field: "number"}
	}
	items = slices.Clone(items)
	for i := range items {
		items[i].OrderID, items[i].Position = o.ID, i
	}
	if err := insertMany(tx, items); err != nil {
		return nil, err
	}
	if err := tx.addSearchTerms(o.MerchantID, o.ID, orderTerms(&o)...); err != nil {
		return nil, err
	}
	if err := tx.recount(o.MerchantID, nil, orderFigures(&o)); err != nil {
		return nil, err
	}
	return &o, tx.tellOrders(EventOrderCreated, []*Order{&o}, []OrderJSON{o.NewObject(items)})
}

func checkOrder(o *Order, items []OrderItem) error {
	if err := checkAmountOrZero("amount", o.Amount); err != nil {
		return err
	}
	for i := range items {
		if err := checkQuantity(fmt.Sprintf("items[%d].quantity", i), items[i].Quantity); err != nil {
			return err
		}
		if err := checkAmountOrZero(fmt.Sprintf("items[%d].amount", i), items[i].Amount); err != nil {
			return err
		}
	}
	return nil
}

// CancelOrder cancels an order on which nothing was paid, is being paid, or was shipped.
func (tx *Tx) CancelOrder(scope Scope, id string) error {
	o, err := tx.lockOrder(scope, id)
	if err != nil {
		return err
	}
	ok, err := tx.update("orders", map[string]any{"status": OrderCanceled, "updated_at": tx.now},
		"id = ? AND status = ? AND amount_pending = 0 AND amount_authorized = 0 AND amount_paid = 0 AND parcels = 0",
		id, OrderOpen)
	if err != nil {
		return err
	}
	if ok {
		return tx.tellOrder(id, EventOrderCanceled)
	}
	switch {
	case o.Status != OrderOpen:
		return Conflict("order_not_open", o.Status)
	case o.Parcels > 0:
		return Conflict("order_shipped", o.ShippingState)
	default:
		return Conflict("order_paid", o.PaymentState)
	}
}

// Order loads one order.
func (db *DB) Order(ctx context.Context, scope Scope, id string) (*Order, error) {
	return first[Order](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// OrderItems loads the lines of an order that the caller has loaded already.
func (db *DB) OrderItems(ctx context.Context, orderID string) ([]OrderItem, error) {
	return orderItems(db.q(ctx), orderID)
}

// OrderItems loads the lines of an order that the caller has loaded already.
func (tx *Tx) OrderItems(orderID string) ([]OrderItem, error) { return orderItems(tx.q(), orderID) }

// ItemsOfOrders loads, by order, the lines of orders that the caller has loaded
// already.
func (db *DB) ItemsOfOrders(ctx context.Context, orderIDs []string) (map[string][]OrderItem, error) {
	found := make(map[string][]OrderItem, len(orderIDs))
	for part := range slices.Chunk(orderIDs, maxIDs) {
		rows, err := all[OrderItem](db.q(ctx).Where("order_id IN ?", part).Order("order_id, position"))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			found[rows[i].OrderID] = append(found[rows[i].OrderID], rows[i])
		}
	}
	return found, nil
}

// OrderFilter selects orders; empty fields select all.
type OrderFilter struct {
	Number        string
	Status        string
	PaymentState  string
	ShippingState string
	Search        string
	Created       Span
}

// Orders lists orders, newest first, with the next page's cursor.
func (db *DB) Orders(ctx context.Context, scope Scope, f OrderFilter, p Page) ([]Order, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = f.Created.in(q, PrefixOrder)
	q = equal(q, "number", f.Number)
	q = equal(q, "status", f.Status)
	q = equal(q, "payment_state", f.PaymentState)
	q = equal(q, "shipping_state", f.ShippingState)
	q = db.search(ctx, q, scope, "orders", f.Search)
	return page(q, p, PrefixOrder, func(o Order) string { return o.ID })
}

// order loads an order inside the transaction.
func (tx *Tx) order(scope Scope, id string) (*Order, error) {
	return first[Order](scope.in(tx.q(), "merchant_id").Where("id = ?", id))
}

// OrderByRef loads an order by id or number inside the transaction.
func (tx *Tx) OrderByRef(scope Scope, id, number string) (*Order, error) {
	q := scope.in(tx.q(), "merchant_id")
	if id != "" {
		return first[Order](q.Where("id = ?", id))
	}
	return first[Order](q.Where("number = ?", number))
}

func orderItems(q *gorm.DB, orderID string) ([]OrderItem, error) {
	return all[OrderItem](q.Where("order_id = ?", orderID).Order("position"))
}

// totalQuantity is at least 1, so that an order without lines can be shipped.
func totalQuantity(items []OrderItem) int64 {
	var n int64
	for _, it := range items {
		n += it.Quantity
	}
	return max(n, 1)
}

// equal adds a condition unless the value is empty.
func equal(q *gorm.DB, column, value string) *gorm.DB {
	if value == "" {
		return q
	}
	return q.Where(column+" = ?", value)
}
