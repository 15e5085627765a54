package views

import (
	"context"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// InboundView is a page of the list of what providers and carriers told.
type InboundView struct {
	Filter    InboundFilter
	Rows      []InboundRow
	Accounts  []ui.Option
	Merchants []MerchantOption
	After     string
	NextHref  string
}

// InboundRow is one event of the list.
type InboundRow struct {
	Event    models.InboundEvent
	Account  string
	Merchant string
}

// told is what became of the event in the viewer's language, as far as it is one
// of the failures that carriers have; then what is known in one only.
func (r InboundRow) told(ctx context.Context) (what, more string) {
	_, failure, found := strings.Cut(r.Event.Detail, "carrier: ")
	kind, message, told := strings.Cut(failure, ": ")
	if !found || !told {
		return r.Event.Detail, ""
	}
	return locales.Name(ctx, locales.SyncError, kind), message
}

// InboundFilter is what the list's address chooses.
type InboundFilter struct {
	Status, Account string
	Merchant        string // its ref
}

// Address is that of the list with this filter.
func (f InboundFilter) Address() string { return f.address("/inbound") }

func (f InboundFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{"status", f.Status, "account", f.Account, "merchant", f.Merchant}, more...)...)
}

func (f InboundFilter) withStatus(status models.InboundStatus) InboundFilter {
	f.Status = string(status)
	return f
}

func (v InboundView) tabs(ctx context.Context) []ui.Tab {
	tabs := []ui.Tab{{Label: locales.T(ctx, "common.all"), Href: v.Filter.withStatus("").Address(), Current: v.Filter.Status == ""}}
	for _, status := range []models.InboundStatus{models.InboundError, models.InboundUnmatched, models.InboundApplied} {
		tabs = append(tabs, ui.Tab{
			Label: locales.Name(ctx, locales.InboundStatus, status), Href: v.Filter.withStatus(status).Address(),
			Current: v.Filter.Status == string(status),
		})
	}
	return tabs
}

func (v InboundView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Event.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of events that match the filter and are not shown.
func (f InboundFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "inbound-new", "inbound", "#inbound-table"
	n.CountHref, n.ListHref = f.address("/inbound/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// InboundEventView is one event with its body, masked.
type InboundEventView struct {
	InboundRow

	Form Form
}

func (v InboundEventView) address() string { return "/inbound/" + v.Event.ID }
