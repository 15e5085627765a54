package views

import (
	"context"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// What staff can correct of a parcel: the ends of the forms' addresses.
const (
	CorrectScan     = "scan"
	CorrectOverride = "override"
	CorrectWithdraw = "withdraw"
	CorrectReplace  = "replace"
)

// Whose clock an entered time is by.
const (
	ClockMine  = "mine"
	ClockPlace = "place" // of which nobody knows the zone
)

// CorrectionForm is a form by which staff correct a parcel.
type CorrectionForm struct {
	Form

	Name   string // one of those above
	Parcel models.Shipment
	Order  models.Order

	Status, Reason, Day, Time, Clock, Location string // of a scan or an override
	Note                                       string // why
	Event                                      string // id of the scan that is taken back
	Scan                                       *Scan  // it; nil when there is none
	Carrier, Number                            string // that were meant

	Carriers, Reasons []string // to choose from
}

func (f CorrectionForm) href() string { return "/shipments/" + f.Parcel.ID }

// Title is what the form does.
func (f CorrectionForm) Title(ctx context.Context) string {
	switch f.Name {
	case CorrectScan:
		return locales.T(ctx, "shipments.add_scan")
	case CorrectOverride:
		return locales.T(ctx, "shipments.set_status")
	case CorrectWithdraw:
		return locales.T(ctx, "shipments.withdraw")
	default:
		return locales.T(ctx, "shipments.replace")
	}
}

func (f CorrectionForm) text(ctx context.Context) string {
	switch f.Name {
	case CorrectScan:
		return locales.T(ctx, "shipments.add_scan_text")
	case CorrectOverride:
		return locales.T(ctx, "shipments.set_status_text")
	case CorrectWithdraw:
		return locales.T(ctx, "shipments.withdraw_text")
	default:
		return locales.T(ctx, "shipments.replace_text")
	}
}

// statuses are those that the form can tell of; the first is no choice yet.
func (f CorrectionForm) statuses(ctx context.Context) []ui.Option {
	options := []ui.Option{{Prompt: true, Label: locales.T(ctx, "shipments.choose")}}
	for _, status := range models.ShipmentStatuses {
		if status != models.ShipmentUnknown && status != models.ShipmentExpired {
			options = append(options, ui.Option{Value: status, Label: shipmentName(ctx, status)})
		}
	}
	if f.Name == CorrectScan {
		options = append(options, ui.Option{Value: "info", Label: shipmentName(ctx, "info")})
	}
	return options
}

func (f CorrectionForm) reasons(ctx context.Context) []ui.Option {
	options := []ui.Option{{Value: "", Label: locales.T(ctx, "common.none")}}
	for _, reason := range f.Reasons {
		options = append(options, ui.Option{Value: reason, Label: locales.Name(ctx, locales.ShipmentReason, reason)})
	}
	return options
}

func (f CorrectionForm) clocks(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: ClockMine, Label: locales.T(ctx, "shipments.clock_mine", "Zone", zoneName(Zone(ctx)))},
		{Value: ClockPlace, Label: locales.T(ctx, "shipments.clock_place")},
	}
}
