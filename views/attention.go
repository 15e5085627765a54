package views

import (
	"context"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// AttentionPath is the board of parcels that need somebody.
const AttentionPath = "/shipments/attention"

// AttentionView is a page of the board.
type AttentionView struct {
	Filter    AttentionFilter
	Counts    map[models.Trouble]int
	Rows      []AttentionRow // the oldest trouble first
	Merchants []MerchantOption
	Staff     bool
	After     string
	NextHref  string
}

// AttentionFilter is what the board's address chooses.
type AttentionFilter struct {
	Trouble  models.Trouble
	Merchant string // its ref
}

// AttentionRow is one parcel in trouble.
type AttentionRow struct {
	Parcel   models.Shipment
	Order    models.Order
	Merchant string
	Trouble  models.Trouble
	Staff    bool
	Form     Form
}

// Address is that of the board with this filter.
func (f AttentionFilter) Address() string { return f.address(AttentionPath) }

func (f AttentionFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{"kind", string(f.Trouble), "merchant", f.Merchant}, more...)...)
}

func (v AttentionView) tabs(ctx context.Context) []ui.Tab {
	tabs := make([]ui.Tab, len(models.Troubles))
	for i, trouble := range models.Troubles {
		filter := v.Filter
		filter.Trouble = trouble
		tabs[i] = ui.Tab{
			Label: troubleName(ctx, trouble), Href: filter.Address(), Current: trouble == v.Filter.Trouble, Count: troubled(v.Counts[trouble]),
		}
	}
	return tabs
}

// troubled writes a count that may have been cut off; empty for nothing.
func troubled(n int) string {
	switch {
	case n == 0:
		return ""
	case n > models.AttentionLimit:
		return Number(models.AttentionLimit) + "+"
	default:
		return Number(n)
	}
}

func troubleName(ctx context.Context, t models.Trouble) string {
	return locales.Name(ctx, locales.Trouble, t)
}

// explanation says what parcels are in a trouble, and what can be done.
func (f AttentionFilter) explanation(ctx context.Context) string {
	switch f.Trouble {
	case models.TroubleException:
		return locales.T(ctx, "shipments.why_exception")
	case models.TroubleFailed:
		return locales.T(ctx, "shipments.why_failed")
	case models.TroubleNoMovement:
		return locales.T(ctx, "shipments.why_no_movement")
	case models.TroublePickup:
		return locales.T(ctx, "shipments.why_pickup")
	case models.TroubleLate:
		return locales.T(ctx, "shipments.why_late")
	case models.TroubleUnfollowed:
		return locales.T(ctx, "shipments.why_unfollowed")
	case models.TroubleSync:
	}
	return locales.T(ctx, "shipments.why_sync")
}
