package views

import (
	"context"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// EndpointsView is a page of the list of endpoints.
type EndpointsView struct {
	Rows      []EndpointRow
	Merchant  string // ref of the merchant that is chosen
	Merchants []MerchantOption
	Staff     bool
	Editor    bool // may make and change endpoints
	After     string
	NextHref  string
}

// Address is that of the list.
func (v EndpointsView) Address() string { return listAddress("/endpoints", "merchant", v.Merchant) }

// EndpointRow is one endpoint of the list.
type EndpointRow struct {
	Endpoint models.Endpoint
	Last     *models.Delivery // the newest; nil without any
	Merchant string
	Staff    bool
}

// EndpointView is one endpoint with its newest deliveries.
type EndpointView struct {
	Form

	Endpoint   models.Endpoint
	Deliveries []models.Delivery
	Merchant   string
	Editor     bool
}

func (v EndpointView) address() string { return "/endpoints/" + v.Endpoint.ID }

// EndpointForm makes or edits an endpoint.
type EndpointForm struct {
	Form

	ID          string // empty for a new one
	URL         string
	Description string
	Events      []string
	Merchant    string // ref
	Merchants   []MerchantOption
	Staff       bool
}

func (f EndpointForm) action() string {
	if f.ID == "" {
		return "/endpoints"
	}
	return "/endpoints/" + f.ID
}

func (f EndpointForm) has(event string) bool { return slices.Contains(f.Events, event) }

// SecretView is a signing secret that was just made; Text is seen this once.
type SecretView struct {
	Form

	Endpoint models.Endpoint
	Text     string
	Rotated  bool
}

// eventGroup are the types of events about one kind of thing.
type eventGroup struct {
	title string
	types []string
}

// eventGroups are all types that can be chosen; test events go to everybody.
func eventGroups(ctx context.Context) []eventGroup {
	titles := map[string]string{
		"order": locales.T(ctx, "nav.orders"), "payment": locales.T(ctx, "nav.payments"),
		"refund": locales.T(ctx, "endpoints.refunds"), "dispute": locales.T(ctx, "endpoints.disputes"),
		"shipment": locales.T(ctx, "nav.parcels"),
	}
	var groups []eventGroup
	for _, name := range models.EventTypes {
		kind, _, _ := strings.Cut(name, ".")
		title, listed := titles[kind]
		if !listed {
			continue
		}
		if n := len(groups); n > 0 && groups[n-1].title == title {
			groups[n-1].types = append(groups[n-1].types, name)
		} else {
			groups = append(groups, eventGroup{title, []string{name}})
		}
	}
	return groups
}

// eventsText says what an endpoint receives.
func eventsText(ctx context.Context, e models.Endpoint) string {
	if len(e.Events) == 0 {
		return locales.T(ctx, "endpoints.all_events")
	}
	return locales.T(ctx, "endpoints.some_events", locales.Count, len(e.Events))
}

// endpointState is whether events are sent to an endpoint, and how it goes.
func endpointState(e models.Endpoint) (status string, shown look) {
	switch {
	case e.DisabledAt != nil && e.DisabledReason == "paused":
		return "paused", look{ui.Neutral, "circle-pause"}
	case e.DisabledAt != nil:
		return "disabled", look{ui.Danger, "ban"}
	default:
		return "enabled", look{ui.Success, "circle-check"}
	}
}

// disabledText says why an endpoint was disabled; empty when it was not, or by hand.
func disabledText(ctx context.Context, e models.Endpoint) string {
	switch {
	case e.DisabledAt == nil:
		return ""
	case e.DisabledReason == "gone":
		return locales.T(ctx, "endpoints.gone")
	case e.DisabledReason == "failing":
		return locales.T(ctx, "endpoints.failed_long")
	default:
		return ""
	}
}
