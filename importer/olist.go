package importer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/tillpost/tillpost/models"
)

// The files of the Brazilian E-Commerce Public Dataset by Olist that are read;
// that of sellers may be missing.
const (
	olistOrders    = "olist_orders_dataset.csv"
	olistItems     = "olist_order_items_dataset.csv"
	olistPayments  = "olist_order_payments_dataset.csv"
	olistCustomers = "olist_customers_dataset.csv"
	olistSellers   = "olist_sellers_dataset.csv"
)

// olistFiles are read in this order.
var olistFiles = []struct {
	name    string
	columns []string
}{
	{olistOrders, []string{
		"order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at",
		"order_delivered_carrier_date", "order_delivered_customer_date", "order_estimated_delivery_date",
	}},
	{olistItems, []string{
		"order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price", "freight_value",
	}},
	{olistPayments, []string{
		"order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value",
	}},
	{olistCustomers, []string{
		"customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state",
	}},
	{olistSellers, []string{"seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"}},
}

const (
	olistCurrency = "BRL"
	olistDigits   = 2
	olistZone     = "America/Sao_Paulo"
	olistCarrier  = "olist"
)

// olist holds what its orders refer to.
type olist struct {
	zone      *time.Location
	customers map[string]*row
	sellers   map[string]*row
}

// Olist imports a folder of Olist's files. All times in them are read as those
// of São Paulo.
func Olist(ctx context.Context, db *models.DB, m *models.Merchant, dir string, opts Options) (Report, error) {
	zone, err := time.LoadLocation(olistZone)
	if err != nil {
		return Report{}, fmt.Errorf("load time zone: %w", err)
	}
	tables, err := olistTables(dir)
	if err != nil {
		return Report{}, err
	}
	o := &olist{zone: zone}
	in := newIntake(olistOrders, o.build)
	in.orders(tables[olistOrders], "order_id")
	in.attach(tables[olistItems], "order_id", itemRows, func(r *row) string { return "item " + r.text("order_item_id") })
	in.attach(tables[olistPayments], "order_id", paymentRows, func(r *row) string { return "payment " + r.text("payment_sequential") })
	o.customers = in.index(tables[olistCustomers], "customer_id")
	o.sellers = in.index(tables[olistSellers], "seller_id")
	return in.store(ctx, db, m, opts)
}

func olistTables(dir string) (map[string]*table, error) {
	tables := map[string]*table{}
	for _, file := range olistFiles {
		t, err := readTable(filepath.Join(dir, file.name), file.columns, nil)
		if file.name == olistSellers && errors.Is(err, fs.ErrNotExist) {
			t, err = &table{name: file.name}, nil
		}
		if err != nil {
			return nil, err
		}
		tables[file.name] = t
	}
	return tables, nil
}

// index finds rows by a column that names them.
func (in *intake) index(t *table, column string) map[string]*row {
	in.tables = append(in.tables, t)
	byName := make(map[string]*row, len(t.rows))
	for _, r := range t.rows {
		name := r.required(column)
		if first := byName[name]; first != nil {
			r.refusef("%s %s stands in line %d already", column, name, first.line)
		}
		if r.refusal == "" {
			byName[name] = r
		}
	}
	return byName
}
