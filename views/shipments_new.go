package views

import (
	"context"
	"strconv"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// ParcelForm is the form of one parcel.
type ParcelForm struct {
	Form

	Merchant                                          string // its ref; staff choose it
	OrderNumber, Number, Carrier, Direction, ReturnOf string
	Promised, Phone                                   string
	Quantities                                        map[string]string // by SKU
	Order                                             *models.Order     // once it is known
	Items                                             []models.OrderItem
	Parcels                                           []models.Shipment // of the order
	Merchants                                         []MerchantOption
	Carriers                                          []string
	Candidates                                        []string // that the number may be of
}

const quantityPrefix = "quantity."

// QuantitySKU is the SKU whose quantity a field of the form holds.
func QuantitySKU(field string) (string, bool) { return strings.CutPrefix(field, quantityPrefix) }

// quantity is how much of an item the parcel holds: what the form says, or what
// no parcel holds yet.
func (f ParcelForm) quantity(item models.OrderItem) string {
	if text, said := f.Quantities[item.SKU]; said {
		return text
	}
	left := item.Quantity
	for i := range f.Parcels {
		p := &f.Parcels[i]
		if p.Direction == models.DirectionReturn || p.Status == models.ShipmentCanceled || f.Direction == models.DirectionReturn {
			continue
		}
		for _, in := range p.Items {
			if in.SKU == item.SKU {
				left -= in.Quantity
			}
		}
	}
	return strconv.FormatInt(max(left, 0), 10)
}

// carrierOptions begins with what the number says, and when it was unclear,
// with what it may be.
func (f ParcelForm) carrierOptions(ctx context.Context) []ui.Option {
	options := []ui.Option{{Value: "", Label: locales.T(ctx, "shipments.by_number")}}
	return append(options, candidateOptions(f.Candidates, f.Carriers)...)
}

// candidateOptions are the likeliest carriers, and then the others.
func candidateOptions(candidates, codes []string) []ui.Option {
	options := kindOptions(candidates)
	for _, option := range kindOptions(codes) {
		known := false
		for _, code := range candidates {
			known = known || code == option.Value
		}
		if !known {
			options = append(options, option)
		}
	}
	return options
}

// outbound are the parcels that a return can send back; the first choice is the
// order's only one.
func (f ParcelForm) outbound(ctx context.Context) []ui.Option {
	options := []ui.Option{{Value: "", Label: locales.T(ctx, "shipments.the_only_one")}}
	for i := range f.Parcels {
		if p := &f.Parcels[i]; p.Direction == models.DirectionOutbound {
			options = append(options, ui.Option{Value: p.ID, Label: p.TrackingNumber})
		}
	}
	return options
}

func (f ParcelForm) back() string {
	if f.Order != nil {
		return "/orders/" + f.Order.ID
	}
	return "/shipments"
}

func (f ParcelForm) merchantOptions(ctx context.Context) []ui.Option {
	return append([]ui.Option{{Prompt: true, Label: locales.T(ctx, "shipments.choose")}}, merchantOptions(f.Merchants)...)
}

// contents are a parcel's items in few words: "2 × Tea, 1 × Cup".
func contents(s models.Shipment, items []models.OrderItem) string {
	parts := make([]string, len(s.Items))
	for i, in := range s.Items {
		name := in.SKU
		for j := range items {
			if items[j].SKU == in.SKU {
				name = items[j].Name
			}
		}
		parts[i] = strconv.FormatInt(in.Quantity, 10) + " × " + name
	}
	return strings.Join(parts, ", ")
}
