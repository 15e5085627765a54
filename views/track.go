package views

import (
	"context"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// TrackShell is the frame of the pages that a shop's customers see. It names
// the shop, and leads nowhere into Tillpost.
type TrackShell struct {
	Title    string
	Merchant string // empty on pages that belong to none
	Path     string // of the request, for the choice of a language
	Support  string // where customers ask; empty: nowhere
}

// language is the address of the same page in another language.
func (s TrackShell) language(l locales.Language) string { return s.Path + "?lang=" + string(l) }

// title is what the browser's tab says.
func (s TrackShell) title() string {
	if s.Merchant == "" {
		return s.Title
	}
	return s.Title + " · " + s.Merchant
}

// supportHref leads to where customers ask, an address or a page.
func (s TrackShell) supportHref() string {
	if strings.Contains(s.Support, "://") {
		return s.Support
	}
	return "mailto:" + s.Support
}

// TrackAsk is the form by which a visitor proves to be the recipient.
type TrackAsk struct {
	Action string
	Number string
	Error  string
}

// TrackView is what a recipient sees of a parcel.
type TrackView struct {
	Status      string
	Reason      string
	Stage       int // reached, of stages
	Back        bool
	Late        bool
	Expected    *time.Time
	DeliveredAt *time.Time
	Carrier     string
	CarrierPage string
	Number      string
	OrderNumber string
	Scans       []Scan // of each the status, the time and the place alone
	Others      []TrackOther
}

// TrackOther is another parcel of the same order.
type TrackOther struct {
	Carrier string
	Status  string
	Return  bool
	Href    string // empty: it has no page
}

func (v TrackView) headline(ctx context.Context) string { return trackName(ctx, v.Status) }

func trackName(ctx context.Context, status string) string {
	return locales.Name(ctx, locales.TrackStatus, status)
}

func (v TrackView) look() look { return shipmentLooks[v.Status] }

// when says when the parcel comes or came, empty when nobody knows. The context's
// zone is that of the place where it goes.
func (v TrackView) when(ctx context.Context) string {
	switch {
	case v.DeliveredAt != nil:
		return locales.T(ctx, "track.delivered_on", "Day", Date(ctx, *v.DeliveredAt))
	case v.Expected == nil:
		return ""
	case v.Late:
		return locales.T(ctx, "track.was_expected", "Day", Date(ctx, *v.Expected))
	default:
		return locales.T(ctx, "track.expected", "Day", Date(ctx, *v.Expected))
	}
}

// trackStep is a step of the way.
type trackStep struct {
	Label   string
	Icon    string
	Reached bool
	Current bool
}

func (v TrackView) steps(ctx context.Context) []trackStep {
	if v.Back {
		return []trackStep{
			{Label: locales.T(ctx, "track.step_back"), Icon: "undo-2", Reached: true, Current: v.Status == models.ShipmentReturning},
			{
				Label: locales.T(ctx, "track.step_returned"), Icon: "store",
				Reached: v.Status == models.ShipmentReturned, Current: v.Status == models.ShipmentReturned,
			},
		}
	}
	arriving := trackStep{Label: locales.T(ctx, "track.step_arriving"), Icon: "map-pin"}
	if v.Status == models.ShipmentAvailableForPickup {
		arriving = trackStep{Label: locales.T(ctx, "track.step_pickup"), Icon: "warehouse"}
	}
	steps := []trackStep{
		{Label: locales.T(ctx, "track.step_announced"), Icon: "receipt-text"},
		{Label: locales.T(ctx, "track.step_under_way"), Icon: "truck"},
		arriving,
		{Label: locales.T(ctx, "track.step_delivered"), Icon: "package-check"},
	}
	for i := range steps {
		steps[i].Reached, steps[i].Current = i < v.Stage, i == v.Stage-1
	}
	return steps
}

func stepState(ctx context.Context, s trackStep) string {
	switch {
	case s.Current:
		return locales.T(ctx, "track.step_now")
	case s.Reached:
		return locales.T(ctx, "track.step_done")
	default:
		return locales.T(ctx, "track.step_to_come")
	}
}

// TrackStop is the page by which somebody stops a merchant's mails.
type TrackStop struct {
	Action string
	Done   bool
}

// PlainDay writes a day with its year in a language, by the clock it is given
// with; for mails, which have no viewer.
func PlainDay(texts *locales.Localizer, t time.Time) string {
	return day(locales.NewContext(context.Background(), texts), t, true)
}

// CarrierName names a carrier by its code.
func CarrierName(code string) string { return kindName(code) }

// tone is the tone of the headline.
func (v TrackView) tone() ui.Tone { return v.look().tone }
