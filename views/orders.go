package views

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// OrdersView is a page of the list of orders.
type OrdersView struct {
	Filter    OrdersFilter
	Rows      []OrderRow
	Merchants []MerchantOption // staff: whose orders can be looked at alone
	Staff     bool             // sees more than one merchant
	After     string           // cursor of this page
	NextHref  string
}

// OrderRow is one order of the list.
type OrderRow struct {
	Order    models.Order
	Merchant string
	Staff    bool
}

// OrdersFilter is what the list's address chooses.
type OrdersFilter struct {
	Search, Status, PaymentState, ShippingState string
	Merchant                                    string // its ref
	From, To                                    string // 2006-01-02, days of the viewer's zone
}

// Address is that of the list with this filter.
func (f OrdersFilter) Address() string { return f.address("/orders") }

func (f OrdersFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{
		"q", f.Search, "status", f.Status, "payment_state", f.PaymentState, "shipping_state", f.ShippingState,
		"merchant", f.Merchant, "from", f.From, "to", f.To,
	}, more...)...)
}

// listAddress is a path with those of the pairs of names and values that have a
// value, in one order, so that the same list always has the same address.
func listAddress(path string, pairs ...string) string {
	var query []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query = append(query, url.QueryEscape(pairs[i])+"="+url.QueryEscape(pairs[i+1]))
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + strings.Join(query, "&")
}

// saved is the filter of a saved view; whose orders and of when stays chosen.
func (f OrdersFilter) saved(status, paymentState, shippingState string) OrdersFilter {
	f.Status, f.PaymentState, f.ShippingState = status, paymentState, shippingState
	return f
}

func (v OrdersView) tabs(ctx context.Context) []ui.Tab {
	views := []struct {
		label  string
		filter OrdersFilter
	}{
		{locales.T(ctx, "common.all"), v.Filter.saved("", "", "")},
		{locales.T(ctx, "orders.unpaid"), v.Filter.saved(models.OrderOpen, "unpaid", "")},
		{locales.T(ctx, "orders.to_ship"), v.Filter.saved(models.OrderOpen, "paid", "unshipped")},
		{locales.T(ctx, "orders.attention"), v.Filter.saved("", "", "attention")},
		{locales.T(ctx, "orders.canceled"), v.Filter.saved(models.OrderCanceled, "", "")},
	}
	tabs := make([]ui.Tab, len(views))
	for i, view := range views {
		tabs[i] = ui.Tab{Label: view.label, Href: view.filter.Address(), Current: view.filter == v.Filter}
	}
	return tabs
}

// pill counts what the list does not show yet.
func (v OrdersView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Order.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of orders that match the filter and are not shown.
func (f OrdersFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "orders-new", "order", "#order-table"
	n.CountHref, n.ListHref = f.address("/orders/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// NewRows is how many rows came in since a list was loaded.
type NewRows struct {
	ID, Topic, Target string
	CountHref         string
	ListHref          string
	Count             int
	More              bool // Count is a limit; there are more
}

// Shown is what a list shows, as its count's address carries it.
type Shown struct {
	Seen string // by Seen's text
	Last string // the last row's id when more rows follow it
}

func shownRows(ids []string, next string) Shown {
	shown := Shown{Seen: seenText(ids)}
	if next != "" && len(ids) > 0 {
		shown.Last = ids[len(ids)-1]
	}
	return shown
}

// OrderView is one order with all that belongs to it.
type OrderView struct {
	Order    models.Order
	Items    []models.OrderItem
	Payments []OrderPayment
	Parcels  []models.Shipment
	Merchant string // staff: whose order it is
	Staff    bool
	Timeline TimelineView
}

// OrderPayment is a payment of an order.
type OrderPayment struct {
	Payment models.Payment
	Account string // name of the account it goes through
}

// topics are what the page renews itself for.
func (v OrderView) topics() string {
	topics := []string{"order:" + v.Order.ID}
	for i := range v.Payments {
		topics = append(topics, "payment:"+v.Payments[i].Payment.ID)
	}
	for i := range v.Parcels {
		topics = append(topics, "shipment:"+v.Parcels[i].ID)
	}
	return strings.Join(topics, " ") + v.Timeline.topics()
}

// due is what the customer still owes.
func (v OrderView) due() int64 {
	if v.Order.Status == models.OrderCanceled {
		return 0
	}
	return max(0, v.Order.AmountDue())
}

// address is where the order goes, line by line.
func (v OrderView) address() []string {
	a := v.Order.ShippingAddress
	var lines []string
	for _, line := range []string{a.Name, a.Line1, a.Line2, joined(a.PostalCode, a.City), a.Region, a.Country} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// awaited says whether a parcel may still arrive.
func awaited(s models.Shipment) bool {
	switch s.Status {
	case models.ShipmentDelivered, models.ShipmentReturned, models.ShipmentCanceled, models.ShipmentExpired:
		return false
	default:
		return true
	}
}

// expected is when a parcel should arrive, and whether that is the promise
// rather than the carrier's estimate; nothing once its way is over.
func expected(s models.Shipment) (at time.Time, promised bool) {
	switch {
	case !awaited(s):
		return time.Time{}, false
	case s.ETA != nil:
		return *s.ETA, false
	case s.PromisedAt != nil:
		return *s.PromisedAt, true
	default:
		return time.Time{}, false
	}
}

var orderLooks = map[string]look{
	models.OrderOpen:      {ui.Info, "circle-dot"},
	models.OrderCompleted: {ui.Success, "circle-check"},
	models.OrderCanceled:  {ui.Neutral, "ban"},
}

var paymentStateLooks = map[string]look{
	"unpaid":          {ui.Warning, "clock"},
	"authorized":      {ui.Info, "lock"},
	"partly_paid":     {ui.Warning, "coins"},
	"paid":            {ui.Success, "circle-check"},
	"overpaid":        {ui.Danger, "circle-alert"},
	"partly_refunded": {ui.Neutral, "undo-2"},
	"refunded":        {ui.Neutral, "undo-2"},
	"disputed":        {ui.Danger, "shield-alert"},
}

var shippingStateLooks = map[string]look{
	"unshipped":        {ui.Neutral, "package"},
	"partly_shipped":   {ui.Info, "package-open"},
	"shipped":          {ui.Info, "truck"},
	"partly_delivered": {ui.Info, "package-check"},
	"delivered":        {ui.Success, "package-check"},
	"attention":        {ui.Danger, "triangle-alert"},
}
