package handlers

import (
	"context"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) operationRoutes() []route {
	routes := []route{
		{fiber.MethodGet, views.OperationsPath, admins, s.showOperations},
		{fiber.MethodGet, views.JobsPath + "/:id", admins, s.showJob},
	}
	for _, act := range views.JobActs {
		routes = append(routes,
			route{fiber.MethodGet, views.JobsPath + "/:id/" + act, admins, s.confirmJobAct(act)},
			route{fiber.MethodPost, views.JobsPath + "/:id/" + act, admins, s.doJobAct(act)})
	}
	for _, act := range views.QueueActs {
		routes = append(routes,
			route{fiber.MethodGet, views.QueuesPath + "/:name/" + act, admins, s.confirmQueueAct(act)},
			route{fiber.MethodPost, views.QueuesPath + "/:name/" + act, admins, s.doQueueAct(act)})
	}
	return routes
}

// showOperations shows how the program itself fares.
func (s *server) showOperations(c *fiber.Ctx, v *viewer) error {
	view, err := s.operations(c.UserContext(), v)
	if err != nil {
		return err
	}
	return s.page(c, v, v.Texts.T("nav.operations"), func(shell views.Shell) templ.Component {
		return views.OperationsPage(shell, view)
	}, views.OperationsNow(view))
}

func (s *server) operations(ctx context.Context, v *viewer) (views.OperationsView, error) {
	view := views.OperationsView{Now: s.DB.Now(), DiskFree: -1, DiskSize: -1, BackupAge: -1}
	var err error
	if view.Nodes, err = s.DB.Nodes(ctx); err != nil {
		return view, err
	}
	if view.LeaderID, err = s.DB.LeaderID(ctx); err != nil {
		return view, err
	}
	if view.Queues, err = s.DB.QueueStates(ctx); err != nil {
		return view, err
	}
	if view.Outbox, err = s.DB.OutboxState(ctx); err != nil {
		return view, err
	}
	if view.Failing, err = s.DB.FailingJobs(ctx); err != nil {
		return view, err
	}
	if view.Periodic, err = s.DB.PeriodicJobs(ctx); err != nil {
		return view, err
	}
	if view.Database, err = s.DB.DatabaseState(ctx); err != nil {
		return view, err
	}
	if view.Accounts, err = s.guardedAccounts(ctx, v); err != nil {
		return view, err
	}
	if s.Machine != nil {
		state := s.Machine.State()
		view.DiskFree, view.DiskSize, view.BackupAge = state.DiskFree, state.DiskSize, state.BackupAge
		view.Unreadable, view.BackupKept = max(0, state.Unreadable), s.Machine.Backup != ""
	}
	return view, nil
}

// guardedAccounts are the accounts that are switched on, with what keeps them
// from calling.
func (s *server) guardedAccounts(ctx context.Context, v *viewer) ([]views.GuardedAccount, error) {
	merchants, err := s.DB.Merchants(ctx, v.Scope)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for i := range merchants {
		names[merchants[i].ID] = merchants[i].Name
	}
	gateways, err := s.DB.GatewayAccounts(ctx, v.Scope)
	if err != nil {
		return nil, err
	}
	var found []views.GuardedAccount
	for i := range gateways {
		a := &gateways[i]
		if !a.Enabled {
			continue
		}
		health := s.gatewayHealth(a)
		found = append(found, views.GuardedAccount{
			Account: a.Account, Merchant: names[a.MerchantID], Path: views.GatewaysPath, Trouble: health.Open || health.Probing, Gateway: health,
		})
	}
	carriers, err := s.DB.CarrierAccounts(ctx, v.Scope)
	now := s.DB.Now()
	for i := range carriers {
		a := &carriers[i]
		if state := a.State(now); state != models.CarrierDisabled {
			found = append(found, views.GuardedAccount{
				Account: a.Account, Merchant: names[a.MerchantID], Path: views.CarriersPath, Trouble: state != models.CarrierWorks,
				Carrier: state, CallsToday: a.CallsOn(now),
			})
		}
	}
	return found, err
}

// showJob shows one background job, and why it failed.
func (s *server) showJob(c *fiber.Ctx, v *viewer) error {
	job, err := s.job(c)
	if err != nil {
		return err
	}
	view := views.JobView{Job: *job}
	return s.page(c, v, view.Title(c.UserContext()), func(shell views.Shell) templ.Component {
		return views.JobPage(shell, view)
	}, views.JobDetail(view))
}

// job loads the job of the address.
func (s *server) job(c *fiber.Ctx) (*models.Job, error) {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil {
		return nil, models.ErrNotFound
	}
	return s.DB.Job(c.UserContext(), id)
}
