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
	Health   models.EndpointHealth
	Merchant string
	Staff    bool
}

// EndpointView is one endpoint with its newest deliveries.
type EndpointView struct {
	Form

	Endpoint   models.Endpoint
	Deliveries []models.Delivery
	Waiting    models.Backlog
	Health     models.EndpointHealth
	Answers    []models.DeliveryAttempt // the last ones, newest first
	Replay     *models.Replay           // that goes on or waits; nil when there is none
	Test       *models.Delivery         // of the test event that was just sent; nil when none was
	DisabledOn time.Time                // when it will be, if nothing arrives
	Now        time.Time
	Merchant   string
	Editor     bool
}

func (v EndpointView) href() string { return "/endpoints/" + v.Endpoint.ID }

// address is the page with the test event that was just sent.
func (v EndpointView) address() string {
	if v.Test == nil {
		return v.href()
	}
	return listAddress(v.href(), "test", v.Test.ID)
}

// troubled says whether deliveries do not arrive.
func (v EndpointView) troubled() bool {
	return v.Endpoint.FailingSince != nil || v.Endpoint.DisabledAt != nil
}

// healthText says how attempts of some time went: "98.5% of 1,200 tries arrived;
// 95% took at most 340 ms".
func healthText(ctx context.Context, l models.EndpointLoad) string {
	if l.Attempts == 0 {
		return locales.T(ctx, "endpoints.no_tries")
	}
	return locales.T(ctx, "endpoints.health_text", locales.Count, int(l.Attempts), "Share", successShare(l),
		"N", Number(l.Attempts), "P95", Duration(ctx, l.P95))
}

// successShare is the share of attempts that arrived, rounded down, so that only
// all is 100 %.
func successShare(l models.EndpointLoad) string {
	return Percent(float64(l.Delivered*1000/l.Attempts) / 1000)
}

// answerCode is an answer in a word.
func answerCode(ctx context.Context, a models.DeliveryAttempt) string {
	if a.Status == 0 {
		return locales.T(ctx, "deliveries.no_answer")
	}
	return strconv.Itoa(a.Status)
}

// endpointRate is how many deliveries may begin in a second, in words.
func endpointRate(ctx context.Context, e models.Endpoint) string {
	if e.RatePerSecond == 0 {
		return locales.T(ctx, "endpoints.no_limit")
	}
	return locales.T(ctx, "endpoints.per_second", "N", strconv.Itoa(e.RatePerSecond))
}

func waitingText(w models.Backlog) string {
	text := Number(w.N)
	if w.More {
		text += "+"
	}
	return text
}

// waits says how many deliveries wait while it is paused.
func (v EndpointView) waits(ctx context.Context) string {
	if v.Waiting.More {
		return locales.T(ctx, "endpoints.wait_many", "N", Number(v.Waiting.N))
	}
	return locales.T(ctx, "endpoints.wait", locales.Count, v.Waiting.N)
}

// tested says how the test event fares.
func (v EndpointView) tested(ctx context.Context) string {
	switch v.Test.Status {
	case models.DeliveryDelivered:
		return locales.T(ctx, "endpoints.test_arrived", "Answer", attemptResult(ctx, v.Test.LastStatus, ""))
	case models.DeliveryRetrying, models.DeliveryExhausted, models.DeliveryCanceled:
		return locales.T(ctx, "endpoints.test_failed", "Answer", attemptResult(ctx, v.Test.LastStatus, v.Test.LastError))
	default:
		if v.Endpoint.PausedAt != nil {
			return locales.T(ctx, "endpoints.test_waits")
		}
		return locales.T(ctx, "endpoints.tested")
	}
}

func (v EndpointView) testTone() ui.Tone {
	switch v.Test.Status {
	case models.DeliveryDelivered:
		return ui.Success
	case models.DeliveryRetrying, models.DeliveryExhausted, models.DeliveryCanceled:
		return ui.Danger
	default:
		return ui.Info
	}
}

