package handlers

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/views"
)

// replayRoutes send many events to an endpoint again.
func (s *server) replayRoutes() []route {
	return []route{
		{fiber.MethodGet, views.ReplaysPath, signedIn, s.listReplays},
		{fiber.MethodGet, views.ReplaysPath + "/new", signedIn, s.planReplay},
		{fiber.MethodPost, views.ReplaysPath, signedIn, s.startReplay},
		{fiber.MethodGet, views.ReplaysPath + "/:id", signedIn, s.showReplay},
		{fiber.MethodPost, views.ReplaysPath + "/:id/pause", signedIn, s.turnReplay(s.Notify.PauseReplay)},
		{fiber.MethodPost, views.ReplaysPath + "/:id/resume", signedIn, s.turnReplay(s.Notify.ResumeReplay)},
		{fiber.MethodPost, views.ReplaysPath + "/:id/cancel", signedIn, s.turnReplay(s.Notify.CancelReplay)},
	}
}

func (s *server) listReplays(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	view := views.ReplaysView{Merchant: choice.Ref, Merchants: choice.Options, Staff: choice.Staff, After: pageOf(c).Cursor}
	found, next, err := s.DB.Replays(ctx, choice.Scope, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].EndpointID
	}
	endpoints, err := s.DB.EndpointsByID(ctx, choice.Scope, ids)
	if err != nil {
		return err
	}
	for i := range found {
		view.Rows = append(view.Rows, views.ReplayRow{
			Replay: found[i], Endpoint: endpoints[found[i].EndpointID], Merchant: choice.name(found[i].MerchantID), Staff: choice.Staff,
		})
	}
	view.NextHref = nextHref(view.Address(), next)
	tellAddress(c, view.Address())
	return s.page(c, v, v.Texts.T("replays.title"), func(shell views.Shell) templ.Component {
		return views.ReplaysPage(shell, view)
	}, views.ReplayTable(view))
}

// replayChoice reads what is to be sent, from the address of a plan or from the
// form that starts it. A time that cannot be read is invalid: another one in its
// place would send what nobody asked for.
func replayChoice(v *viewer, value func(name string) string) (choice views.ReplayChoice, in notify.ReplayChoice, err error) {
	choice = views.ReplayChoice{
		Kind: oneOf(value("kind"), models.ReplayKinds...), EventType: oneOf(value("type"), models.EventTypes...),
	}
	if choice.Kind == "" {
		choice.Kind = models.ReplayMissed
	}
	if id := value("endpoint"); models.IsID(models.PrefixEndpoint, id) {
		choice.Endpoint = id
	}
	in = notify.ReplayChoice{EndpointID: choice.Endpoint, Kind: choice.Kind, EventType: choice.EventType}
	choice.Since, choice.Until = value("since"), value("until")
	if in.Since, err = moment(v, "since", choice.Since); err != nil {
		return choice, in, err
	}
	in.Until, err = moment(v, "until", choice.Until)
	return choice, in, err
}

// moment is a time of a form; zero when there is none.
func moment(v *viewer, name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(views.FormTime, text, v.Zone)
	if err != nil {
		return at, models.Invalid(name, "bad_moment")
	}
	return at, nil
}

// replaySince is from when on a replay looks when nobody says: from the first
// event that the endpoint missed, or for a day.
func (s *server) replaySince(ctx context.Context, e *models.Endpoint, kind string) (since time.Time, err error) {
	if kind != models.ReplayAll {
		since, err = s.DB.MissedSince(ctx, e)
	}
	if since.IsZero() {
		since = s.DB.Now().Add(-24 * time.Hour)
	}
	return since.Truncate(time.Minute), err
}

// planReplay says how many events would be sent.
func (s *server) planReplay(c *fiber.Ctx, v *viewer) error {
	choice, in, err := replayChoice(v, func(name string) string { return c.Query(name) })
	plan := views.ReplayPlan{Choice: choice, PerMinute: strconv.Itoa(notify.DefaultReplayRate)}
	plan.Errors = fieldErrors(v, err)
	return s.renderReplayPlan(c, v, fiber.StatusOK, plan, in)
}

func (s *server) renderReplayPlan(c *fiber.Ctx, v *viewer, status int, plan views.ReplayPlan, in notify.ReplayChoice) error {
	if err := s.addEndpoints(c, v, &plan); err != nil {
		return err
	}
	if plan.Endpoint != nil {
		in.EndpointID = plan.Endpoint.ID
		plan.Choice.Endpoint = in.EndpointID
		if err := s.lookForReplay(c, v, &plan, in); err != nil {
			return err
		}
	}
	plan.Form = s.form(c, v, plan.Errors)
	plan.Rates = [2]int64{notify.MinReplayRate, notify.MaxReplayRate}
	page := views.ReplayPlanPage(s.shell(c, v, v.Texts.T("replays.plan")), plan)
	if wantsFragment(c) {
		page = views.ReplayPreview(plan)
	}
	return s.render(c, status, page)
}

// addEndpoints adds to a plan its endpoint and those to choose from: all that its
// merchant has, of which MaxEndpoints fit on a page. When none is chosen yet it is
// the newest of whoever may be chosen.
func (s *server) addEndpoints(c *fiber.Ctx, v *viewer, plan *views.ReplayPlan) error {
	ctx := c.UserContext()
	owners, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	plan.Owners = owners.Names
	scope := owners.Scope
	if id := plan.Choice.Endpoint; id != "" {
		if plan.Endpoint, err = s.DB.Endpoint(ctx, v.Scope, id); err != nil {
			return err
		}
		scope = v.Scope.Narrow(plan.Endpoint.MerchantID)
	}
	if plan.Endpoints, _, err = s.DB.Endpoints(ctx, scope, models.Page{Limit: models.MaxLimit}); err != nil {
		return err
	}
	if plan.Endpoint == nil && len(plan.Endpoints) > 0 {
		plan.Endpoint = &plan.Endpoints[0]
	}
	return nil
}

