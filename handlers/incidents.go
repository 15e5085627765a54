package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// incidentRoutes are what is wrong: staff sees all, merchants what concerns
// their own things.
func (s *server) incidentRoutes() []route {
	return []route{
		{fiber.MethodGet, views.IncidentsPath, signedIn, s.listIncidents},
		{fiber.MethodGet, views.IncidentsPath + "/count", signedIn, s.countIncidents},
		{fiber.MethodGet, views.IncidentsPath + "/bell", signedIn, s.showBell},
		{fiber.MethodGet, views.IncidentsPath + "/:id", signedIn, s.showIncident},
		{fiber.MethodGet, views.IncidentsPath + "/:id/row", signedIn, s.showIncidentRow},
		{fiber.MethodGet, views.IncidentsPath + "/:id/acknowledge", staff, s.askAcknowledge},
		{fiber.MethodPost, views.IncidentsPath + "/:id/acknowledge", staff, s.acknowledgeIncident},
		{fiber.MethodGet, views.IncidentsPath + "/:id/silence", staff, s.askSilence},
		{fiber.MethodPost, views.IncidentsPath + "/:id/silence", staff, s.silenceIncident},
		{fiber.MethodPost, views.IncidentsPath + "/:id/unsilence", staff, s.unsilenceIncident},
	}
}

func (s *server) listIncidents(c *fiber.Ctx, v *viewer) error {
	filter := incidentFilter(c, v)
	view := views.IncidentsView{Filter: filter, Kinds: kindsFor(v), Staff: v.Merchant == nil, After: pageOf(c).Cursor}
	found, next, err := s.DB.Incidents(c.UserContext(), v.Scope, filter.Query(), models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	if view.Rows, err = s.incidentRows(c.UserContext(), v, found); err != nil {
		return err
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.incidents"), func(shell views.Shell) templ.Component {
		return views.IncidentsPage(shell, view)
	}, views.IncidentList(view))
}

// kindsFor are the kinds of incidents that the viewer may see.
func kindsFor(v *viewer) []string {
	var kinds []string
	for _, r := range alerts.Rules() {
		if r.Shared || v.Merchant == nil {
			kinds = append(kinds, r.Kind)
		}
	}
	return kinds
}

// incidentFilter reads the filter from the address; what does not exist is no filter.
func incidentFilter(c *fiber.Ctx, v *viewer) views.IncidentFilter {
	var f views.IncidentFilter
	known := func(into *string, name string, of []string) {
		if value := c.Query(name); slices.Contains(of, value) {
			*into = value
		}
	}
	known(&f.State, "state", views.IncidentStates)
	known(&f.Kind, "kind", kindsFor(v))
	known(&f.Severity, "severity", models.Severities)
	return f
}

// incidentRows puts incidents into words.
func (s *server) incidentRows(ctx context.Context, v *viewer, found []models.Incident) ([]views.IncidentRow, error) {
	keys := make([]string, len(found))
	for i := range found {
		keys[i] = found[i].Key
	}
	silences, err := s.DB.Silences(ctx, keys)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	if v.Merchant == nil {
		merchants, err := s.DB.Merchants(ctx, v.Scope)
		if err != nil {
			return nil, err
		}
		for i := range merchants {
			names[merchants[i].ID] = merchants[i].Name
		}
	}
	rows := make([]views.IncidentRow, len(found))
	for i := range found {
		_, silenced := silences[found[i].Key]
		rows[i] = views.IncidentRow{
			Incident: found[i], Title: alerts.Say(v.Texts, v.Zone, &found[i], s.DB.Now()).Title, Silenced: silenced, Staff: v.Merchant == nil,
		}
		if id := found[i].MerchantID; id != nil {
			rows[i].Merchant = names[*id]
		}
	}
	return rows, nil
}

