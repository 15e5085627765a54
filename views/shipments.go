package views

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// ShipmentsView is a page of the list of parcels.
type ShipmentsView struct {
	Filter    ShipmentsFilter
	Rows      []ShipmentRow
	Carriers  []string    // codes to choose from
	Accounts  []ui.Option // staff: of carriers
	Merchants []MerchantOption
	Staff     bool // sees more than one merchant
	After     string
	NextHref  string
}

// ShipmentRow is one parcel of the list.
type ShipmentRow struct {
	Parcel   models.Shipment
	Order    models.Order
	Merchant string
	Staff    bool
}

// MaxExport is how many parcels an export holds.
const MaxExport = 50_000

// StatusAttention is a filter's name for the statuses that wait for a human.
const StatusAttention = "attention"

// The values of a filter by lateness.
const (
	LateYes = "yes"
	LateNo  = "no"
)

// ShipmentsFilter is what the list's address chooses.
type ShipmentsFilter struct {
	Search, Carrier, Status, Late string
	Account, Direction            string
	Merchant                      string // its ref
	From, To                      string // 2006-01-02, days of the viewer's zone
}

// Address is that of the list with this filter.
func (f ShipmentsFilter) Address() string { return f.address("/shipments") }

func (f ShipmentsFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{
		"q", f.Search, "carrier", f.Carrier, "status", f.Status, "late", f.Late,
		"account", f.Account, "direction", f.Direction, "merchant", f.Merchant, "from", f.From, "to", f.To,
	}, more...)...)
}

// saved is the filter of a saved view; whose parcels and of when stays chosen.
func (f ShipmentsFilter) saved(status, late string) ShipmentsFilter {
	f.Status, f.Late = status, late
	return f
}

func (v ShipmentsView) tabs(ctx context.Context) []ui.Tab {
	saved := []struct {
		label  string
		filter ShipmentsFilter
	}{
		{locales.T(ctx, "common.all"), v.Filter.saved("", "")},
		{locales.T(ctx, "shipments.attention"), v.Filter.saved(StatusAttention, "")},
		{locales.T(ctx, "shipments.late"), v.Filter.saved("", LateYes)},
		{shipmentName(ctx, models.ShipmentOutForDelivery), v.Filter.saved(models.ShipmentOutForDelivery, "")},
		{shipmentName(ctx, models.ShipmentAvailableForPickup), v.Filter.saved(models.ShipmentAvailableForPickup, "")},
		{shipmentName(ctx, models.ShipmentDelivered), v.Filter.saved(models.ShipmentDelivered, "")},
	}
	tabs := make([]ui.Tab, len(saved))
	for i, view := range saved {
		tabs[i] = ui.Tab{Label: view.label, Href: view.filter.Address(), Current: view.filter == v.Filter}
	}
	return tabs
}

func shipmentName(ctx context.Context, status string) string {
	return locales.Name(ctx, locales.ShipmentStatus, status)
}

func shipmentStatusOptions(ctx context.Context) []ui.Option {
	attention := ui.Option{Value: StatusAttention, Label: locales.T(ctx, "shipments.attention")}
	return append([]ui.Option{attention}, stateOptions(ctx, locales.ShipmentStatus, models.ShipmentStatuses)...)
}

func lateOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: LateYes, Label: locales.T(ctx, "shipments.late")},
		{Value: LateNo, Label: locales.T(ctx, "shipments.on_time")},
	}
}

func directionOptions(ctx context.Context) []ui.Option {
	return []ui.Option{
		{Value: models.DirectionOutbound, Label: locales.T(ctx, "shipments.outbound")},
		{Value: models.DirectionReturn, Label: locales.T(ctx, "shipments.return")},
	}
}