// lookForReplay adds to a plan what there is to send, and what is in its way.
func (s *server) lookForReplay(c *fiber.Ctx, v *viewer, plan *views.ReplayPlan, in notify.ReplayChoice) error {
	ctx := c.UserContext()
	var err error
	if plan.Choice.Since == "" {
		if in.Since, err = s.replaySince(ctx, plan.Endpoint, in.Kind); err != nil {
			return err
		}
	}
	plan.Since = in.Since.In(v.Zone)
	plan.MayEnable = plan.Endpoint.DisabledAt != nil && editors.allows(v.Role)
	plan.Open, err = s.DB.OpenReplay(ctx, v.Scope, in.EndpointID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	for _, name := range []string{"since", "until"} {
		if plan.Refusal = plan.Error(name); plan.Refusal != "" {
			return nil
		}
	}
	plan.Found, err = s.Notify.PlanReplay(ctx, v.Scope, in)
	if refused, ok := errors.AsType[*models.Error](err); ok {
		plan.Refusal, err = errorText(v.Texts, refused), nil
	}
	return err
}

// startReplay begins a replay; the same form sent twice begins one.
func (s *server) startReplay(c *fiber.Ctx, v *viewer) error {
	choice, in, err := replayChoice(v, func(name string) string { return field(c, name) })
	plan := views.ReplayPlan{Choice: choice, Reason: field(c, "reason"), PerMinute: field(c, "per_minute")}
	var started models.Answer
	if err == nil {
		started, err = s.createReplay(c, v, in, plan)
	}
	refusal, refused := errors.AsType[*models.Error](err)
	switch {
	case err == nil:
		return s.redirect(c, started.Location)
	case !refused || refusal.Kind == models.KindNotFound:
		return err
	case refusal.Code == "idempotency_key_in_use": // the same form's first sending is being worked on
		return s.redirect(c, views.ReplaysPath)
	}
	plan.Errors = fieldErrors(v, err)
	if plan.Errors["reason"] == "" && plan.Errors["per_minute"] == "" && refusal.Code != "bad_moment" {
		plan.Errors = map[string]string{"": errorText(v.Texts, refusal)}
	}
	return s.renderReplayPlan(c, v, fiber.StatusUnprocessableEntity, plan, in)
}

func (s *server) createReplay(c *fiber.Ctx, v *viewer, in notify.ReplayChoice, plan views.ReplayPlan) (models.Answer, error) {
	ctx := c.UserContext()
	e, err := s.DB.Endpoint(ctx, v.Scope, in.EndpointID)
	if err != nil {
		return models.Answer{}, err
	}
	rate, err := strconv.ParseInt(plan.PerMinute, 10, 64)
	if err != nil {
		return models.Answer{}, models.Invalid("per_minute", "bad_number")
	}
	if in.Since.IsZero() {
		if in.Since, err = s.replaySince(ctx, e, in.Kind); err != nil {
			return models.Answer{}, err
		}
	}
	request := notify.ReplayRequest{
		ReplayChoice: in, PerMinute: rate, Reason: plan.Reason, Enable: editors.allows(v.Role), Actor: v.actor(c),
	}
	if request.Found, err = s.Notify.PlanReplay(ctx, v.Scope, in); err != nil {
		return models.Answer{}, err
	}
	return s.once(c, v, e.MerchantID, func(tx *models.Tx) (models.Answer, error) {
		r, err := s.Notify.StartReplay(tx, v.Scope, request)
		if err != nil {
			return models.Answer{}, err
		}
		return models.Answer{Status: fiber.StatusSeeOther, Location: views.ReplaysPath + "/" + r.ID}, nil
	})
}

func (s *server) showReplay(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	r, err := s.DB.Replay(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	view := views.ReplayView{Form: views.Form{CSRF: v.csrf}, Replay: *r, After: pageOf(c).Cursor}
	endpoints, err := s.DB.EndpointsByID(ctx, v.Scope, []string{r.EndpointID})
	if err != nil {
		return err
	}
	view.Endpoint = endpoints[r.EndpointID]
	if view.Merchant, err = s.merchantName(ctx, v, r.MerchantID); err != nil {
		return err
	}
	items, next, err := s.DB.ReplayItems(ctx, r.ID, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	view.Next = next
	ids := make([]string, len(items))
	for i := range items {
		ids[i] = items[i].DeliveryID
	}
	deliveries, err := s.DB.DeliveriesByID(ctx, v.Scope, ids)
	if err != nil {
		return err
	}
	for i := range items {
		row := views.ReplayItemRow{Item: items[i], Delivery: deliveries[items[i].DeliveryID]}
		if items[i].Code != "" {
			row.Why = errorText(v.Texts, models.Conflict(items[i].Code, ""))
		}
		view.Rows = append(view.Rows, row)
	}
	return s.page(c, v, v.Texts.T("replays.title"), func(shell views.Shell) templ.Component {
		return views.ReplayPage(shell, view)
	}, views.ReplayProgress(view))
}

// turnReplay pauses, resumes or cancels. What it changes shows in all open
// pages, this one too.
func (s *server) turnReplay(turn func(tx *models.Tx, scope models.Scope, id string, actor models.Actor) error) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		id := c.Params("id")
		err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return turn(tx, v.Scope, id, v.actor(c)) })
		if err != nil {
			return err
		}
		if !isHTMX(c) {
			return s.redirect(c, views.ReplaysPath+"/"+id)
		}
		return s.showReplay(c, v)
	}
}
