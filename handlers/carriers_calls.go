package handlers

import (
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// listCarrierCalls shows what an account's carrier was asked and answered.
func (s *server) listCarrierCalls(c *fiber.Ctx, v *viewer) error {
	account, err := s.DB.CarrierAccount(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	filter, query := callFilter(c, account)
	view := views.CarrierCallsView{
		Account: account.Account, Filter: filter, After: pageOf(c).Cursor, KeptDays: int(models.KeepCarrierCalls / (24 * time.Hour)),
	}
	calls, next, err := s.DB.CarrierCalls(c.UserContext(), v.Scope, query, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	view.Rows, view.NextHref = calls, nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("carriers.log"), func(shell views.Shell) templ.Component {
		return views.CarrierCallsPage(shell, view)
	}, views.CarrierCallTable(view))
}

// callFilter reads the filter from the address; what does not exist is no filter.
func callFilter(c *fiber.Ctx, a *models.CarrierAccount) (views.CarrierCallsFilter, models.CarrierCallFilter) {
	f := views.CarrierCallsFilter{AccountID: a.ID}
	for _, outcome := range models.CallOutcomes {
		if c.Query("outcome") == outcome {
			f.Outcome = outcome
		}
	}
	return f, models.CarrierCallFilter{AccountID: a.ID, Outcome: f.Outcome}
}

// countCarrierCalls renews the pill that says how many calls were made meanwhile.
func (s *server) countCarrierCalls(c *fiber.Ctx, v *viewer) error {
	account, err := s.DB.CarrierAccount(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	filter, query := callFilter(c, account)
	calls, _, err := s.DB.CarrierCalls(c.UserContext(), v.Scope, query, models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = calls[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

// showCarrierCall shows one call as it was sent and answered, without secrets.
func (s *server) showCarrierCall(c *fiber.Ctx, v *viewer) error {
	account, err := s.DB.CarrierAccount(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	call, err := s.DB.CarrierCall(c.UserContext(), v.Scope, account.ID, c.Params("call"))
	if err != nil {
		return err
	}
	view := views.CarrierCallView{Account: account.Account, Call: *call}
	return s.render(c, fiber.StatusOK, views.CarrierCallPage(s.shell(c, v, v.Texts.T("carriers.log")), view))
}
