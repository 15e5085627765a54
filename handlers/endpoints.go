package handlers

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
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
		{fiber.MethodPost, "/endpoints/:id/enable", editors, s.enableEndpoint},
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
	for i := range endpoints {
		row := views.EndpointRow{Endpoint: endpoints[i], Merchant: choice.name(endpoints[i].MerchantID), Staff: choice.Staff}
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

func (s *server) showEndpoint(c *fiber.Ctx, v *viewer) error {
	view, err := s.endpoint(c, v, c.Params("id"))
	if err != nil {
		return err
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
	view := views.EndpointView{Form: views.Form{CSRF: v.csrf}, Endpoint: *e, Editor: editors.allows(v.Role)}
	if view.Merchant, err = s.merchantName(ctx, v, e.MerchantID); err != nil {
		return view, err
	}
	filter := models.DeliveryFilter{Endpoint: id}
	view.Deliveries, _, err = s.DB.Deliveries(ctx, v.Scope, filter, models.Page{Limit: endpointDeliveries})
	return view, err
}

// testEndpoint sends a test event, whatever the endpoint subscribes to.
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
		return s.redirect(c, "/deliveries/"+d.ID)
	}
	return s.endpointChanged(c, v, ui.ToastProps{
		Tone: ui.Success, Text: v.Texts.T("endpoints.tested"), Href: "/deliveries/" + d.ID, Link: v.Texts.T("common.view"),
	})
}

func (s *server) pauseEndpoint(c *fiber.Ctx, v *viewer) error {
	return s.switchEndpoint(c, v, "endpoint.pause", false, v.Texts.T("endpoints.paused"))
}

func (s *server) enableEndpoint(c *fiber.Ctx, v *viewer) error {
	return s.switchEndpoint(c, v, "endpoint.enable", true, v.Texts.T("endpoints.enabled"))
}

func (s *server) switchEndpoint(c *fiber.Ctx, v *viewer, action string, on bool, done string) error {
	err := s.changeEndpoint(c, v, action, func(tx *models.Tx, id string) (*models.Endpoint, error) {
		return s.Notify.UpdateEndpoint(tx, v.Scope, id, models.EndpointChange{Enabled: &on})
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, "/endpoints/"+c.Params("id"))
	}
	return s.endpointChanged(c, v, ui.ToastProps{Tone: ui.Success, Text: done})
}

// endpointChanged renews the page of an endpoint after an act.
func (s *server) endpointChanged(c *fiber.Ctx, v *viewer, done ui.ToastProps) error {
	view, err := s.endpoint(c, v, c.Params("id"))
	if err != nil {
		return err
	}
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
