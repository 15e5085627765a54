package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/settlement"
)

// settledPayments is how many payments a shop's settlement file tells of.
const settledPayments = 5

// settle reads, once enough was paid, what the provider of each shop's first
// account says it settled.
func (d *demo) settle(ctx context.Context, a *app) {
	merchants, err := a.db.Merchants(ctx, models.AllMerchants())
	for i := 0; err == nil && i < len(merchants); i++ {
		err = d.settleShop(ctx, a, models.MerchantScope(merchants[i].ID))
	}
	if err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "demo settlement", "error", err)
	}
}

func (d *demo) settleShop(ctx context.Context, a *app, scope models.Scope) error {
	accounts, err := a.db.GatewayAccounts(ctx, scope)
	if err != nil {
		return err
	}
	known, _, err := a.db.SettlementFiles(ctx, scope, "", models.Page{Limit: 1})
	if err != nil || len(known) > 0 { // of a demo that was kept
		return err
	}
	var paid []models.Settled
	for start := a.db.Now(); len(paid) < settledPayments; {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
		now := a.db.Now()
		if paid, err = a.db.SettledPayments(ctx, &accounts[0], "", models.SettledSpan{From: start.Add(-time.Hour), To: now}); err != nil {
			return err
		}
	}
	_, err = settlement.Import(ctx, a.db, &accounts[0], strings.NewReader(settlementFile(paid)), settlement.Options{
		Name: "settled-" + time.Now().UTC().Format(time.DateOnly) + ".csv", Format: settlement.FormatCSV, Actor: cliActor(),
	})
	return err
}

// settlementFile is as all is stored, but for one amount, one charge that came
// twice, one that is missing and one that nobody here knows.
func settlementFile(paid []models.Settled) string {
	var file strings.Builder
	file.WriteString("type,reference,amount_minor,currency,occurred_at\n")
	line := func(reference string, p models.Settled, amount int64) {
		fmt.Fprintf(&file, "charge,%s,%d,%s,%s\n", reference, amount, p.Currency, p.At.Format(time.RFC3339))
	}
	for i, p := range paid {
		switch i {
		case 0:
			line(p.ID, p, p.Amount)
			line(p.ID, p, p.Amount)
		case 1:
			line(p.ID, p, p.Amount-100)
		case 2: // is missing there
		case 3:
			line(models.NewID(models.PrefixAttempt), p, p.Amount+250)
			line(p.ID, p, p.Amount)
		default:
			line(p.ID, p, p.Amount)
		}
	}
	return file.String()
}
