package handlers

import (
	"context"

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
	senders, err := s.senders(ctx, choice.Scope)
	if err != nil {
		return err
	}
	names := make(accountNames, len(senders))
	for i := range senders {
		a := &senders[i]
		names[a.ID] = a.Name
		view.Accounts = append(view.Accounts, accountOption(a, choice))
	}
	for i := range events {
		view.Rows = append(view.Rows, views.InboundRow{
			Event: events[i], Account: names[events[i].AccountID], Merchant: choice.name(events[i].MerchantID),
		})
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.inbound"), func(shell views.Shell) templ.Component {
		return views.InboundPage(shell, view)
	}, views.InboundList(view))
}

// senders are the accounts whose providers and carriers may send webhooks.
func (s *server) senders(ctx context.Context, scope models.Scope) ([]models.Account, error) {
	gateways, err := s.DB.GatewayAccounts(ctx, scope)
	if err != nil {
		return nil, err
	}
	couriers, err := s.DB.CarrierAccounts(ctx, scope)
	if err != nil {
		return nil, err
	}
	accounts := make([]models.Account, 0, len(gateways)+len(couriers))
	for i := range gateways {
		accounts = append(accounts, gateways[i].Account)
	}
	for i := range couriers {
		accounts = append(accounts, couriers[i].Account)
	}
	return accounts, nil
}

// inboundFilter reads the filter from the address; what does not exist is no filter.
func inboundFilter(c *fiber.Ctx, choice merchantChoice) (views.InboundFilter, models.InboundFilter) {
	f := views.InboundFilter{Merchant: choice.Ref}
	for _, status := range models.InboundStatuses {
		if c.Query("status") == string(status) {
			f.Status = string(status)
		}
	}
	if id := c.Query("account"); models.IsID(models.PrefixGatewayAccount, id) || models.IsID(models.PrefixCarrierAccount, id) {
		f.Account = id
	}
	return f, models.InboundFilter{Account: f.Account, Status: models.InboundStatus(f.Status)}
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
	view.Account, err = s.senderName(ctx, v.Scope, e)
	return view, err
}

// senderName is the name of the account whose provider or carrier told of an event.
func (s *server) senderName(ctx context.Context, scope models.Scope, e *models.InboundEvent) (string, error) {
	if e.FromCarrier() {
		a, err := s.DB.CarrierAccount(ctx, scope, e.AccountID)
		if err != nil {
			return "", err
		}
		return a.Name, nil
	}
	a, err := s.DB.GatewayAccount(ctx, scope, e.AccountID)
	if err != nil {
		return "", err
	}
	return a.Name, nil
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
		return s.Payments.ReplayInbound(tx, v.Scope, id, v.actor(c)) // of carriers' events too: it only starts the job
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, localPath(field(c, "return_to"), "/inbound/"+id))
	}
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("inbound.replayed")})
}
