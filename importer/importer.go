// Package importer takes over the orders, payments and parcels that other
// systems kept, from their files.
//
// An order is taken whole or not at all: a row that cannot be read leaves out
// its order with all that belongs to it, so that a later run with a corrected
// file takes it whole. Orders whose number the merchant has already are left as
// they are, so that a run may be repeated, also after an interruption. What is
// imported is history: nobody is charged, no parcel is polled and no endpoint
// is told; figures are counted on the days when things happened.
//
// Olist reads the Brazilian marketplace's public data. CSV reads these files,
// each named by its beginning (orders.csv, orders-2017.csv). Those marked *
// must be there, all others may be missing:
//
//	orders     number* placed_at* currency amount status promised_at
//	           customer_name customer_email customer_phone
//	           address_name address_line1 address_line2 address_city
//	           address_region address_postal_code address_country
//	items      order_number* name* amount* sku quantity
//	payments   order_number* method* amount* status created_at settled_at
//	           reference description
//	shipments  order_number* carrier* tracking_number* status shipped_at
//	           delivered_at promised_at
//
// The first line names the columns, in any order. Text is UTF-8, with or
// without a byte order mark, or Windows-1252. Amounts are decimals in units of
// the order's currency with a point: 1234.50. An item's amount is that of the
// whole line. Times are RFC 3339, or 2006-01-02 15:04:05 by the merchant's
// clock; a promise may be a day, alone or with midnight, and lasts until its end.
//
// Left empty, currency is the merchant's, an order's amount the sum of its
// items, its status open (or canceled, completed), a quantity 1, a payment's
// status paid (or failed, canceled, expired, voided), its times the order's,
// and a parcel's status what its times tell.
package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones of files and merchants, also where the system has none

	"github.com/tillpost/tillpost/models"
)

// Options says how an import runs.
type Options struct {
	DryRun   bool                  // reads and checks everything, writes nothing
	Progress func(done, total int) // told of orders worked off; may be nil
}

// Report is what an import did or, on a dry run, would do.
type Report struct {
	DryRun     bool      `json:"dry_run"`
	Orders     int       `json:"orders"` // created, as the next three
	Items      int       `json:"items"`  // lines of orders, one for freight among them
	Payments   int       `json:"payments"`
	Parcels    int       `json:"parcels"`
	Unchanged  int       `json:"unchanged"`  // orders that the merchant had already
	Refused    []Refusal `json:"refused"`    // rows left out, in the order of files and lines
	Incomplete []Refusal `json:"incomplete"` // rows taken without a part
	Sums       []Sum     `json:"sums"`       // by type and currency
}

// Refusal is a row of a file that was not taken, or not whole, and why.
type Refusal struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Sum compares payments of one type: those in the files, as far as their
// orders could be read, with those stored for the same orders. After an import
// both agree to the minor unit. On a dry run nothing new is stored yet.
type Sum struct {
	Type         string `json:"type"`
	Currency     string `json:"currency"`
	Payments     int64  `json:"payments"`
	Amount       int64  `json:"amount"` // minor units
	StoredCount  int64  `json:"stored_payments"`
	StoredAmount int64  `json:"stored_amount"`
}

// ordersAtOnce is how many orders one transaction takes.
const ordersAtOnce = 250

// store writes the orders that could be read, batch by batch, and completes
// the report. On an error the report tells what was done before.
func (in *intake) store(ctx context.Context, db *models.DB, m *models.Merchant, opts Options) (Report, error) {
	orders := in.finish()
	report := Report{DryRun: opts.DryRun, Refused: in.reasons(refused), Incomplete: in.reasons(incomplete), Sums: []Sum{}}
	done := 0
	for batch := range slices.Chunk(orders, ordersAtOnce) {
		added, err := storeBatch(ctx, db, m, opts, batch)
		if err != nil {
			return report, fmt.Errorf("after %d of %d orders: %w", done, len(orders), err)
		}
		report.count(added)
		report.Unchanged += len(batch) - len(added)
		done += len(batch)
		if opts.Progress != nil {
			opts.Progress(done, len(orders))
		}
	}
	err := report.addSums(ctx, db, m, orders)
	return report, err
}

// storeBatch returns the orders that it created or, on a dry run, would create.
func storeBatch(ctx context.Context, db *models.DB, m *models.Merchant, opts Options, batch []models.ImportedOrder) ([]models.ImportedOrder, error) {
	known, err := db.KnownOrderNumbers(ctx, models.MerchantScope(m.ID), numbers(batch))
	if err != nil {
		return nil, err
	}
	fresh := slices.DeleteFunc(slices.Clone(batch), func(o models.ImportedOrder) bool { return known[o.Order.Number] })
	if opts.DryRun || len(fresh) == 0 {
		return fresh, nil
	}
	var added []models.ImportedOrder
	err = db.Write(ctx, func(tx *models.Tx) (err error) {
		added, err = tx.ImportOrders(m.ID, fresh)
		return err
	})
	return added, err
}

func numbers(orders []models.ImportedOrder) []string {
	out := make([]string, len(orders))
	for i := range orders {
		out[i] = orders[i].Order.Number
	}
	return out
}

func (r *Report) count(added []models.ImportedOrder) {
	r.Orders += len(added)
	for i := range added {
		r.Items += len(added[i].Items)
		r.Payments += len(added[i].Payments)
		r.Parcels += len(added[i].Parcels)
	}
}

func (r *Report) addSums(ctx context.Context, db *models.DB, m *models.Merchant, orders []models.ImportedOrder) error {
	sums := map[[2]string]*Sum{}
	sum := func(method, currency string) *Sum {
		key := [2]string{method, currency}
		if sums[key] == nil {
			sums[key] = &Sum{Type: method, Currency: currency}
		}
		return sums[key]
	}
	for batch := range slices.Chunk(orders, ordersAtOnce) {
		for i := range batch {
			for _, p := range batch[i].Payments {
				s := sum(p.MethodType, p.Currency)
				s.Payments, s.Amount = s.Payments+1, s.Amount+p.Amount
			}
		}
		stored, err := db.PaymentSums(ctx, models.MerchantScope(m.ID), numbers(batch))
		if err != nil {
			return err
		}
		for _, p := range stored {
			s := sum(p.MethodType, p.Currency)
			s.StoredCount, s.StoredAmount = s.StoredCount+p.Count, s.StoredAmount+p.Amount
		}
	}
	for _, s := range sums {
		r.Sums = append(r.Sums, *s)
	}
	slices.SortFunc(r.Sums, func(a, b Sum) int { return strings.Compare(a.Type+" "+a.Currency, b.Type+" "+b.Currency) })
	return nil
}

// byPurchase sorts orders so that each batch covers few days and its rows are
// added at the end of the indexes.
func byPurchase(a, b models.ImportedOrder) int { return a.Order.PlacedAt.Compare(b.Order.PlacedAt) }

// utc is the form in which times are stored.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
