package handlers

import (
	"errors"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// editors look after endpoints: merchants after their own.
const editors = merchants | admins

func (s *server) endpointRoutes() []route {
	return []route{
		{fiber.MethodGet, "/endpoints", signedIn, s.listEndpoints},
		{fiber.MethodGet, "/endpoints/new", editors, s.newEndpoint},
		{fiber.MethodPost, "/endpoints", editors, s.createEndpoint},
		{fiber.MethodGet, "/endpoints/:id", signedIn, s.showEndpoint},
		{fiber.MethodGet, "/endpoints/:id/edit", editors, s.editEndpoint},
		{fiber.MethodPost, "/endpoints/:id", editors, s.updateEndpoint},
		{fiber.MethodPost, "/endpoints/:id/test", editors, s.testEndpoint},
		{fiber.MethodPost, "/endpoints/:id/pause", editors, s.pauseEndpoint},
		{fiber.MethodPost, "/endpoints/:id/resume", editors, s.resumeEndpoint},
		{fiber.MethodPost, "/endpoints/:id/enable", editors, s.enableEndpoint},
		{fiber.MethodGet, "/endpoints/:id/disable", editors, s.confirmDisableEndpoint},
		{fiber.MethodPost, "/endpoints/:id/disable", editors, s.disableEndpoint},
		{fiber.MethodGet, "/endpoints/:id/rotate", editors, s.confirmRotateSecret},
		{fiber.MethodPost, "/endpoints/:id/rotate", editors, s.rotateSecret},
		{fiber.MethodGet, "/endpoints/:id/delete", editors, s.confirmDeleteEndpoint},
		{fiber.MethodPost, "/endpoints/:id/delete", editors, s.deleteEndpoint},
	}
}

func (s *server) listEndpoints(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	view := views.EndpointsView{
		Merchant: choice.Ref, Merchants: choice.Options, Staff: choice.Staff, Editor: editors.allows(v.Role),
		After: pageOf(c).Cursor,
	}
	endpoints, next, err := s.DB.Endpoints(ctx, choice.Scope, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	ids := make([]string, len(endpoints))
	for i := range endpoints {
		ids[i] = endpoints[i].ID
	}
	last, err := s.DB.LastDeliveries(ctx, ids)
	if err != nil {
		return err
	}
	health, err := s.DB.EndpointHealth(ctx, choice.Scope, ids...)
	if err != nil {
		return err
	}
	for i := range endpoints {
		row := views.EndpointRow{Endpoint: endpoints[i], Health: health[endpoints[i].ID], Merchant: choice.name(endpoints[i].MerchantID), Staff: choice.Staff}
		if d, ok := last[endpoints[i].ID]; ok {
			row.Last = &d
		}
		view.Rows = append(view.Rows, row)
	}
	view.NextHref = nextHref(view.Address(), next)
	tellAddress(c, view.Address())
	return s.page(c, v, v.Texts.T("nav.endpoints"), func(shell views.Shell) templ.Component {
		return views.EndpointsPage(shell, view)
	}, views.EndpointTable(view))
}

// endpointDeliveries is how many deliveries an endpoint's page shows.
const endpointDeliveries = 10

// lastAnswers is how many answers of an endpoint its page shows.
const lastAnswers = 12

func (s *server) showEndpoint(c *fiber.Ctx, v *viewer) error {
	view, err := s.endpoint(c, v, c.Params("id"))
	if err != nil {
		return err
	}
	if id := c.Query("test"); models.IsID(models.PrefixDelivery, id) {
		if err := s.addTest(c, v, &view, id); err != nil {
			return err
		}
	}
	return s.page(c, v, view.Endpoint.URL, func(shell views.Shell) templ.Component {
		return views.EndpointPage(shell, view)
	}, views.EndpointDetail(view))
}

func (s *server) endpoint(c *fiber.Ctx, v *viewer, id string) (views.EndpointView, error) {
	ctx := c.UserContext()
	e, err := s.DB.Endpoint(ctx, v.Scope, id)
	if err != nil {
		return views.EndpointView{}, err
	}
	view := views.EndpointView{Form: views.Form{CSRF: v.csrf}, Endpoint: *e, Editor: editors.allows(v.Role), Now: s.DB.Now()}
	if e.FailingSince != nil {
		view.DisabledOn = notify.WillDisable(*e.FailingSince)
	}
	if view.Merchant, err = s.merchantName(ctx, v, e.MerchantID); err != nil {
		return view, err
	}
	if view.Waiting, err = s.DB.WaitingDeliveries(ctx, id); err != nil {
		return view, err
	}
	if view.Replay, err = s.DB.OpenReplay(ctx, v.Scope, id); err != nil && !errors.Is(err, models.ErrNotFound) {
		return view, err
	}
	health, err := s.DB.EndpointHealth(ctx, v.Scope, id)
	if err != nil {
		return view, err
	}
	view.Health = health[id]
	if view.Answers, err = s.DB.LastAnswers(ctx, v.Scope, id, lastAnswers); err != nil {
		return view, err
	}
	filter := models.DeliveryFilter{Endpoint: id}
	view.Deliveries, _, err = s.DB.Deliveries(ctx, v.Scope, filter, models.Page{Limit: endpointDeliveries})
	return view, err
}

// addTest adds a test event of the endpoint to its page.
func (s *server) addTest(c *fiber.Ctx, v *viewer, view *views.EndpointView, deliveryID string) error {
	d, err := s.DB.Delivery(c.UserContext(), v.Scope, deliveryID)
	if errors.Is(err, models.ErrNotFound) {
		return nil // past its retention
	}
	if err == nil && d.EndpointID == view.Endpoint.ID && d.EventType == models.EventPing {
		view.Test = d
	}
	return err
}

// testEndpoint sends a test event, whatever the endpoint subscribes to. Its
// result appears on the page.
func (s *server) testEndpoint(c *fiber.Ctx, v *viewer) error {
	var d *models.Delivery
	err := s.changeEndpoint(c, v, "endpoint.test", func(tx *models.Tx, id string) (*models.Endpoint, error) {
		e, ping, err := tx.PingEndpoint(v.Scope, id)
		d = ping
		return e, err
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, "/endpoints/"+c.Params("id")+"?test="+d.ID)
	}
	return s.endpointChanged(c, v, d, ui.ToastProps{
		Tone: ui.Success, Text: v.Texts.T("endpoints.tested"), Href: "/deliveries/" + d.ID, Link: v.Texts.T("common.view"),
	})
}

func (s *server) pauseEndpoint(c *fiber.Ctx, v *viewer) error {
	return s.switchEndpoint(c, v, "endpoint.pause", models.EndpointChange{Paused: new(true)}, ui.ToastProps{
		Tone: ui.Success, Text: v.Texts.T("endpoints.paused"),
	})
}

func (s *server) resumeEndpoint(c *fiber.Ctx, v *viewer) error {
	return s.switchEndpoint(c, v, "endpoint.resume", models.EndpointChange{Paused: new(false)}, ui.ToastProps{
		Tone: ui.Success, Text: v.Texts.T("endpoints.resumed"),
	})
}

// enableEndpoint leads to what was missed, since a time that the endpoint does not
// know any more once it is enabled.
func (s *server) enableEndpoint(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	e, err := s.DB.Endpoint(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	since, err := s.replaySince(ctx, e, models.ReplayMissed)
	if err != nil {
		return err
	}
	return s.switchEndpoint(c, v, "endpoint.enable", models.EndpointChange{Enabled: new(true)}, ui.ToastProps{
		Tone: ui.Success, Text: v.Texts.T("endpoints.enabled"),
		Href: views.MissedHref(e.ID, since.In(v.Zone).Format(views.FormTime)), Link: v.Texts.T("endpoints.recover"),
	})
}

func (s *server) confirmDisableEndpoint(c *fiber.Ctx, v *viewer) error {
	return s.confirmEndpoint(c, v, "disable", views.ConfirmForm{
		Title: v.Texts.T("endpoints.disable_title"), Text: v.Texts.T("endpoints.disable_text", "Days", models.MissedDays),
		Label: v.Texts.T("endpoints.disable"), Icon: "ban", Danger: true,
	})
}

func (s *server) disableEndpoint(c *fiber.Ctx, v *viewer) error {
	if err := s.applyEndpoint(c, v, "endpoint.disable", models.EndpointChange{Enabled: new(false)}); err != nil {
		return err
	}
	return s.redirect(c, "/endpoints/"+c.Params("id"))
}

func (s *server) applyEndpoint(c *fiber.Ctx, v *viewer, action string, change models.EndpointChange) error {
	return s.changeEndpoint(c, v, action, func(tx *models.Tx, id string) (*models.Endpoint, error) {
		return s.Notify.UpdateEndpoint(tx, v.Scope, id, notify.EndpointChange{EndpointChange: change})
	})
}

func (s *server) switchEndpoint(c *fiber.Ctx, v *viewer, action string, change models.EndpointChange, done ui.ToastProps) error {
	if err := s.applyEndpoint(c, v, action, change); err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, "/endpoints/"+c.Params("id"))
	}
	return s.endpointChanged(c, v, nil, done)
}

// endpointChanged renews the page of an endpoint after an act, with the test
// event that was sent, if one was.
func (s *server) endpointChanged(c *fiber.Ctx, v *viewer, test *models.Delivery, done ui.ToastProps) error {
	view, err := s.endpoint(c, v, c.Params("id"))
	if err != nil {
		return err
	}
	view.Test = test
	return s.toast(c, fiber.StatusOK, done, views.Renewed("#endpoint-detail", views.EndpointDetail(view)))
}

// changeEndpoint makes a change and its entry in the audit log.
func (s *server) changeEndpoint(
	c *fiber.Ctx, v *viewer, action string, change func(tx *models.Tx, id string) (*models.Endpoint, error),
) error {
	id := c.Params("id")
	return s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		e, err := change(tx, id)
		if err != nil {
			return err
		}
		return tx.Audit(v.actor(c), endpointEntry(e, action))
	})
}

func endpointEntry(e *models.Endpoint, action string) models.AuditEntry {
	detail := map[string]string{"url": e.URL}
	if len(e.Events) > 0 {
		detail["events"] = strings.Join(e.Events, " ")
	}
	return models.AuditEntry{MerchantID: &e.MerchantID, Action: action, ObjectID: e.ID, Detail: detail}
}
