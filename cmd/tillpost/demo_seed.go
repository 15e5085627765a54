package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

// seed fills an empty database: shops, people, accounts, and a month of history.
func (d *demo) seed(ctx context.Context, a *app) (*demoState, error) {
	state := &demoState{}
	for i := range demoShops {
		m, err := d.seedShop(ctx, a, state, &demoShops[i])
		if err != nil {
			return nil, err
		}
		orders := newHistory(&demoShops[i], time.Now().UTC(), i).orders()
		err = a.db.Write(ctx, func(tx *models.Tx) error {
			_, err := tx.ImportOrders(m.ID, orders)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return state, d.seedPeople(ctx, a, state)
}

func (d *demo) seedShop(ctx context.Context, a *app, state *demoState, shop *demoShop) (*models.Merchant, error) {
	var m *models.Merchant
	err := a.db.Write(ctx, func(tx *models.Tx) (err error) {
		if m, err = tx.CreateMerchant(shop.merchant); err != nil {
			return err
		}
		_, key, err := tx.CreateAPIKey(m.ID, "shop system", nil)
		if err != nil {
			return err
		}
		state.APIKeys = append(state.APIKeys, demoKey{Merchant: m.Ref, Key: key})
		_, _, err = a.notify.CreateEndpoint(tx, m.ID, notify.NewEndpoint{
			URL: d.shopURL(m.Ref), Description: "shop system",
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, d.seedAccounts(ctx, a, shop, m)
}

// seedAccounts gives a shop its payment accounts and a carrier account, all at
// the sandbox.
func (d *demo) seedAccounts(ctx context.Context, a *app, shop *demoShop, m *models.Merchant) error {
	gateways := make([]models.Account, len(shop.accounts))
	for i, one := range shop.accounts {
		gateways[i] = models.Account{
			ID: models.NewID(models.PrefixGatewayAccount), MerchantID: m.ID, Kind: one.kind, Name: one.name, Enabled: true, Position: i,
		}
		if err := d.enroll(a, m, &gateways[i]); err != nil {
			return err
		}
	}
	parcels := models.Account{ID: models.NewID(models.PrefixCarrierAccount), MerchantID: m.ID, Kind: "sandbox", Enabled: true}
	err := a.vault.Apply(credentials.Carriers, &parcels, credentials.Edit{
		Name: "Sandbox parcels", BaseURL: d.outside, Values: map[string]string{"token": "ct_sandbox_" + m.Ref}, By: "demo", At: a.db.Now(),
	})
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *models.Tx) error {
		for _, one := range gateways {
			if err := tx.CreateGatewayAccount(models.GatewayAccount{Account: one}); err != nil {
				return err
			}
		}
		return tx.CreateCarrierAccount(models.CarrierAccount{Account: parcels})
	})
}

// enroll makes an account known at the sandbox, which tells it of what happens
// by webhook.
func (d *demo) enroll(a *app, m *models.Merchant, one *models.Account) error {
	e, err := d.fake.Enroll(one.Kind, m.Ref+" "+one.Name)
	if err != nil {
		return err
	}
	if err := d.fake.Hook(e, payments.HookURL(a.config.BaseURL, one.ID)); err != nil {
		return err
	}
	return a.vault.Apply(credentials.Gateways, one, credentials.Edit{
		Name: one.Name, BaseURL: d.outside + e.Path, Values: e.Fields, By: "demo", At: a.db.Now(),
	})
}

// seedPeople makes a login for each role, with passwords made up on the spot.
func (d *demo) seedPeople(ctx context.Context, a *app, state *demoState) error {
	shop, err := a.db.Merchant(ctx, models.AllMerchants(), demoShops[0].merchant.Ref)
	if err != nil {
		return err
	}
	passwords := secret.NewPasswords(secret.PasswordCost())
	for _, role := range []string{models.RoleAdmin, models.RoleSupport, models.RoleMerchant} {
		login := demoLogin{Role: role, Email: role + "@demo.tillpost.dev", Password: rand.Text()[:16]}
		hash, err := passwords.Hash(ctx, secret.NewString(login.Password))
		if err != nil {
			return err
		}
		u := models.User{Email: login.Email, Role: role, PasswordHash: hash}
		if role == models.RoleMerchant {
			u.MerchantID = &shop.ID
		}
		if _, err := createUser(ctx, a.db, u); err != nil {
			return err
		}
		state.Logins = append(state.Logins, login)
	}
	return nil
}

func (d *demo) shopURL(ref string) string { return d.outside + "/shop/" + ref }

// adopt points the accounts and endpoints at the sandbox of this run, which
// listens on another port each time.
func (d *demo) adopt(ctx context.Context, a *app) error {
	merchants, err := a.db.Merchants(ctx, models.AllMerchants())
	if err != nil {
		return err
	}
	for i := range merchants {
		if err := d.adoptShop(ctx, a, &merchants[i]); err != nil {
			return fmt.Errorf("point %s at the sandbox: %w", merchants[i].Ref, err)
		}
	}
	return nil
}

func (d *demo) adoptShop(ctx context.Context, a *app, m *models.Merchant) error {
	scope := models.MerchantScope(m.ID)
	gateways, err := a.db.GatewayAccounts(ctx, scope)
	if err != nil {
		return err
	}
	carriers, err := a.db.CarrierAccounts(ctx, scope)
	if err != nil {
		return err
	}
	endpoints, _, err := a.db.Endpoints(ctx, scope, models.Page{})
	if err != nil {
		return err
	}
	for i := range gateways {
		if !atSandbox(&gateways[i].Account) {
			continue
		}
		if err := d.enroll(a, m, &gateways[i].Account); err != nil {
			return err
		}
	}
	return a.db.Write(ctx, func(tx *models.Tx) error {
		if err := d.adoptAccounts(tx, gateways, carriers); err != nil {
			return err
		}
		for i := range endpoints {
			if endpoints[i].Description != "shop system" {
				continue
			}
			url := d.shopURL(m.Ref)
			if _, err := a.notify.UpdateEndpoint(tx, scope, endpoints[i].ID, notify.EndpointChange{
				EndpointChange: models.EndpointChange{URL: &url},
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// atSandbox reports whether an account is one of the demo's, rather than one
// that a visitor has added.
func atSandbox(one *models.Account) bool { return strings.HasPrefix(one.BaseURL, "http://127.0.0.1:") }

func (d *demo) adoptAccounts(tx *models.Tx, gateways []models.GatewayAccount, carriers []models.CarrierAccount) error {
	for i := range gateways {
		if !atSandbox(&gateways[i].Account) {
			continue
		}
		if err := tx.UpdateGatewayAccount(&gateways[i]); err != nil {
			return err
		}
	}
	for i := range carriers {
		if !atSandbox(&carriers[i].Account) {
			continue
		}
		carriers[i].BaseURL = d.outside
		if err := tx.UpdateCarrierAccount(&carriers[i]); err != nil {
			return err
		}
	}
	return nil
}
