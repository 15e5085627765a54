package handlers

import (
	"context"
	"errors"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) carrierRoutes() []route {
	p := s.carriers()
	routes := append(p.routes(),
		route{fiber.MethodPost, p.path + "/:id/limits", admins, p.setCarrierLimits},
		route{fiber.MethodGet, p.path + "/:id/calls", staff, s.listCarrierCalls},
		route{fiber.MethodGet, p.path + "/:id/calls/count", staff, s.countCarrierCalls},
		route{fiber.MethodGet, p.path + "/:id/calls/:call", staff, s.showCarrierCall},
	)
	for _, name := range []string{views.CarrierPause, views.CarrierResume, views.CarrierReset} {
		routes = append(routes,
			route{fiber.MethodGet, p.path + "/:id/" + name, admins, p.confirmCarrierAct(name)},
			route{fiber.MethodPost, p.path + "/:id/" + name, admins, p.doCarrierAct(name)})
	}
	return routes
}

// carriers are the pages of carrier accounts.
func (s *server) carriers() accountPages {
	return accountPages{
		server: s, path: views.CarriersPath, prefix: models.PrefixCarrierAccount, table: credentials.Carriers, seen: staff,
		list: s.carrierRows, load: s.carrierRow,
		create: func(tx *models.Tx, a models.Account) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: a})
		},
		edit: editCarrier,
		test: func(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error) {
			return s.Carriers.TestAccount(ctx, scope, id)
		},
	}
}

// carrierRows are all carrier accounts with how their calls go.
func (s *server) carrierRows(ctx context.Context, scope models.Scope) ([]views.AccountRow, error) {
	accounts, err := s.DB.CarrierAccounts(ctx, scope)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(accounts))
	for i := range accounts {
		ids[i] = accounts[i].ID
	}
	loads, err := s.DB.CarrierLoads(ctx, ids...)
	rows := make([]views.AccountRow, len(accounts))
	for i := range accounts {
		a := &accounts[i]
		rows[i] = views.AccountRow{Account: a.Account, Carrier: s.carrierHealth(a, loads[a.ID])}
	}
	return rows, err
}

// carrierRow is one carrier account with how its calls go and what waits for it.
func (s *server) carrierRow(ctx context.Context, scope models.Scope, id string) (views.AccountRow, error) {
	a, err := s.DB.CarrierAccount(ctx, scope, id)
	if err != nil {
		return views.AccountRow{}, err
	}
	loads, err := s.DB.CarrierLoads(ctx, a.ID)
	if err != nil {
		return views.AccountRow{}, err
	}
	row := views.AccountRow{Account: a.Account, Carrier: s.carrierHealth(a, loads[a.ID])}
	row.Carrier.Own = a.CarrierLimits
	row.Carrier.Waiting, row.Carrier.WaitingMore, err = s.DB.WaitingShipments(ctx, a.ID)
	return row, err
}

// carrierHealth is how an account's calls go now.
func (s *server) carrierHealth(a *models.CarrierAccount, load models.CarrierLoad) *views.CarrierHealth {
	now := s.DB.Now()
	carriersOwn, limits := s.Carriers.LimitsOf(a)
	h := views.CarrierHealth{
		State: a.State(now), Broken: a.BrokenAt != nil, Load: load, CallsToday: a.CallsOn(now), Quota: limits.PerDay,
		Reserve: int(carriers.Reserve * float64(limits.PerDay)), CarriersQuota: carriersOwn.PerDay, CarriersRate: carriersOwn.PerSecond,
		LastError: a.LastError, LastKind: a.LastErrorKind, LastAt: a.LastErrorAt, Scopes: a.TestScopes, QuotaLeft: a.TestQuotaLeft,
	}
	switch h.State {
	case models.CarrierStopped:
		h.Reason = a.StopReason
	case models.CarrierPaused:
		h.Reason, h.By, h.Until = a.PauseReason, a.PausedBy, a.PausedUntil
	case models.CarrierOpen, models.CarrierWaiting:
		h.Until = a.ResumeAt
	case models.CarrierHalved:
		h.Until = a.SlowedUntil
	case models.CarrierWorks, models.CarrierHeld:
		if h.Until = s.Carriers.Held(a, false); h.Until != nil {
			h.State = models.CarrierHeld
		}
	case models.CarrierDisabled, models.CarrierProbing, models.CarrierFailing:
	}
	return &h
}

// editCarrier edits a carrier account. New credentials lift the stop that
// refused ones brought; its parcels are locked before the account.
func editCarrier(
	tx *models.Tx, scope models.Scope, id string, fresh bool, change func(a *models.Account) error,
) error {
	if fresh {
		if err := tx.ResumeCarrierAccount(id); err != nil {
			return err
		}
	}
	a, err := tx.CarrierAccount(scope, id)
	if err != nil {
		return err
	}
	if err := change(&a.Account); err != nil {
		return err
	}
	return tx.UpdateCarrierAccount(a)
}

// carrierTrouble is why a parcel's account does not call, when it does not;
// merchants are told that, not why.
func (s *server) carrierTrouble(ctx context.Context, v *viewer, sh *models.Shipment) (*views.CarrierHealth, error) {
	if sh.CarrierAccountID == nil || sh.NextPollAt == nil && sh.Ended() {
		return nil, nil //nolint:nilnil // no trouble
	}
	a, err := s.DB.CarrierAccount(ctx, v.Scope, *sh.CarrierAccountID)
	if errors.Is(err, models.ErrNotFound) {
		return nil, nil //nolint:nilnil // no trouble
	}
	if err != nil {
		return nil, err
	}
	if !a.Callable(s.DB.Now()) {
		return s.carrierHealth(a, models.CarrierLoad{}), nil
	}
	until := s.Carriers.Held(a, sh.Status == models.ShipmentOutForDelivery)
	if until == nil || !sh.Waits(s.DB.Now()) {
		return nil, nil //nolint:nilnil // no trouble
	}
	return &views.CarrierHealth{State: models.CarrierHeld, Until: until}, nil
}
