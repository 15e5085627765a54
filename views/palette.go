package views

import (
	"context"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// PaletteView is what was found for the palette's question.
type PaletteView struct {
	Query    string
	Orders   []models.Order
	Payments []WaitingPayment
	Parcels  []WaitingParcel
}

// items are the pages that fit the question, then what was found.
func (v PaletteView) items(ctx context.Context, s Shell) []ui.PaletteItem {
	var items []ui.PaletteItem
	for _, entry := range s.entries() {
		if label := locales.T(ctx, entry.Label); fits(label, v.Query) {
			items = append(items, ui.PaletteItem{
				Title: label, Hint: locales.T(ctx, "palette.page"), Icon: entry.Icon, Href: entry.Path,
			})
		}
	}
	for _, o := range v.Orders {
		items = append(items, ui.PaletteItem{
			Title: o.Number + " · " + firstOf(o.CustomerName, o.CustomerEmail), Icon: "shopping-bag", Href: "/orders/" + o.ID,
			Hint: locales.T(ctx, "common.order") + " · " + Money(ctx, o.Amount, o.Currency),
		})
	}
	for _, p := range v.Payments {
		items = append(items, ui.PaletteItem{
			Title: p.Order.Number + " · " + Money(ctx, p.Payment.Amount, p.Payment.Currency), Icon: "credit-card",
			Href: "/payments/" + p.Payment.ID,
			Hint: locales.T(ctx, "common.payment") + " · " + locales.Name(ctx, locales.PaymentStatus, p.Payment.Status),
		})
	}
	for _, p := range v.Parcels {
		items = append(items, ui.PaletteItem{
			Title: p.Parcel.TrackingNumber + " · " + p.Order.Number, Icon: "package", Href: "/shipments/" + p.Parcel.ID,
			Hint: locales.T(ctx, "common.parcel") + " · " + locales.Name(ctx, locales.ShipmentStatus, p.Parcel.Status),
		})
	}
	return items
}

// fits says whether every word of the question begins a word of the label.
func fits(label, query string) bool {
	label = " " + strings.ToLower(label)
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(label, " "+word) && (word[0] < 0x80 || !strings.Contains(label, word)) {
			return false
		}
	}
	return true
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