// rotatingText says until when each of the replaced secrets signs.
func rotatingText(ctx context.Context, ends []time.Time) string {
	whens := make([]string, len(ends))
	for i, end := range ends {
		whens[i] = soon(ctx, end)
	}
	return locales.T(ctx, "endpoints.rotating_text", locales.Count, len(ends), "When", strings.Join(whens, "; "))
}

// EndpointForm makes or edits an endpoint.
type EndpointForm struct {
	Form

	ID          string // empty for a new one
	URL         string
	Description string
	AllEvents   bool
	Events      []string // ticked
	Headers     []HeaderField
	Rate        string // deliveries a second; empty: no limit
	InFlight    string
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

// HeaderField is a custom header of an endpoint. Its value goes in and is never
// shown.
type HeaderField struct {
	Name  string
	Set   bool // a value is stored
	Typed bool // one was typed, into a form that was refused
}

// moreHeaders is how many headers a form has room for beside those there are.
const moreHeaders = 2

// headers are the rows of the form.
func (f EndpointForm) headers() []HeaderField {
	return append(slices.Clone(f.Headers), make([]HeaderField, moreHeaders)...)
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

// eventGroups are all types that can be chosen. Test events go to everybody; who
// subscribed to them by the API, or to what else has no group, is shown that too.
func eventGroups(ctx context.Context, subscribed []string) []eventGroup {
	titles := map[string]string{
		"order": locales.T(ctx, "nav.orders"), "payment": locales.T(ctx, "nav.payments"),
		"refund": locales.T(ctx, "endpoints.refunds"), "dispute": locales.T(ctx, "endpoints.disputes"),
		"shipment": locales.T(ctx, "nav.parcels"), "endpoint": locales.T(ctx, "nav.endpoints"),
	}
	var groups []eventGroup
	others := eventGroup{title: locales.T(ctx, "endpoints.other_events")}
	for _, name := range models.EventTypes {
		kind, _, _ := strings.Cut(name, ".")
		title, listed := titles[kind]
		if !listed {
			if slices.Contains(subscribed, name) {
				others.types = append(others.types, name)
			}
			continue
		}
		if n := len(groups); n > 0 && groups[n-1].title == title {
			groups[n-1].types = append(groups[n-1].types, name)
		} else {
			groups = append(groups, eventGroup{title, []string{name}})
		}
	}
	if len(others.types) > 0 {
		groups = append(groups, others)
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
	case e.DisabledAt != nil && e.DisabledReason == models.EndpointByHand:
		return "disabled", look{ui.Neutral, "ban"}
	case e.DisabledAt != nil:
		return "disabled", look{ui.Danger, "ban"}
	case e.PausedAt != nil:
		return "paused", look{ui.Warning, "circle-pause"}
	case e.FailingSince != nil:
		return "failing", look{ui.Danger, "circle-alert"}
	default:
		return "enabled", look{ui.Success, "circle-check"}
	}
}

// disabledText says why an endpoint was disabled; empty when it was not, or by hand.
func disabledText(ctx context.Context, e models.Endpoint) string {
	switch {
	case e.DisabledAt == nil:
		return ""
	case e.DisabledReason == models.EndpointGone:
		return locales.T(ctx, "endpoints.gone")
	case e.DisabledReason == models.EndpointFailing:
		return locales.T(ctx, "endpoints.failed_long")
	default:
		return ""
	}
}

// failingText says what becomes of an endpoint that only fails.
func (v EndpointView) failingText(ctx context.Context) string {
	switch {
	case v.DisabledOn.After(v.Now):
		return locales.T(ctx, "endpoints.failing_text", "When", soon(ctx, v.DisabledOn))
	case v.Waiting.N > 0:
		return locales.T(ctx, "endpoints.failing_last")
	default:
		return locales.T(ctx, "endpoints.failing_idle")
	}
}
