package handlers

import (
	"context"
	"errors"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
)

// bulkRoutes try many payments again.
func (s *server) bulkRoutes() []route {
	return []route{
		{fiber.MethodGet, views.BulkPath, staff, s.listBulk},
		{fiber.MethodGet, views.BulkPath + "/new", staff, s.planBulk},
		{fiber.MethodPost, views.BulkPath, staff, s.startBulk},
		{fiber.MethodGet, views.BulkPath + "/:id", staff, s.showBulk},
		{fiber.MethodPost, views.BulkPath + "/:id/pause", staff, s.turnBulk(s.Payments.PauseBulk)},
		{fiber.MethodPost, views.BulkPath + "/:id/resume", staff, s.turnBulk(s.Payments.ResumeBulk)},
		{fiber.MethodPost, views.BulkPath + "/:id/cancel", staff, s.turnBulk(s.Payments.CancelBulk)},
	}
}

func (s *server) listBulk(c *fiber.Ctx, v *viewer) error {
	view := views.BulkListView{After: pageOf(c).Cursor}
	rows, next, err := s.DB.BulkRetries(c.UserContext(), models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	view.Rows, view.NextHref = rows, nextHref(views.BulkPath, next)
	return s.page(c, v, v.Texts.T("bulk.title"), func(shell views.Shell) templ.Component {
		return views.BulkListPage(shell, view)
	}, views.BulkTable(view))
}

// planBulk says of each chosen payment whether it may be tried again; without a
// choice, of all failed ones that the desk's filter finds.
func (s *server) planBulk(c *fiber.Ctx, v *viewer) error {
	ids, more, err := s.bulkChoice(c, v)
	if err != nil {
		return err
	}
	return s.renderBulkPlan(c, v, fiber.StatusOK, ids, views.BulkPlan{More: more, PerMinute: strconv.Itoa(payments.DefaultBulkRate)})
}

func (s *server) bulkChoice(c *fiber.Ctx, v *viewer) (ids []string, more bool, err error) {
	for _, id := range c.Context().QueryArgs().PeekMulti("payment") {
		ids = append(ids, string(id))
	}
	if len(ids) > 0 {
		return ids[:min(len(ids), models.MaxBulk)], len(ids) > models.MaxBulk, nil
	}
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return nil, false, err
	}
	_, query := s.deskFilter(c, v, choice)
	query.Kind = string(models.PaymentFailed)
	for cursor := ""; ; {
		found, next, err := s.DB.DeskPayments(c.UserContext(), choice.Scope, query, models.Page{Limit: models.MaxLimit, Cursor: cursor})
		if err != nil {
			return nil, false, err
		}
		for i := range found {
			if len(ids) == models.MaxBulk {
				return ids, true, nil
			}
			ids = append(ids, found[i].ID)
		}
		if next == "" {
			return ids, false, nil
		}
		cursor = next
	}
}

func (s *server) renderBulkPlan(c *fiber.Ctx, v *viewer, status int, ids []string, plan views.BulkPlan) error {
	verdicts, err := s.Payments.PlanBulk(c.UserContext(), v.Scope, ids, v.actor(c))
	if err != nil {
		return err
	}
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	for i := range verdicts {
		row := views.BulkPlanRow{
			Payment: verdicts[i].Payment, Order: verdicts[i].Order, Merchant: merchants.name(verdicts[i].Payment.MerchantID),
		}
		if refusal := verdicts[i].Refusal; refusal != nil {
			row.Refusal = whyNot(c.UserContext(), v, &row.Payment, refusal)
		}
		plan.Rows = append(plan.Rows, row)
	}
	plan.Form = s.form(c, v, plan.Errors)
	return s.render(c, status, views.BulkPlanPage(s.shell(c, v, v.Texts.T("bulk.plan")), plan))
}

// startBulk begins a bulk retry; the same form sent twice begins one.
func (s *server) startBulk(c *fiber.Ctx, v *viewer) error {
	ids := checked(c, "payment")
	plan := views.BulkPlan{Reason: field(c, "reason"), PerMinute: field(c, "per_minute")}
	started, err := s.createBulk(c, v, ids, plan)
	refusal, refused := errors.AsType[*models.Error](err)
	switch {
	case err == nil:
		return s.redirect(c, started.Location)
	case !refused:
		return err
	case refusal.Code == "idempotency_key_in_use": // the same form's first sending is being worked on
		return s.redirect(c, views.BulkPath)
	}
	if plan.Errors = fieldErrors(v, err); plan.Errors == nil || refusal.Field == "payments" {
		plan.Errors = map[string]string{"": errorText(v.Texts, refusal)} // what waits elsewhere now is marked below
	}
	return s.renderBulkPlan(c, v, fiber.StatusUnprocessableEntity, ids[:min(len(ids), models.MaxBulk)], plan)
}

