package main

import (
	"context"
	"fmt"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// demoKeys are the credentials of a shop's first or second payment account.
func demoKeys(ref string, position int) map[string]string {
	account := fmt.Sprintf("%s_%d", ref, position+1)
	return map[string]string{"secret_key": "sk_sandbox_" + account, "webhook_secret": "whs_sandbox_" + account}
}

// hook has the sandbox tell by webhook what becomes of the shops' payments.
func (d *demo) hook(ctx context.Context, a *app, t *traffic) error {
	merchants, err := a.db.Merchants(ctx, models.AllMerchants())
	if err != nil {
		return err
	}
	for i := range merchants {
		accounts, err := a.db.GatewayAccounts(ctx, models.MerchantScope(merchants[i].ID))
		if err != nil {
			return err
		}
		for j := range accounts {
			if accounts[j].Kind != "sandbox" {
				continue
			}
			keys := demoKeys(merchants[i].Ref, accounts[j].Position)
			err := t.post(ctx, d.outside+"/v1/webhooks", keys["secret_key"], "", map[string]string{
				"url": payments.HookURL(a.config.BaseURL, accounts[j].ID), "secret": keys["webhook_secret"],
			})
			if err != nil {
				return fmt.Errorf("have %s told by webhook: %w", merchants[i].Ref, err)
			}
		}
	}
	return nil
}
