package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) gatewayRoutes() []route {
	p := s.gateways()
	return append(p.routes(),
		route{fiber.MethodPost, p.path + "/:id/reset", admins, p.resetBreaker},
		route{fiber.MethodPost, p.path + "/:id/limit", admins, p.setRateLimit})
}

// gateways are the pages of payment accounts.
func (s *server) gateways() accountPages {
	return accountPages{
		server: s, path: views.GatewaysPath, prefix: models.PrefixGatewayAccount, table: credentials.Gateways, seen: admins,
		list: func(ctx context.Context, scope models.Scope) ([]views.AccountRow, error) {
			accounts, err := s.DB.GatewayAccounts(ctx, scope)
			rows := make([]views.AccountRow, len(accounts))
			for i := range accounts {
				rows[i] = views.AccountRow{Account: accounts[i].Account, Gateway: s.gatewayHealth(&accounts[i])}
			}
			return rows, err
		},
		load: func(ctx context.Context, scope models.Scope, id string) (views.AccountRow, error) {
			a, err := s.DB.GatewayAccount(ctx, scope, id)
			if err != nil {
				return views.AccountRow{}, err
			}
			return views.AccountRow{Account: a.Account, Gateway: s.gatewayHealth(a)}, nil
		},
		create: func(tx *models.Tx, a models.Account) error {
			return tx.CreateGatewayAccount(models.GatewayAccount{Account: a})
		},
		edit: func(tx *models.Tx, scope models.Scope, id string, fresh bool, change func(a *models.Account) error) error {
			a, err := tx.GatewayAccount(scope, id)
			if err != nil {
				return err
			}
			if err := change(&a.Account); err != nil {
				return err
			}
			if err := tx.UpdateGatewayAccount(a); err != nil || !fresh {
				return err
			}
			return tx.NoteGatewayAccess(id, "")
		},
		test: func(ctx context.Context, scope models.Scope, id string) (models.AccountTest, error) {
			return s.Payments.TestAccount(ctx, scope, id)
		},
	}
}
