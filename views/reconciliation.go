package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// ReconciliationPath is where settlement files are.
const ReconciliationPath = "/reconciliation"

// SettlementsView is the list of settlement files.
type SettlementsView struct {
	Rows      []SettlementRow
	Merchant  string // the ref of the one that is chosen
	Merchants []MerchantOption
	Staff     bool
	After     string
	NextHref  string
}

// Address is that of the list.
func (v SettlementsView) Address() string {
	return listAddress(ReconciliationPath, "merchant", v.Merchant)
}

func (v SettlementsView) liveAddress() string {
	return listAddress(ReconciliationPath, "merchant", v.Merchant, "after", v.After)
}

// SettlementRow is one settlement file.
type SettlementRow struct {
	File     models.SettlementFile
	Account  string
	Merchant string
	Staff    bool
	Now      time.Time
}

func (r SettlementRow) done() bool { return r.File.Status == models.SettlementDone }

// stopped says whether nobody reads the file any more.
func (r SettlementRow) stopped() bool {
	return r.File.LeaseUntil == nil || r.File.LeaseUntil.Before(r.Now)
}

func (r SettlementRow) href() string { return ReconciliationPath + "/" + r.File.ID }

// period is the time that the file covers.
func (r SettlementRow) period(ctx context.Context) string {
	from, to := r.File.CoversFrom, r.File.CoversTo
	if from == nil || to == nil {
		return ""
	}
	if Date(ctx, *from) == Date(ctx, *to) {
		return Date(ctx, *from)
	}
	return Date(ctx, *from) + " – " + Date(ctx, *to)
}

// SettlementForm takes a settlement file.
type SettlementForm struct {
	Form

	Account  string // id
	Format   string
	Accounts []ui.Option
}

func formatOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: "stripe", Label: locales.T(ctx, "reconciliation.format_stripe")},
		{Value: "csv", Label: locales.T(ctx, "reconciliation.format_csv")},
	}
}

// SettlementView is one settlement file with what differs.
type SettlementView struct {
	SettlementRow

	Filter   models.DifferenceFilter
	Counts   map[models.Difference]int64
	Sums     []models.SettlementSum
	Refusals []models.SettlementRefusal
	Lines    []models.SettlementLine
	After    string
	NextHref string
}

// Address is that of the file's page with its filter.
func (v SettlementView) Address() string { return v.address(v.href()) }

func (v SettlementView) address(path string) string {
	return listAddress(path, "difference", string(v.Filter.Difference), "kind", string(v.Filter.Kind))
}

func (v SettlementView) exportHref() string { return v.address(v.href() + "/export") }

func (v SettlementView) tabs(ctx context.Context) []ui.Tab {
	tab := func(label string, d models.Difference) ui.Tab {
		view := v
		view.Filter.Difference = d
		return ui.Tab{Label: label, Href: view.Address(), Current: v.Filter.Difference == d}
	}
	tabs := []ui.Tab{tab(locales.T(ctx, "common.all")+" "+Number(v.File.Differences), models.NoDifference)}
	for _, d := range models.Differences {
		tabs = append(tabs, tab(locales.Name(ctx, locales.Difference, d)+" "+Number(v.Counts[d]), d))
	}
	return tabs
}

var differenceLooks = map[models.Difference]look{
	models.Duplicate:     {ui.Danger, "copy"},
	models.AmountDiffers: {ui.Danger, "coins"},
	models.MissingHere:   {ui.Warning, "search-x"},
	models.MissingThere:  {ui.Warning, "circle-help"},
}

// settlementLine says where the line stands in its file.
func settlementLine(ctx context.Context, l models.SettlementLine) string {
	if l.Difference == models.MissingThere {
		return locales.T(ctx, "reconciliation.no_line")
	}
	return locales.T(ctx, "reconciliation.line_number", "Line", strconv.FormatInt(l.Position, 10))
}

// compared is what the file says, here what is stored; empty: nothing.
func compared(ctx context.Context, l models.SettlementLine) string {
	if l.Difference == models.MissingThere {
		return ""
	}
	amount, currency := l.Compared()
	return Money(ctx, amount, currency)
}

func here(ctx context.Context, l models.SettlementLine) string {
	if l.ExpectedCurrency == "" {
		return ""
	}
	return Money(ctx, l.ExpectedAmount, l.ExpectedCurrency)
}

// bothAmounts is what stands in two columns where there is room.
func bothAmounts(ctx context.Context, l models.SettlementLine) string {
	var parts []string
	if there := compared(ctx, l); there != "" {
		parts = append(parts, locales.T(ctx, "reconciliation.there")+": "+there)
	}
	if here := here(ctx, l); here != "" {
		parts = append(parts, locales.T(ctx, "reconciliation.here")+": "+here)
	}
	return strings.Join(parts, " · ")
}

// lineReference is the most telling of a line's references.
func lineReference(l models.SettlementLine) string {
	for _, reference := range []string{l.ProviderReference, l.Reference, l.LineID} {
		if reference != "" {
			return reference
		}
	}
	if l.RefundID != nil {
		return *l.RefundID
	}
	return ""
}
