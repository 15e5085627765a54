package views

import (
	"context"
	"net/url"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// CarrierCallsView is a page of the log of an account's calls.
type CarrierCallsView struct {
	Account  models.Account
	Filter   CarrierCallsFilter
	Rows     []models.CarrierCall
	KeptDays int
	After    string
	NextHref string
}

// CarrierCallsFilter is what the log's address chooses.
type CarrierCallsFilter struct {
	AccountID string
	Outcome   string
}

// Address is that of the log with this filter.
func (f CarrierCallsFilter) Address() string { return f.address(f.path()) }

func (f CarrierCallsFilter) path() string { return CarriersPath + "/" + f.AccountID + "/calls" }

func (f CarrierCallsFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{"outcome", f.Outcome}, more...)...)
}

func outcomeOptions(ctx context.Context) []ui.Option {
	options := make([]ui.Option, len(models.CallOutcomes))
	for i, outcome := range models.CallOutcomes {
		options[i] = ui.Option{Value: outcome, Label: locales.Name(ctx, locales.SyncError, outcome)}
		if outcome == models.CallOK {
			options[i].Label = locales.T(ctx, "carriers.answered")
		}
	}
	return options
}

func (v CarrierCallsView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of calls that match the filter and are not shown.
func (f CarrierCallsFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "calls-new", "carrier_call", "#call-table"
	n.CountHref, n.ListHref = f.address(f.path()+"/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// CarrierCallView is one call with what was sent and answered.
type CarrierCallView struct {
	Account models.Account
	Call    models.CarrierCall
}

func (v CarrierCallView) back() string { return CarriersPath + "/" + v.Account.ID + "/calls" }

// pathOf is the part of a call's address that tells calls apart.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.RequestURI()
}

func outcomeTone(outcome string) ui.Tone {
	switch outcome {
	case models.CallAuth, models.CallUnavailable, models.CallMalformed:
		return ui.Danger
	case models.CallRateLimited:
		return ui.Warning
	default:
		return ui.Neutral
	}
}
