package hanging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/sandbox"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

// kind is that of all accounts.
const kind = "sandbox"

func numberOf(account, parcel int) string { return fmt.Sprintf("H%03d%06d", account, parcel) }

// account is the one that follows a parcel.
func account(number string) (index int) {
	if _, err := fmt.Sscanf(number, "H%03d", &index); err != nil {
		return -1
	}
	return index
}

// prepare makes the accounts and their parcels, before the program runs.
func prepare(ctx context.Context, o Options, url string) (err error) {
	keys, _, err := secret.ReadOrCreateFile(o.KeyFile)
	if err != nil {
		return err
	}
	db, err := models.Open(ctx, o.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	vault := credentials.New(keys)
	service := carriers.NewService(db, vault, map[string]carriers.Carrier{kind: sandbox.New(http.DefaultClient)},
		carriers.Options{Pace: o.Pace}, slog.New(slog.DiscardHandler))
	return db.Write(ctx, func(tx *models.Tx) error {
		shop, err := tx.CreateMerchant(models.Merchant{Name: "Shop", Currency: "EUR", Timezone: "Europe/Berlin"})
		if err != nil {
			return err
		}
		for i := range o.Accounts {
			a := models.Account{ID: models.NewID(models.PrefixCarrierAccount), MerchantID: shop.ID, Kind: kind, Enabled: true}
			edit := credentials.Edit{
				Name: fmt.Sprintf("Account %d", i), BaseURL: fmt.Sprintf("%s/%d", url, i), Values: map[string]string{"token": "ct_sandbox_key"},
			}
			if err := vault.Apply(credentials.Carriers, &a, edit); err != nil {
				return err
			}
			if err := tx.CreateCarrierAccount(models.CarrierAccount{Account: a}); err != nil {
				return err
			}
			parcels := o.Parcels
			if i == 0 {
				parcels *= 10
			}
			for k := range parcels {
				if err := add(tx, service, shop.ID, a.ID, numberOf(i, k)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// add gives a parcel to an account, with an order of its own.
func add(tx *models.Tx, service *carriers.Service, shopID, accountID, number string) error {
	order, err := tx.CreateOrder(models.Order{
		MerchantID: shopID, Number: number, Currency: "EUR", Amount: 100, ShippingAddress: models.Address{Country: "DE"},
	}, nil)
	if err != nil {
		return err
	}
	_, err = service.Add(tx, shopID, carriers.New{OrderID: order.ID, Carrier: accountID, TrackingNumber: number})
	return err
}
