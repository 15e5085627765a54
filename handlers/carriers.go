package handlers

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) carrierRoutes() []route {
	p := s.carriers()
	return append(p.routes(), route{fiber.MethodPost, p.path + "/:id/resume", admins, p.resumeCarrier})
}

// carriers are the pages of carrier accounts.
func (s *server) carriers() accountPages {
	return accountPages{
		server: s, path: views.CarriersPath, prefix: models.PrefixCarrierAccount, table: credentials.Carriers,
		list: func(ctx context.Context, scope models.Scope) ([]views.AccountRow, error) {
			accounts, err := s.DB.CarrierAccounts(ctx, scope)
			rows := make([]views.AccountRow, len(accounts))
			for i := range accounts {
				rows[i] = carrierRow(&accounts[i], s.DB.Now())
			}
			return rows, err
		},
		load: func(ctx context.Context, scope models.Scope, id string) (views.AccountRow, error) {
			a, err := s.DB.CarrierAccount(ctx, scope, id)
			if err != nil {
				return views.AccountRow{}, err
			}
			return carrierRow(a, s.DB.Now()), nil
		},
		create: func(tx *models.Tx, a models.Account) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: a})
		},
		edit: editCarrier,
		test: func(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error) {
			return s.Carriers.TestAccount(ctx, scope, id)
		},
	}
}

// carrierRow is a carrier account with how its calls go now.
func carrierRow(a *models.CarrierAccount, now time.Time) views.AccountRow {
	health := views.CarrierHealth{StoppedAt: a.StoppedAt, StopReason: a.StopReason}
	if a.BudgetDay == now.UTC().Format(time.DateOnly) {
		health.CallsToday = a.CallsToday
	}
	if a.ResumeAt != nil && a.ResumeAt.After(now) {
		health.PausedTill = a.ResumeAt
	}
	return views.AccountRow{Account: a.Account, Carrier: &health}
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

// resumeCarrier lets an account call again that was stopped.
func (p accountPages) resumeCarrier(c *fiber.Ctx, v *viewer) error {
	row, err := p.load(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	err = p.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := tx.ResumeCarrierAccount(row.Account.ID); err != nil {
			return err
		}
		tx.Announce(models.Hint{Topic: "account", ID: row.Account.ID, MerchantID: row.Account.MerchantID})
		return tx.Audit(v.actor(c), accountEntry(&row.Account, "account.resume", nil))
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return p.redirect(c, p.path+"/"+row.Account.ID)
	}
	return p.healthChanged(c, v, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("accounts.resumed")})
}
