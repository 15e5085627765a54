package handlers

import (
	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// inboundRoutes are what payment providers told by webhook.
func (s *server) inboundRoutes() []route {
	return []route{
		{fiber.MethodGet, "/inbound", staff, s.listInbound},
		{fiber.MethodGet, "/inbound/count", staff, s.countInbound},
		{fiber.MethodGet, "/inbound/:id", staff, s.showInbound},
		{fiber.MethodGet, "/inbound/:id/row", staff, s.showInboundRow},
		{fiber.MethodPost, "/inbound/:id/replay", staff, s.replayInbound},
	}
}

func (s *server) listInbound(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := inboundFilter(c, choice)
	view := views.InboundView{Filter: filter, Merchants: choice.Options, After: pageOf(c).Cursor}
	events, next, err := s.DB.InboundEvents(ctx, choice.Scope, query, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	accounts, err := s.DB.GatewayAccounts(ctx, choice.Scope)
	if err != nil {
		return err
	}
	view.Accounts = accountOptions(accounts, choice)
	names := make(accountNames, len(accounts))
	for i := range accounts {
		names[accounts[i].ID] = accounts[i].Name
	}
	for i := range events {
		view.Rows = append(view.Rows, views.InboundRow{
			Event: events[i], Account: names[events[i].GatewayAccountID], Merchant: choice.name(events[i].MerchantID),
		})
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.inbound"), func(shell views.Shell) templ.Component {
		return views.InboundPage(shell, view)
	}, views.InboundList(view))
}

// inboundFilter reads the filter from the address; what does not exist is no filter.
func inboundFilter(c *fiber.Ctx, choice merchantChoice) (views.InboundFilter, models.InboundFilter) {
	f := views.InboundFilter{Merchant: choice.Ref}
	for _, status := range models.InboundStatuses {
		if c.Query("status") == string(status) {
			f.Status = string(status)
		}
	}
	if id := c.Query("gateway"); models.IsID(models.PrefixGatewayAccount, id) {
		f.Gateway = id
	}
	return f, models.InboundFilter{Gateway: f.Gateway, Status: models.InboundStatus(f.Status)}
}

// countInbound renews the pill that says how many events came in meanwhile.
func (s *server) countInbound(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := inboundFilter(c, choice)
	events, _, err := s.DB.InboundEvents(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

func (s *server) showInbound(c *fiber.Ctx, v *viewer) error {
	view, err := s.inbound(c, v)
	if err != nil {
		return err
	}
	return s.page(c, v, view.Event.Type, func(shell views.Shell) templ.Component {
		return views.InboundEventPage(shell, view)
	}, views.InboundDetail(view))
}

// inbound loads the event that the address names, masked as it may be shown.
func (s *server) inbound(c *fiber.Ctx, v *viewer) (views.InboundEventView, error) {
	ctx := c.UserContext()
	e, err := s.DB.InboundEvent(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return views.InboundEventView{}, err
	}
	e.Body = payments.Mask([]byte(e.Body))
	view := views.InboundEventView{Form: views.Form{CSRF: v.csrf}, InboundRow: views.InboundRow{Event: *e}}
	if view.Merchant, err = s.merchantName(ctx, v, e.MerchantID); err != nil {
		return view, err
	}
	account, err := s.DB.GatewayAccount(ctx, v.Scope, e.GatewayAccountID)
	if err != nil {
		return view, err
	}
	view.Account = account.Name
	return view, nil
}

// showInboundRow renews the row of an event in an open list.
func (s *server) showInboundRow(c *fiber.Ctx, v *viewer) error {
	view, err := s.inbound(c, v)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.InboundTableRow(view.InboundRow))
}

// replayInbound has an event applied once more, which is safe to repeat.
func (s *server) replayInbound(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		return s.Payments.ReplayInbound(tx, v.Scope, id, v.actor(c))
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, localPath(field(c, "return_to"), "/inbound/"+id))
	}
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("inbound.replayed")})
}
