package handlers

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) dashboardRoutes() []route {
	return []route{
		{fiber.MethodGet, "/", signedIn, s.showDashboard},
		{fiber.MethodGet, "/dashboard/now", signedIn, s.showNow},
		{fiber.MethodGet, "/dashboard/period", signedIn, s.showPeriod},
	}
}

// How many waiting things a dashboard lists. Disputes have a deadline and no
// list of their own.
const (
	attentionRows = 6
	disputeRows   = 30
)

// showDashboard shows today's numbers, what waits, and a period's figures.
func (s *server) showDashboard(c *fiber.Ctx, v *viewer) error {
	d, scope, err := s.dashboard(c, v)
	if err != nil {
		return err
	}
	if d.Now, err = s.now(c.UserContext(), v, scope, d.Choice); err != nil {
		return err
	}
	if d.Period, err = s.period(c.UserContext(), v, scope, d.Choice); err != nil {
		return err
	}
	return s.page(c, v, v.Texts.T("nav.dashboard"), func(shell views.Shell) templ.Component {
		return views.DashboardPage(shell, d)
	}, views.Dashboard(d))
}

// showNow renews today's part of an open dashboard.
func (s *server) showNow(c *fiber.Ctx, v *viewer) error {
	d, scope, err := s.dashboard(c, v)
	if err != nil {
		return err
	}
	if d.Now, err = s.now(c.UserContext(), v, scope, d.Choice); err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.DashboardNow(d.Now))
}

// showPeriod renews the chart of an open dashboard.
func (s *server) showPeriod(c *fiber.Ctx, v *viewer) error {
	d, scope, err := s.dashboard(c, v)
	if err != nil {
		return err
	}
	if d.Period, err = s.period(c.UserContext(), v, scope, d.Choice); err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.DashboardPeriod(d.Period))
}

// dashboard reads the choice from the address, and which merchants there are to
// choose from.
func (s *server) dashboard(c *fiber.Ctx, v *viewer) (views.DashboardView, models.Scope, error) {
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return views.DashboardView{}, models.Scope{}, err
	}
	d := views.DashboardView{
		Choice: choiceOf(c, latestDay(s.DB.Now(), merchants.Shown, v.Zone)), Merchants: merchants.Options,
	}
	d.Choice.Staff, d.Choice.Merchant = merchants.Staff, merchants.Ref
	if !merchants.Staff || merchants.Ref != "" {
		d.Merchant = merchants.Shown[0].Name
	}
	return d, merchants.Scope, nil
}

// Limits of the period that can be chosen.
const (
	defaultDays = 30
	maxDays     = 20 * 366
)

// choiceOf reads the period: ?days=90, or ?from=2016-09-01&to=2017-12-31.
func choiceOf(c *fiber.Ctx, today time.Time) views.DashboardChoice {
	choice := views.DashboardChoice{
		Currency: clip(c.Query("currency"), 3),
	}
	from, fromErr := time.Parse(time.DateOnly, c.Query("from"))
	to, toErr := time.Parse(time.DateOnly, c.Query("to"))
	if fromErr == nil && toErr != nil {
		to = today
	}
	if fromErr == nil && !to.Before(from) && to.Sub(from) <= maxDays*24*time.Hour {
		choice.From, choice.To = from, to
		return choice
	}
	choice.Days = c.QueryInt("days", defaultDays)
	if choice.Days < 1 || choice.Days > maxDays {
		choice.Days = defaultDays
	}
	choice.From, choice.To = today.AddDate(0, 0, 1-choice.Days), today
	return choice
}

// now collects today's numbers and what waits for a human.
func (s *server) now(
	ctx context.Context, v *viewer, scope models.Scope, choice views.DashboardChoice,
) (views.NowView, error) {
	now := views.NowView{Choice: choice, Role: v.Role, Configures: v.Role == models.RoleAdmin}
	var err error
	if now.Today, now.Yesterday, err = s.lastDays(ctx, scope); err != nil {
		return now, err
	}
	if v.Merchant != nil && len(now.Today.Paid) == 0 {
		now.Today.Paid = []views.Revenue{{Currency: v.Merchant.Currency}}
	}
	if now.Attention, err = s.DB.Attention(ctx, scope); err != nil {
		return now, err
	}
	if now.Payments, err = s.attentionPayments(ctx, scope); err != nil {
		return now, err
	}
	if now.Disputes, err = s.attentionDisputes(ctx, scope); err != nil {
		return now, err
	}
	if now.Parcels, err = s.attentionParcels(ctx, scope); err != nil {
		return now, err
	}
	if v.Merchant == nil {
		err = s.health(ctx, v, scope, &now)
	}
	return now, err
}