// createBulk starts a bulk retry of those payments that may be tried now.
func (s *server) createBulk(c *fiber.Ctx, v *viewer, ids []string, plan views.BulkPlan) (models.Answer, error) {
	rate, err := strconv.ParseInt(plan.PerMinute, 10, 64)
	if err != nil {
		return models.Answer{}, models.Invalid("per_minute", "out_of_range")
	}
	verdicts, err := s.Payments.PlanBulk(c.UserContext(), v.Scope, ids, v.actor(c))
	if err != nil {
		return models.Answer{}, err
	}
	request := payments.BulkRequest{PerMinute: rate, Reason: plan.Reason, Actor: v.actor(c)}
	for i := range verdicts {
		if verdicts[i].Refusal == nil {
			request.Payments = append(request.Payments, verdicts[i].Payment)
		}
	}
	start := func(tx *models.Tx) (models.Answer, error) {
		b, err := s.Payments.StartBulk(tx, request)
		if err != nil {
			return models.Answer{}, err
		}
		return models.Answer{Status: fiber.StatusSeeOther, Location: views.BulkPath + "/" + b.ID}, nil
	}
	if len(verdicts) == 0 { // there is no merchant whose form it could be
		return models.Answer{}, models.Invalid("", "nothing_to_retry")
	}
	return s.once(c, v, verdicts[0].Payment.MerchantID, start)
}

func (s *server) showBulk(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	b, err := s.DB.BulkRetry(ctx, c.Params("id"))
	if err != nil {
		return err
	}
	view := views.BulkView{Bulk: *b, Form: views.Form{CSRF: v.csrf}}
	if view.Ends, err = s.DB.BulkRetryEnds(ctx, b.ID); err != nil {
		return err
	}
	from, err := strconv.ParseInt(c.Query("from"), 10, 64)
	if err == nil && from > 0 {
		view.From = from
	}
	items, err := s.DB.BulkRetryItems(ctx, b.ID, view.From, listRows+1)
	if err != nil {
		return err
	}
	if len(items) > listRows {
		items, view.Next = items[:listRows], items[listRows].Position
	}
	if view.Rows, err = s.bulkRows(ctx, v, items); err != nil {
		return err
	}
	return s.page(c, v, v.Texts.T("bulk.title"), func(shell views.Shell) templ.Component {
		return views.BulkPage(shell, view)
	}, views.BulkProgress(view))
}

// bulkRows adds to the items of a bulk retry what they are about.
func (s *server) bulkRows(ctx context.Context, v *viewer, items []models.BulkRetryItem) ([]views.BulkRow, error) {
	ids := make([]string, len(items))
	for i := range items {
		ids[i] = items[i].PaymentID
	}
	found, err := s.DB.PaymentsByID(ctx, v.Scope, ids)
	if err != nil {
		return nil, err
	}
	byID, orderIDs := make(map[string]models.Payment, len(found)), make([]string, len(found))
	for i := range found {
		byID[found[i].ID], orderIDs[i] = found[i], found[i].OrderID
	}
	orders, err := s.DB.OrdersByID(ctx, v.Scope, orderIDs)
	if err != nil {
		return nil, err
	}
	rows := make([]views.BulkRow, len(items))
	for i := range items {
		p := byID[items[i].PaymentID]
		rows[i] = views.BulkRow{Item: items[i], Payment: p, Order: orders[p.OrderID]}
		if code := items[i].Code; code != "" {
			rows[i].Why = errorText(v.Texts, models.Conflict(code, string(p.Status)))
		}
	}
	return rows, nil
}

// turnBulk pauses, resumes or cancels. What it changes shows in all open pages,
// this one too.
func (s *server) turnBulk(turn func(tx *models.Tx, id string, actor models.Actor) error) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		id := c.Params("id")
		err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return turn(tx, id, v.actor(c)) })
		if err != nil {
			return err
		}
		if !isHTMX(c) {
			return s.redirect(c, views.BulkPath+"/"+id)
		}
		return s.showBulk(c, v)
	}
}
