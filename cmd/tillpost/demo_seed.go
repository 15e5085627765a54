package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
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
	return m, d.seedAccounts(ctx, a, m)
}

// seedAccounts gives a shop two payment accounts and a carrier account, all at
// the sandbox.
func (d *demo) seedAccounts(ctx context.Context, a *app, m *models.Merchant) error {
	account := func(table credentials.Table, prefix, name string, position int, values map[string]string) (models.Account, error) {
		acc := models.Account{
			ID: models.NewID(prefix), MerchantID: m.ID, Kind: "sandbox", Enabled: true, Position: position,
		}
		err := a.vault.Apply(table, &acc, credentials.Edit{
			Name: name, BaseURL: d.outside, Values: values, By: "demo", At: a.db.Now(),
		})
		return acc, err
	}
	var gateways []models.Account
	for i, name := range []string{"Sandbox cards", "Sandbox backup"} {
		acc, err := account(credentials.Gateways, models.PrefixGatewayAccount, name, i, demoKeys(m.Ref, i))
		if err != nil {
			return err
		}
		gateways = append(gateways, acc)
	}
	parcels, err := account(credentials.Carriers, models.PrefixCarrierAccount, "Sandbox parcels", 0,
		map[string]string{"token": "ct_sandbox_" + m.Ref})
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *models.Tx) error {
		for _, acc := range gateways {
			if err := tx.CreateGatewayAccount(models.GatewayAccount{Account: acc}); err != nil {
				return err
			}
		}
		return tx.CreateCarrierAccount(models.CarrierAccount{Account: parcels})
	})
}

// seedPeople makes a login for each role, with passwords made up on the spot.
func (d *demo) seedPeople(ctx context.Context, a *app, state *demoState) error {
	shop, err := a.db.Merchant(ctx, models.AllMerchants(), demoShops[0].merchant.Ref)
	if err != nil {
		return err
	}
	passwords := secret.NewPasswords()
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
	return a.db.Write(ctx, func(tx *models.Tx) error {
		if err := d.adoptAccounts(tx, gateways, carriers); err != nil {
			return err
		}
		for i := range endpoints {
			if endpoints[i].Description != "shop system" {
				continue
			}
			url := d.shopURL(m.Ref)
			if _, err := a.notify.UpdateEndpoint(tx, scope, endpoints[i].ID, models.EndpointChange{URL: &url}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *demo) adoptAccounts(tx *models.Tx, gateways []models.GatewayAccount, carriers []models.CarrierAccount) error {
	for i := range gateways {
		if gateways[i].Kind != "sandbox" {
			continue
		}
		gateways[i].BaseURL = d.outside
		if err := tx.UpdateGatewayAccount(&gateways[i]); err != nil {
			return err
		}
	}
	for i := range carriers {
		if carriers[i].Kind != "sandbox" {
			continue
		}
		carriers[i].BaseURL = d.outside
		if err := tx.UpdateCarrierAccount(&carriers[i]); err != nil {
			return err
		}
	}
	return nil
}