// countIncidents renews the pill that says how many incidents came in meanwhile.
func (s *server) countIncidents(c *fiber.Ctx, v *viewer) error {
	filter := incidentFilter(c, v)
	found, _, err := s.DB.Incidents(c.UserContext(), v.Scope, filter.Query(), models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

// showBell renews the link to incidents with how many are open.
func (s *server) showBell(c *fiber.Ctx, v *viewer) error {
	count, err := s.DB.CountIncidents(c.UserContext(), v.Scope)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.IncidentBell(count, nil))
}

func (s *server) showIncident(c *fiber.Ctx, v *viewer) error {
	view, err := s.incident(c, v)
	if err != nil {
		return err
	}
	return s.page(c, v, view.Title, func(shell views.Shell) templ.Component {
		return views.IncidentPage(shell, view)
	}, views.IncidentDetail(view))
}

// showIncidentRow renews the row of an incident in an open list.
func (s *server) showIncidentRow(c *fiber.Ctx, v *viewer) error {
	i, err := s.DB.Incident(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	rows, err := s.incidentRows(c.UserContext(), v, []models.Incident{*i})
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.IncidentTableRow(rows[0]))
}

// incident loads the one that the address names, with its story.
func (s *server) incident(c *fiber.Ctx, v *viewer) (views.IncidentView, error) {
	ctx := c.UserContext()
	i, err := s.DB.Incident(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return views.IncidentView{}, err
	}
	said := alerts.Say(v.Texts, v.Zone, i, s.DB.Now())
	view := views.IncidentView{
		Form: views.Form{CSRF: v.csrf}, Incident: *i, Title: said.Title, Text: said.Text, Place: placeFor(v, i), Staff: v.Merchant == nil,
		NoServer: !s.Alerts.Mails(), Lasted: alerts.Lasted(v.Texts, end(i, s.DB.Now()).Sub(i.OpenedAt)),
	}
	if view.Silence, err = s.DB.AlertSilence(ctx, i.Key); err != nil {
		return view, err
	}
	if i.MerchantID != nil {
		if view.Merchant, err = s.merchantName(ctx, v, *i.MerchantID); err != nil {
			return view, err
		}
	}
	if view.Acts, _, err = s.DB.AuditEntries(ctx, v.Scope, models.AuditFilter{ObjectID: i.ID}, models.Page{}); err != nil {
		return view, err
	}
	if v.Merchant != nil {
		view = withoutReasons(view)
	}
	messages, err := s.DB.IncidentAlerts(ctx, i.ID)
	if err != nil {
		return view, err
	}
	view.Messages, err = s.incidentMessages(ctx, v, messages)
	return view, err
}

// withoutReasons is an incident for a merchant: what staff did about it and when,
// but not who, and not the reason, which is for colleagues.
func withoutReasons(view views.IncidentView) views.IncidentView {
	for i := range view.Acts {
		view.Acts[i].ActorName, view.Acts[i].Reason = "", ""
	}
	if view.Silence != nil {
		view.Silence.CreatedBy, view.Silence.Reason = "", ""
	}
	return view
}

// placeFor is the page where an incident is mended, or the nearest that the
// viewer may see: what only administrators may change, support looks at.
func placeFor(v *viewer, i *models.Incident) string {
	place := alerts.Place(i)
	if admins.allows(v.Role) {
		return place
	}
	switch {
	case strings.HasPrefix(place, views.OperationsPath):
		return ""
	case strings.HasPrefix(place, "/gateways/"):
		return "/gateways"
	default:
		return place
	}
}

func end(i *models.Incident, now time.Time) time.Time {
	if i.ResolvedAt != nil {
		return *i.ResolvedAt
	}
	return now
}

// incidentMessages names whom messages went to. Merchants see their own.
func (s *server) incidentMessages(ctx context.Context, v *viewer, messages []models.AlertMessage) ([]views.IncidentMessage, error) {
	messages = slices.DeleteFunc(messages, func(m models.AlertMessage) bool {
		return v.Merchant != nil && (m.MerchantID == nil || *m.MerchantID != v.Merchant.ID)
	})
	var people []string
	for i := range messages {
		if models.IsID(models.PrefixUser, messages[i].Target) {
			people = append(people, messages[i].Target)
		}
	}
	users, err := s.DB.UsersByID(ctx, people...)
	if err != nil {
		return nil, err
	}
	channels, err := s.DB.AlertChannels(ctx, v.Scope)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for i := range channels {
		names[channels[i].ID] = channels[i].Name
	}
	for _, c := range s.Alerts.Configured() {
		names[c.ID] = locales.Name(locales.NewContext(ctx, v.Texts), locales.AlertChannel, c.Kind) + " · " + c.Host
	}
	shown := make([]views.IncidentMessage, len(messages))
	for i := range messages {
		target := messages[i].Target
		shown[i] = views.IncidentMessage{Message: messages[i], To: names[target]}
		if u, ok := users[target]; ok {
			shown[i].To = u.Email
		}
		if shown[i].To == "" { // a channel that was deleted
			shown[i].To = target
		}
		shown[i].Failure, shown[i].Detail = alerts.Reason(messages[i].Error)
	}
	return shown, nil
}
