package views

import (
	"context"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// IncidentsPath is where incidents are listed.
const IncidentsPath = "/incidents"

// States that the list of incidents is filtered by; without one it shows what
// is open.
const allIncidents = "all"

// IncidentsView is a page of the list of incidents.
type IncidentsView struct {
	Filter   IncidentFilter
	Rows     []IncidentRow
	Kinds    []string // that can be chosen
	Staff    bool
	After    string
	NextHref string
}

// IncidentRow is one incident of the list.
type IncidentRow struct {
	Incident models.Incident
	Title    string
	Silenced bool
	Merchant string
	Staff    bool
}

// IncidentFilter is what the list's address chooses.
type IncidentFilter struct{ State, Kind, Severity string }

// Query is the filter as the store takes it.
func (f IncidentFilter) Query() models.IncidentFilter {
	q := models.IncidentFilter{State: f.State, Kind: f.Kind, Severity: f.Severity}
	switch f.State {
	case "":
		q.State = models.IncidentOpen
	case allIncidents:
		q.State = ""
	}
	return q
}

// IncidentStates are the states that the address may name.
var IncidentStates = []string{models.IncidentResolved, allIncidents}

// Address is that of the list with this filter.
func (f IncidentFilter) Address() string { return f.address(IncidentsPath) }

func (f IncidentFilter) address(path string, more ...string) string {
	return listAddress(path, append([]string{"state", f.State, "kind", f.Kind, "severity", f.Severity}, more...)...)
}

func (f IncidentFilter) withState(state string) IncidentFilter {
	f.State = state
	return f
}

func (v IncidentsView) tabs(ctx context.Context) []ui.Tab {
	tab := func(label, state string) ui.Tab {
		return ui.Tab{Label: label, Href: v.Filter.withState(state).Address(), Current: v.Filter.State == state}
	}
	return []ui.Tab{
		tab(locales.Name(ctx, locales.IncidentState, models.IncidentOpen), ""),
		tab(locales.T(ctx, "incidents.history"), models.IncidentResolved), tab(locales.T(ctx, "common.all"), allIncidents),
	}
}

func (v IncidentsView) pill() NewRows {
	ids := make([]string, len(v.Rows))
	for i := range v.Rows {
		ids[i] = v.Rows[i].Incident.ID
	}
	return v.Filter.Unseen(shownRows(ids, v.NextHref), NewRows{})
}

// Unseen is the pill of incidents that match the filter and are not shown.
func (f IncidentFilter) Unseen(shown Shown, n NewRows) NewRows {
	n.ID, n.Topic, n.Target = "incidents-new", "incident", "#incident-table"
	n.CountHref, n.ListHref = f.address(IncidentsPath+"/count", "last", shown.Last, "seen", shown.Seen), f.Address()
	return n
}

// state is where an incident stands, in one word.
func (r IncidentRow) state() string { return incidentState(&r.Incident, r.Silenced) }

func incidentState(i *models.Incident, silenced bool) string {
	switch {
	case !i.Open():
		return models.IncidentResolved
	case silenced:
		return "silenced"
	case i.AcknowledgedAt != nil:
		return "acknowledged"
	default:
		return models.IncidentOpen
	}
}

var incidentLooks = map[string]look{
	models.IncidentOpen:     {ui.Danger, "circle-alert"},
	"acknowledged":          {ui.Info, "user-check"},
	"silenced":              {ui.Neutral, "circle-pause"},
	models.IncidentResolved: {ui.Success, "circle-check"},
}

var severityLooks = map[string]look{
	models.SeverityCritical: {ui.Danger, "shield-alert"},
	models.SeverityWarning:  {ui.Warning, "triangle-alert"},
}

var alertStateLooks = map[string]look{
	models.AlertHeld:     {ui.Neutral, "circle-pause"},
	models.AlertQueued:   {ui.Info, "send"},
	models.AlertSent:     {ui.Success, "circle-check"},
	models.AlertFailed:   {ui.Danger, "circle-x"},
	models.AlertDigested: {ui.Success, "list-filter"},
	models.AlertDropped:  {ui.Neutral, "circle-minus"},
}

// IncidentView is one incident with what was done about it and who was told.
type IncidentView struct {
	Form

	Incident models.Incident
	Title    string
	Text     string // what to do
	Place    string // page where it is mended; empty: outside of Tillpost
	Lasted   string
	Merchant string
	Silence  *models.AlertSilence
	Messages []IncidentMessage // newest first
	Acts     []models.AuditEntry
	Staff    bool
	NoServer bool // this node has no mail server
}

// IncidentMessage is one message about an incident.
type IncidentMessage struct {
	Message models.AlertMessage
	To      string
	Failure string // a kind of failure; empty: none
	Detail  string // what the platform said
}

// nobodyTold says why nobody was told.
func (v IncidentView) nobodyTold(ctx context.Context) string {
	switch {
	case !v.NoServer:
		return locales.T(ctx, "incidents.no_messages")
	case v.Staff:
		return locales.T(ctx, "incidents.no_messages_mail")
	default:
		return locales.T(ctx, "incidents.no_messages_ask")
	}
}

func (v IncidentView) address() string { return IncidentsPath + "/" + v.Incident.ID }

func (v IncidentView) state() string { return incidentState(&v.Incident, v.Silence != nil) }

// silencedBy is who silenced it and why; empty when the viewer is not told.
func (v IncidentView) silencedBy() string {
	if v.Silence.CreatedBy == "" {
		return ""
	}
	return v.Silence.CreatedBy + ": " + v.Silence.Reason
}

// failure says why a message did not arrive.
func (m IncidentMessage) failure(ctx context.Context) string {
	text := failureText(ctx, m.Failure, m.Message.MerchantID)
	if m.Detail != "" {
		text += " (" + m.Detail + ")"
	}
	return text
}

// happening is one point of an incident's timeline.
type happening struct {
	at         time.Time
	title, who string
	text       string
	look       look
}

// happenings tell an incident's story, newest first.
func (v IncidentView) happenings(ctx context.Context) []happening {
	var all []happening
	i := v.Incident
	if i.ResolvedAt != nil {
		over := locales.Name(ctx, locales.IncidentState, models.IncidentResolved)
		all = append(all, happening{*i.ResolvedAt, over, "", "", incidentLooks[models.IncidentResolved]})
	} else if i.ClearSince != nil {
		all = append(all, happening{*i.ClearSince, locales.T(ctx, "incidents.clear"), "", locales.T(ctx, "incidents.clear_text"), look{ui.Info, "hourglass"}})
	}
	for _, e := range v.Acts {
		all = append(all, happening{e.CreatedAt, actionName(ctx, e.Action), e.ActorName, e.Reason, look{ui.Info, "user"}})
	}
	return append(all, happening{i.OpenedAt, locales.T(ctx, "incidents.found"), "", "", incidentLooks[models.IncidentOpen]})
}

// IncidentForm asks for the reason of a deed.
type IncidentForm struct {
	Form

	Incident models.Incident
	Title    string // of the incident
	Reason   string
	For      string // how long to silence
}

func (f IncidentForm) back() string { return IncidentsPath + "/" + f.Incident.ID }

// SilenceTimes are how long something can be silenced for.
var SilenceTimes = []string{"1h", "4h", "24h", "72h", "168h"}

func silenceOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, text := range SilenceTimes {
		d, err := time.ParseDuration(text)
		if err != nil {
			continue // they are written here
		}
		options = append(options, ui.Option{Value: text, Label: Duration(ctx, d)})
	}
	return options
}

func ruleOptions(ctx context.Context, kinds []string) []ui.Option {
	options := make([]ui.Option, len(kinds))
	for i, kind := range kinds {
		options[i] = ui.Option{Value: kind, Label: locales.Name(ctx, locales.AlertRule, kind)}
	}
	return options
}

// bellLabel is the accessible name of the link to incidents.
func bellLabel(ctx context.Context, count models.IncidentCount) string {
	if count.Open == 0 {
		return locales.T(ctx, "nav.incidents")
	}
	return locales.T(ctx, "nav.incidents") + ": " + locales.T(ctx, "incidents.open_count", locales.Count, count.Open)
}

// at is when a message got to where it is.
func (m IncidentMessage) at() time.Time {
	if m.Message.SentAt != nil {
		return *m.Message.SentAt
	}
	return m.Message.CreatedAt
}

func countText(n int) string {
	if n > models.CountLimit {
		return strconv.Itoa(models.CountLimit) + "+"
	}
	return strconv.Itoa(n)
}
