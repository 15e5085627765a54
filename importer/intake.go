package importer

import (
	"slices"

	"github.com/tillpost/tillpost/models"
)

// intake gathers the rows of all files by order.
type intake struct {
	tables  []*table
	ofOrder string // the file of orders, for messages
	drafts  map[string]*draft
	order   []*draft
	build   func(d *draft) models.ImportedOrder
}

// draft is an order while its rows are gathered.
type draft struct {
	row      *row
	number   string
	items    []*row
	payments []*row
	parcels  []*row
	seen     map[string]int // keys of items, payments and parcels, with their line
}

// maxNumber bounds order and tracking numbers.
const maxNumber = 200

func newIntake(ofOrder string, build func(d *draft) models.ImportedOrder) *intake {
	return &intake{ofOrder: ofOrder, drafts: map[string]*draft{}, build: build}
}

// orders opens a draft for each row.
func (in *intake) orders(t *table, column string) {
	in.tables = append(in.tables, t)
	for _, r := range t.rows {
		number := r.required(column)
		if len(number) > maxNumber {
			r.refusef("%s is longer than %d bytes", column, maxNumber)
		}
		if first := in.drafts[number]; first != nil {
			r.refusef("order %s stands in %s line %d already", number, first.row.table.name, first.row.line)
			continue
		}
		d := &draft{row: r, number: number, seen: map[string]int{}}
		in.drafts[number] = d
		in.order = append(in.order, d)
	}
}

// attach gives each row to its order. Rows of one order with the same key are
// the same thing twice: the first counts.
func (in *intake) attach(t *table, column string, part func(d *draft) *[]*row, key func(r *row) string) {
	in.tables = append(in.tables, t)
	for _, r := range t.rows {
		number := r.required(column)
		d := in.drafts[number]
		if d == nil {
			r.refusef("order %s is not in %s", number, in.ofOrder)
			continue
		}
		if name := key(r); name != "" {
			if line := d.seen[name]; line > 0 {
				r.refusef("%s of order %s stands in line %d already", name, number, line)
				continue
			}
			d.seen[name] = r.line
		}
		rows := part(d)
		*rows = append(*rows, r)
	}
}

func itemRows(d *draft) *[]*row    { return &d.items }
func paymentRows(d *draft) *[]*row { return &d.payments }
func parcelRows(d *draft) *[]*row  { return &d.parcels }

// noKey is for rows that may be alike.
func noKey(*row) string { return "" }

// finish builds the orders and returns those without a refused row, by the
// time of purchase. The other rows of an order that is left out are refused too.
func (in *intake) finish() []models.ImportedOrder {
	var out []models.ImportedOrder
	for _, d := range in.order {
		built := in.build(d)
		rows := slices.Concat([]*row{d.row}, d.items, d.payments, d.parcels)
		bad := slices.IndexFunc(rows, func(r *row) bool { return r.refusal != "" })
		if bad < 0 {
			out = append(out, built)
			continue
		}
		for _, r := range rows {
			r.refusef("order %s is left out because of %s line %d", d.number, rows[bad].table.name, rows[bad].line)
		}
	}
	slices.SortStableFunc(out, byPurchase)
	return out
}

func refused(r *row) string { return r.refusal }

func incomplete(r *row) string {
	if r.refusal != "" {
		return ""
	}
	return r.missing
}

// reasons lists the rows for which there is one, file by file.
func (in *intake) reasons(of func(r *row) string) []Refusal {
	out := []Refusal{}
	for _, t := range in.tables {
		for _, r := range t.rows {
			if reason := of(r); reason != "" {
				out = append(out, Refusal{File: t.name, Line: r.line, Reason: reason})
			}
		}
	}
	return out
}