// pill counts what came in since; only the first page has one.
func (v ShipmentsView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Parcel.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of parcels that match the filter and are not shown.
func (f ShipmentsFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "shipments-new", "shipment", "#shipment-table"
	n.CountHref, n.ListHref = f.address("/shipments/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// ShipmentView is one parcel with what is known of its way.
type ShipmentView struct {
	Form

	Parcel   models.Shipment
	Order    models.Order
	Merchant string // staff: whose parcel it is
	Account  string // staff: the name of the account that asks
	Public   ShipmentPublic
	Trouble  *CarrierHealth       // of that account, when it does not
	Scans    []Scan               // newest first
	ETAs     []models.ShipmentETA // what was said of its arrival, newest first
	Items    []models.OrderItem   // of the order
	Outbound *models.Shipment     // that this return sends back
	Returns  []models.Shipment    // that send this parcel back
	Others   []models.Shipment    // of the order
	Events   TimelineView

	ActionRequired bool // by the sender or the recipient
	Staff          bool
	Admin          bool
	Now            time.Time
}

func (v ShipmentView) address() string { return "/shipments/" + v.Parcel.ID }

// newAccountHref is where an account for the parcel's carrier is added.
func (v ShipmentView) newAccountHref() string {
	return listAddress(CarriersPath+"/new", "merchant", v.Parcel.MerchantID, "kind", v.Parcel.Carrier)
}

// topics are what the page renews itself for.
func (v ShipmentView) topics() string {
	return "shipment:" + v.Parcel.ID + v.Events.topics()
}

func (v ShipmentView) subtitle(ctx context.Context) string {
	parts := []string{kindName(v.Parcel.Carrier)}
	if v.Parcel.Direction == models.DirectionReturn {
		parts = append(parts, locales.T(ctx, "shipments.return"))
	}
	if v.Merchant != "" {
		parts = append(parts, v.Merchant)
	}
	return strings.Join(parts, " · ")
}

// trackingHref is the carrier's public page of the parcel; carriers' texts are
// not trusted to be addresses.
func (v ShipmentView) trackingHref() string {
	if strings.HasPrefix(v.Parcel.TrackingURL, "https://") || strings.HasPrefix(v.Parcel.TrackingURL, "http://") {
		return v.Parcel.TrackingURL
	}
	return ""
}

func (v ShipmentView) etaTitle(ctx context.Context) string {
	if awaited(v.Parcel) {
		return locales.T(ctx, "shipments.expected")
	}
	return locales.T(ctx, "shipments.eta_history")
}

// nextSync says in words when the carrier is asked next.
func (v ShipmentView) nextSync(ctx context.Context) string {
	next := v.Parcel.NextPollAt
	switch {
	case v.Parcel.CarrierAccountID == nil:
		return locales.T(ctx, "shipments.no_account")
	case next == nil:
		return locales.T(ctx, "shipments.no_next_sync")
	case v.Trouble != nil && v.Trouble.State == models.CarrierHeld:
		return locales.T(ctx, "shipments.held", "When", soon(ctx, *v.Trouble.Until))
	case v.Trouble != nil && v.Trouble.Until == nil:
		return locales.T(ctx, "shipments.not_before_account")
	case v.Trouble != nil && v.Trouble.Until.After(*next):
		return Relative(ctx, *v.Trouble.Until)
	case !next.After(v.Now):
		return locales.T(ctx, "shipments.syncing")
	default:
		return Relative(ctx, *next)
	}
}

// Scan is one scan of a parcel, as the carrier told it.
type Scan struct {
	LocalTime     string // the wall clock of the place: 2006-01-02T15:04:05
	OffsetMinutes *int   // of that clock; nil when nobody knows
	OccurredAt    *time.Time
	RawTime       string
	DateOnly      bool
	Suspect       bool // the time cannot be true
	Status        string
	Reason        string
	Code          string
	Description   string
	Location      string
	ReceivedAt    time.Time
	Retracted     bool

	// Of what a person entered: the id, by which it can be taken back.
	ID       string
	Override bool
	Who      string
	Note     string
}

// Stop is a place on a parcel's way.
type Stop struct {
	Place string
	Here  bool // the last that was told of
}

// shownStops is how many places a parcel's way names; what lies between the
// first and the last of them is left out.
const shownStops = 10

// stops are the places of a parcel's way in their order, each once in a row.
func (v ShipmentView) stops() []Stop {
	var stops []Stop
	for i := len(v.Scans) - 1; i >= 0; i-- {
		scan := &v.Scans[i]
		if scan.Location == "" || scan.Retracted || len(stops) > 0 && stops[len(stops)-1].Place == scan.Location {
			continue
		}
		stops = append(stops, Stop{Place: scan.Location})
	}
	if len(stops) > shownStops {
		stops = slices.Concat(stops[:1], []Stop{{}}, stops[len(stops)-shownStops+2:])
	}
	if len(stops) > 0 {
		stops[len(stops)-1].Here = true
	}
	return stops
}

// itemName is what the order calls an item.
func (v ShipmentView) itemName(sku string) string {
	for i := range v.Items {
		if v.Items[i].SKU == sku {
			return v.Items[i].Name
		}
	}
	return ""
}

// etaSource says who named a time of arrival.
func etaSource(ctx context.Context, source string) string {
	switch source {
	case "webhook":
		return locales.T(ctx, "shipments.eta_webhook")
	case "import":
		return locales.T(ctx, "shipments.eta_import")
	case "manual":
		return locales.T(ctx, "shipments.eta_manual")
	default:
		return locales.T(ctx, "shipments.eta_poll")
	}
}

func (s Scan) look() look {
	if s.Retracted {
		return look{ui.Neutral, "undo-2"}
	}
	if found, ok := shipmentLooks[s.Status]; ok {
		return found
	}
	return look{ui.Neutral, "info"}
}

func (s Scan) title(ctx context.Context) string {
	if s.Override {
		return locales.T(ctx, "shipments.set_to", "Status", locales.Name(ctx, locales.ShipmentStatus, s.Status))
	}
	return locales.Name(ctx, locales.ShipmentStatus, s.Status)
}

// retracted says who took the scan back.
func (s Scan) retracted(ctx context.Context) string {
	if s.ID != "" {
		return locales.T(ctx, "shipments.withdrawn")
	}
	return locales.T(ctx, "shipments.retracted")
}

// clock is when the scan was made by the clock of its place: "22 Nov, 08:36
// UTC+8", or "22 Nov, 08:36, local time" when the place's offset is not known.
func (s Scan) clock(ctx context.Context) string {
	wall, err := time.Parse("2006-01-02T15:04:05", s.LocalTime)
	switch {
	case err != nil && s.OccurredAt != nil:
		return DateTime(ctx, *s.OccurredAt)
	case err != nil && s.RawTime != "":
		return s.RawTime
	case err != nil:
		return ""
	}
	text := day(ctx, wall, wall.Year() != viewerOf(ctx).now().In(Zone(ctx)).Year())
	if s.DateOnly {
		return text
	}
	text += separator(ctx) + wall.Format("15:04")
	if s.OffsetMinutes == nil {
		return text + separator(ctx) + locales.T(ctx, "shipments.local_time")
	}
	return text + " " + offsetText(*s.OffsetMinutes)
}

// viewersTime is when that was by the viewer's clock, as far as it is known.
func (s Scan) viewersTime(ctx context.Context) string {
	if s.OccurredAt == nil {
		return locales.T(ctx, "shipments.offset_unknown")
	}
	return Exact(ctx, *s.OccurredAt) + " · " + Relative(ctx, *s.OccurredAt)
}

// offsetText writes an offset: "UTC+8", "UTC−3:30".
func offsetText(minutes int) string {
	sign := "+"
	if minutes < 0 {
		sign, minutes = "−", -minutes
	}
	text := "UTC" + sign + strconv.Itoa(minutes/60)
	if rest := minutes % 60; rest != 0 {
		text += ":" + strconv.Itoa(rest/10) + strconv.Itoa(rest%10)
	}
	return text
}
