package views

import (
	"context"
	"strconv"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// PastePath is where many parcels are added at once.
const PastePath = "/shipments/bulk"

// PasteView is the page of many parcels: the form, with the preview once there
// are lines, and with what became of them in the end.
type PasteView struct {
	Form

	Merchant  string // its ref; staff choose it
	Merchants []MerchantOption
	Order     string // of lines that name none
	Text      string
	Carriers  []string
	Rows      []PasteRow
	Planned   bool
	Done      bool
	Added     int
}

// PasteRow is what becomes of a line.
type PasteRow struct {
	Line                  int
	OrderNumber, Customer string
	Number, Carrier       string
	Candidates            []string
	Items                 []models.ShipmentItem
	Return                bool
	Existing              *models.Shipment // that is the same
	Refusal               string
	Field                 string // that the refusal is about
}

func (r PasteRow) ready() bool { return r.Refusal == "" && r.Existing == nil }

// choosable says whether the line's carrier is still to be chosen.
func (r PasteRow) choosable() bool { return r.Field == "carrier" }

func (r PasteRow) field(name string) string { return name + "." + strconv.Itoa(r.Line) }

func (r PasteRow) carrierOptions(ctx context.Context, codes []string) []ui.Option {
	return append([]ui.Option{{Prompt: true, Label: locales.T(ctx, "shipments.choose")}}, candidateOptions(r.Candidates, codes)...)
}

func (v PasteView) count(of func(PasteRow) bool) int {
	n := 0
	for _, row := range v.Rows {
		if of(row) {
			n++
		}
	}
	return n
}

func (v PasteView) ready() int   { return v.count(PasteRow.ready) }
func (v PasteView) refused() int { return v.count(func(r PasteRow) bool { return r.Refusal != "" }) }
func (v PasteView) known() int {
	return v.count(func(r PasteRow) bool { return r.Existing != nil }) - v.Added
}

func (v PasteView) merchantOptions(ctx context.Context) []ui.Option {
	return append([]ui.Option{{Prompt: true, Label: locales.T(ctx, "shipments.choose")}}, merchantOptions(v.Merchants)...)
}

// pasteSummary counts what becomes of the lines.
func pasteSummary(ctx context.Context, v PasteView) string {
	return locales.T(ctx, "shipments.paste_summary", "Ready", Number(v.ready()+v.Added), "Known", Number(v.known()), "Refused", Number(v.refused()))
}

func pasteTone(v PasteView) ui.Tone {
	if v.refused() > 0 {
		return ui.Warning
	}
	return ui.Success
}
