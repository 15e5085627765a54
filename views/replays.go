package views

import (
	"context"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// ReplaysPath is where many events are sent to an endpoint again.
const ReplaysPath = "/replays"

// FormTime is how forms write a time in the viewer's zone.
const FormTime = "2006-01-02T15:04"

// MissedHref leads to a replay of what an endpoint missed; without a time, which
// is a FormTime, the page finds out since when.
func MissedHref(endpointID, since string) string {
	return listAddress(ReplaysPath+"/new", "endpoint", endpointID, "kind", models.ReplayMissed, "since", since)
}

// ReplaysView is a page of the list of replays.
type ReplaysView struct {
	Rows      []ReplayRow
	Merchant  string // ref of the merchant that is chosen
	Merchants []MerchantOption
	Staff     bool
	After     string
	NextHref  string
}

// ReplayRow is one replay of the list.
type ReplayRow struct {
	Replay   models.Replay
	Endpoint models.Endpoint
	Merchant string
	Staff    bool
}

// Address is that of the list.
func (v ReplaysView) Address() string { return listAddress(ReplaysPath, "merchant", v.Merchant) }

// ReplayChoice is what the address of a plan chooses.
type ReplayChoice struct {
	Endpoint, Kind, EventType string
	Since, Until              string // FormTime; an empty Until is now
}

func (c ReplayChoice) fields() []ui.HiddenField {
	return []ui.HiddenField{
		{Name: "endpoint", Value: c.Endpoint}, {Name: "kind", Value: c.Kind}, {Name: "type", Value: c.EventType},
		{Name: "since", Value: c.Since}, {Name: "until", Value: c.Until},
	}
}

// ReplayPlan is what a replay would send.
type ReplayPlan struct {
	Form

	Choice    ReplayChoice
	Endpoints []models.Endpoint // to choose from, the chosen one among them
	Owners    map[string]string // names of their merchants, by id; nil for merchants, who know
	Endpoint  *models.Endpoint  // that was chosen; nil when there is none
	Since     time.Time         // from which on is looked, whether or not somebody chose it
	Found     models.ReplayFound
	Refusal   string         // why nothing was looked for
	Open      *models.Replay // that the endpoint has already
	MayEnable bool           // the viewer may enable the endpoint, which is disabled
	Reason    string
	PerMinute string
	Rates     [2]int64 // the least and the greatest
}

// sent is the choice as it is started.
func (p ReplayPlan) sent() ReplayChoice {
	c := p.Choice
	if !p.Since.IsZero() {
		c.Since = p.Since.Format(FormTime)
	}
	return c
}

func (p ReplayPlan) ready() bool {
	return p.Endpoint != nil && p.Refusal == "" && p.Open == nil && p.Found.Total > 0 && !p.Found.TooMany &&
		(p.Endpoint.DisabledAt == nil || p.MayEnable)
}

// label names an endpoint, and for staff whose it is.
func (p ReplayPlan) label(e *models.Endpoint) string {
	text := withoutScheme(e.URL)
	if owner := p.Owners[e.MerchantID]; owner != "" {
		text += " · " + owner
	}
	return text
}

func (p ReplayPlan) endpointOptions() []ui.Option {
	options := make([]ui.Option, len(p.Endpoints))
	for i := range p.Endpoints {
		options[i] = ui.Option{Value: p.Endpoints[i].ID, Label: p.label(&p.Endpoints[i])}
	}
	return options
}

// kinds are what can be sent, in words.
func replayKinds(ctx context.Context) []ui.Option {
	return stateOptions(ctx, locales.ReplayKind, models.ReplayKinds)
}

// count says how many of a type there are.
func replayCount(ctx context.Context, c models.ReplayCount) string {
	return locales.Name(ctx, locales.EventType, c.Type) + ": " + Number(c.N)
}

// ReplayView is a replay with a page of its deliveries.
type ReplayView struct {
	Form

	Replay   models.Replay
	Endpoint models.Endpoint
	Merchant string
	Rows     []ReplayItemRow
	After    string
	Next     string // cursor
}

// ReplayItemRow is one delivery of a replay.
type ReplayItemRow struct {
	Item     models.ReplayItem
	Delivery models.Delivery // without an id when it is past its retention
	Why      string          // it was skipped
}

func (v ReplayView) href() string { return ReplaysPath + "/" + v.Replay.ID }

func (v ReplayView) address() string { return listAddress(v.href(), "after", v.After) }

func (v ReplayView) nextHref() string {
	if v.Next == "" {
		return ""
	}
	return listAddress(v.href(), "after", v.Next)
}

// what says what a replay sends.
func (v ReplayView) what(ctx context.Context) string {
	text := locales.Name(ctx, locales.ReplayKind, v.Replay.Kind)
	if v.Replay.EventType != "" {
		text += " · " + locales.Name(ctx, locales.EventType, v.Replay.EventType)
	}
	return text
}

// window says of which time the events are.
func (v ReplayView) window(ctx context.Context) string {
	return DateTime(ctx, v.Replay.Since) + " – " + DateTime(ctx, v.Replay.Until)
}

// left says how long it goes on at its rate; empty when it does not.
func (v ReplayView) left(ctx context.Context) string {
	waits := v.Replay.Total - v.Replay.Sent - v.Replay.Skipped
	if v.Replay.Status != models.BulkRunning || waits <= 0 {
		return ""
	}
	minutes := (waits + v.Replay.PerMinute - 1) / v.Replay.PerMinute
	return locales.T(ctx, "replays.left", "Time", Duration(ctx, time.Duration(minutes)*time.Minute))
}

// halt says why a replay has paused by itself, and what to do; empty when it has not.
func (v ReplayView) halt(ctx context.Context) (title, text string) {
	switch {
	case v.Replay.Status == models.BulkPaused && v.Replay.Halt == models.HaltFailing:
		return locales.T(ctx, "replays.halt_failing"), locales.T(ctx, "replays.halt_failing_text")
	case v.Replay.Status == models.BulkPaused && v.Replay.Halt == models.HaltDisabled:
		return locales.T(ctx, "replays.halt_disabled"), locales.T(ctx, "replays.halt_disabled_text")
	case v.Replay.Status == models.BulkRunning && v.Endpoint.PausedAt != nil:
		return locales.T(ctx, "replays.endpoint_paused"), locales.T(ctx, "replays.endpoint_paused_text")
	default:
		return "", ""
	}
}