func (s *server) attentionPayments(ctx context.Context, scope models.Scope) ([]views.WaitingPayment, error) {
	payments, err := s.DB.AttentionPayments(ctx, scope, attentionRows)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(payments))
	for i := range payments {
		ids[i] = payments[i].OrderID
	}
	orders, err := s.DB.OrdersByID(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]views.WaitingPayment, len(payments))
	for i := range payments {
		rows[i] = views.WaitingPayment{Payment: payments[i], Order: orders[payments[i].OrderID]}
	}
	return rows, nil
}

// attentionDisputes are those that can still be answered, the most urgent first.
func (s *server) attentionDisputes(ctx context.Context, scope models.Scope) ([]views.WaitingDispute, error) {
	disputes, err := s.DB.OpenDisputes(ctx, scope, disputeRows)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(disputes))
	for i := range disputes {
		ids[i] = disputes[i].OrderID
	}
	orders, err := s.DB.OrdersByID(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]views.WaitingDispute, len(disputes))
	for i := range disputes {
		rows[i] = views.WaitingDispute{Dispute: disputes[i], Order: orders[disputes[i].OrderID]}
	}
	return rows, nil
}

func (s *server) attentionParcels(ctx context.Context, scope models.Scope) ([]views.WaitingParcel, error) {
	parcels, err := s.DB.AttentionShipments(ctx, scope, attentionRows)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(parcels))
	for i := range parcels {
		ids[i] = parcels[i].OrderID
	}
	orders, err := s.DB.OrdersByID(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]views.WaitingParcel, len(parcels))
	for i := range parcels {
		rows[i] = views.WaitingParcel{Parcel: parcels[i], Order: orders[parcels[i].OrderID]}
	}
	return rows, nil
}

// health collects what staff watch: accounts in trouble, and for admins, people.
func (s *server) health(ctx context.Context, v *viewer, scope models.Scope, now *views.NowView) error {
	gateways, err := s.DB.GatewayAccounts(ctx, scope)
	if err != nil {
		return err
	}
	for i := range gateways {
		a := &gateways[i].Account
		trouble := views.TroubledAccount{Account: *a, Href: "/gateways/" + a.ID}
		switch health := s.gatewayHealth(&gateways[i]); {
		case !a.Enabled:
			continue
		case health.Open || health.Probing:
			trouble.Stopped, trouble.Message = true, v.Texts.T("accounts.breaker_alert")
		case a.TestedAt != nil && !a.TestOK:
			trouble.Message = a.TestMessage
		default:
			continue
		}
		now.Accounts = append(now.Accounts, trouble)
	}
	carriers, err := s.DB.CarrierAccounts(ctx, scope)
	if err != nil {
		return err
	}
	for i := range carriers {
		a := &carriers[i]
		trouble := views.TroubledAccount{Account: a.Account, Href: "/carriers/" + a.ID}
		switch {
		case !a.Enabled:
			continue
		case a.StoppedAt != nil:
			trouble.Stopped, trouble.Message = true, a.StopReason
		case a.BrokenAt != nil:
			trouble.Stopped, trouble.Message = true, v.Texts.T("carriers.open")
		case a.Failing(s.DB.Now()):
			trouble.Message = v.Texts.T("carriers.failing")
		case a.TestedAt != nil && !a.TestOK:
			trouble.Message = a.TestMessage
		default:
			continue
		}
		now.Accounts = append(now.Accounts, trouble)
	}
	now.AccountCount = len(gateways) + len(carriers)
	if !now.Configures {
		return nil
	}
	now.Users, err = s.DB.UserCounts(ctx)
	return err
}
