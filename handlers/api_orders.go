package handlers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillpost/tillpost/models"
)

// apiOrderInput is what a shop says of an order.
type apiOrderInput struct {
	Number          string              `json:"number" minLength:"1" maxLength:"64" doc:"The shop's own number, unique per merchant" example:"1001"`
	Currency        string              `json:"currency" minLength:"3" maxLength:"3" doc:"ISO 4217, in capitals" example:"EUR"`
	Amount          int64               `json:"amount" minimum:"0" maximum:"999999999999" doc:"What the customer pays, in the currency's minor unit" example:"4990"`
	Items           []apiOrderItemInput `json:"items,omitempty" maxItems:"500" nullable:"false"`
	Customer        *apiCustomerInput   `json:"customer,omitempty"`
	ShippingAddress *apiAddressInput    `json:"shipping_address,omitempty"`
	PlacedAt        *time.Time          `json:"placed_at,omitempty" doc:"When the customer ordered; default: now" example:"2026-01-15T09:30:00Z"`
	PromisedAt      *time.Time          `json:"promised_at,omitempty" doc:"When the customer was told that the parcels arrive" example:"2026-01-20T18:00:00Z"`
	Metadata        map[string]string   `json:"metadata,omitempty" doc:"At most 50 texts of your own, of at most 500 characters each"`
}

type apiOrderItemInput struct {
	SKU      string `json:"sku,omitempty" maxLength:"100" doc:"The shop's own number of the article" example:"TEA-1"`
	Name     string `json:"name" minLength:"1" maxLength:"300" example:"Darjeeling, 250 g"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000" example:"2"`
	Amount   int64  `json:"amount" minimum:"0" maximum:"999999999999" doc:"Of the whole line, in minor units" example:"2495"`
}

type apiCustomerInput struct {
	Name  string `json:"name,omitempty" maxLength:"200" example:"Grace O'Neil"`
	Email string `json:"email,omitempty" maxLength:"254" example:"grace@example.com"`
	Phone string `json:"phone,omitempty" maxLength:"40" example:"+49 30 1234567"`
}

type apiAddressInput struct {
	Name       string `json:"name,omitempty" maxLength:"200" example:"Grace O'Neil"`
	Line1      string `json:"line1,omitempty" maxLength:"200" example:"Lindenstraße 4"`
	Line2      string `json:"line2,omitempty" maxLength:"200"`
	City       string `json:"city,omitempty" maxLength:"100" example:"Berlin"`
	Region     string `json:"region,omitempty" maxLength:"100"`
	PostalCode string `json:"postal_code,omitempty" maxLength:"20" example:"10969"`
	Country    string `json:"country,omitempty" maxLength:"2" doc:"ISO 3166-1, two letters" example:"DE"`
}

type createOrderInput struct {
	OptionalKey

	Body apiOrderInput
}

type listOrdersInput struct {
	PageInput
	CreatedInput

	Number        string `query:"number" maxLength:"64" doc:"Exactly this number"`
	Status        string `query:"status" enum:"open,completed,canceled"`
	PaymentState  string `query:"payment_state" enum:"unpaid,authorized,partly_paid,paid,overpaid,partly_refunded,refunded,disputed"`
	ShippingState string `query:"shipping_state" enum:"unshipped,partly_shipped,shipped,partly_delivered,delivered,attention"`
	Q             string `query:"q" maxLength:"200" doc:"Words of the number, the customer's name, e-mail address or postal code, or a tracking number"`
}

type cancelInput struct {
	PathID
	OptionalKey
}

func (a *shopAPI) orderOperations() {
	write(a, huma.Operation{
		OperationID: "createOrder", Method: http.MethodPost, Path: apiPrefix + "/orders", DefaultStatus: http.StatusCreated,
		Tags: []string{"Orders"}, Security: requires("orders"), Summary: "Create an order",
		Description: "Stores what a customer bought. The number is unique per merchant: the same again is 409 order_number_taken.",
	}, a.createOrder)
	read(a, huma.Operation{
		OperationID: "getOrder", Method: http.MethodGet, Path: apiPrefix + "/orders/{id}", Errors: []int{404},
		Tags: []string{"Orders"}, Security: requires("read", "orders"), Summary: "Get an order",
		Description: "The order with its payments and shipments.",
	}, a.getOrder)
	read(a, huma.Operation{
		OperationID: "listOrders", Method: http.MethodGet, Path: apiPrefix + "/orders", Errors: []int{422},
		Tags: []string{"Orders"}, Security: requires("read", "orders"), Summary: "List orders",
		Description: "Newest first. All filters that are given must match.",
	}, a.listOrders)
	write(a, huma.Operation{
		OperationID: "cancelOrder", Method: http.MethodPost, Path: apiPrefix + "/orders/{id}/cancel", DefaultStatus: http.StatusOK,
		Errors: []int{404}, Tags: []string{"Orders"}, Security: requires("orders"), Summary: "Cancel an order",
		Description: "Only while nothing is paid, about to be paid, or shipped; otherwise 409.",
	}, a.cancelOrder)
}

// check trims the input's texts and finds what its schema cannot.
func (in *createOrderInput) check(now time.Time) error {
	b := &in.Body
	var k checker
	k.text("number", &b.Number, true)
	k.currency("currency", b.Currency)
	k.between("placed_at", b.PlacedAt, firstTime, now.Add(placedLead))
	k.between("promised_at", b.PromisedAt, firstTime, now.Add(promisedIn))
	k.metadata("metadata", b.Metadata)
	for i := range b.Items {
		k.text(fmt.Sprintf("items[%d].sku", i), &b.Items[i].SKU, false)
		k.text(fmt.Sprintf("items[%d].name", i), &b.Items[i].Name, true)
		k.noCard(fmt.Sprintf("items[%d].name", i), b.Items[i].Name)
	}
	if c := b.Customer; c != nil {
		k.text("customer.name", &c.Name, false)
		k.email("customer.email", &c.Email)
		k.text("customer.phone", &c.Phone, false)
		k.noCard("customer.name", c.Name)
		k.noCard("customer.email", c.Email)
		k.noCard("customer.phone", c.Phone)
	}
	if s := b.ShippingAddress; s != nil {
		for _, text := range []*string{&s.Name, &s.Line1, &s.Line2, &s.City, &s.Region, &s.PostalCode} {
			k.text("shipping_address", text, false)
			k.noCard("shipping_address", *text)
		}
		k.country("shipping_address.country", &s.Country)
	}
	return k.err()
}

func (a *shopAPI) createOrder(tx *models.Tx, call *apiCall, in *createOrderInput) (done[models.OrderJSON], error) {
	order, items := in.Body.order(call.key.MerchantID, tx.Now())
	created, err := tx.CreateOrder(order, items)
	if err != nil {
		return done[models.OrderJSON]{}, err
	}
	object := created.NewObject(items)
	return done[models.OrderJSON]{&object, apiPrefix + "/orders/" + created.ID}, nil
}

// order makes the order of a checked input.
func (in *apiOrderInput) order(merchantID string, now time.Time) (models.Order, []models.OrderItem) {
	items := make([]models.OrderItem, len(in.Items))
	for i, it := range in.Items {
		items[i] = models.OrderItem{SKU: it.SKU, Name: it.Name, Quantity: it.Quantity, Amount: it.Amount}
	}
	o := models.Order{
		MerchantID: merchantID, Number: in.Number, Currency: in.Currency, Amount: in.Amount,
		PlacedAt: now, PromisedAt: in.PromisedAt, Metadata: in.Metadata,
	}
	if in.PlacedAt != nil {
		o.PlacedAt = *in.PlacedAt
	}
	if c := in.Customer; c != nil {
		o.CustomerName, o.CustomerEmail, o.CustomerPhone = c.Name, c.Email, c.Phone
	}
	if s := in.ShippingAddress; s != nil {
		o.ShippingAddress = models.Address(*s)
	}
	return o, items
}

func (a *shopAPI) getOrder(ctx context.Context, call *apiCall, in *PathID) (*models.OrderJSON, error) {
	return a.DB.OrderObject(ctx, call.scope, in.ID)
}

func (a *shopAPI) listOrders(ctx context.Context, call *apiCall, in *listOrdersInput) (list apiList[models.OrderJSON], err error) {
	created, err := in.span()
	if err != nil {
		return list, err
	}
	orders, next, err := a.DB.Orders(ctx, call.scope, models.OrderFilter{
		Number: in.Number, Status: in.Status, PaymentState: in.PaymentState, ShippingState: in.ShippingState,
		Search: in.Q, Created: created,
	}, in.page())
	if err != nil {
		return list, err
	}
	objects, err := a.DB.OrderObjects(ctx, orders)
	return listOf(objects, next), err
}

func (a *shopAPI) cancelOrder(tx *models.Tx, call *apiCall, in *cancelInput) (done[models.OrderJSON], error) {
	if err := tx.CancelOrder(call.scope, in.ID); err != nil {
		return done[models.OrderJSON]{}, err
	}
	if err := tx.Audit(call.actor(), models.AuditEntry{
		MerchantID: &call.key.MerchantID, Action: "order.cancel", ObjectID: in.ID, OrderID: &in.ID,
	}); err != nil {
		return done[models.OrderJSON]{}, err
	}
	object, err := tx.OrderObject(in.ID)
	return done[models.OrderJSON]{object, apiPrefix + "/orders/" + in.ID}, err
}
