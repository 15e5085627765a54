package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

func keysCommand() *cobra.Command {
	return group("keys", "Manage the keys of stored credentials", keysCreate(), keysRotate())
}

func keysCreate() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "create [FILE]", Short: "Make a file with a new key set", Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return oneArg(cmd, args)
			}
			return nil
		},
		Long: "Make a file, mode 0600, with a new key set: FILE, or the one that TILLPOST_ENCRYPTION_KEY_FILE names,\n" +
			"or tillpost.key in the data folder. A file that exists is left as it is. The file's one line is also what\n" +
			"TILLPOST_ENCRYPTION_KEY takes.",
	}
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := fromEnvironment()
		if err := c.complete(); err != nil {
			return err
		}
		file := c.keyFile()
		if len(args) > 0 {
			file = args[0]
		}
		_, created, err := secret.ReadOrCreateFile(file)
		if err != nil {
			return err
		}
		if !created {
			return fmt.Errorf("%s exists already and was left as it is", file)
		}
		return show(cmd, asJSON, map[string]string{"file": file}, "created %s: keep a copy of it apart from the database", file)
	}
	return cmd
}

func keysRotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Re-encrypt stored credentials under a new key", Args: noArgs,
		Long: "Re-encrypt stored credentials under a new key. Safe to repeat: a run that was interrupted is\n" +
			"completed by the next. With TILLPOST_ENCRYPTION_KEY set, add the new key there first: only\n" +
			"a key file can be changed from here.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), existing, func(db *models.DB, c *Config) error {
				keys, err := c.keysOf(cmd.Context(), db)
				if err != nil {
					return err
				}
				if c.EncryptionKey == "" {
					if err := keys.Rotate(); err != nil {
						return err
					}
				}
				resealed, err := reseal(cmd.Context(), db, credentials.New(keys))
				if err != nil {
					return err
				}
				return show(cmd, false, nil, "re-encrypted %d accounts, channels and endpoints", resealed)
			})
		},
	}
}

// reseal seals everything again that is not under the primary key, one row a
// transaction.
func reseal(ctx context.Context, db *models.DB, vault *credentials.Vault) (int, error) {
	gateways, err := db.GatewayAccounts(ctx, models.AllMerchants())
	if err != nil {
		return 0, err
	}
	carriers, err := db.CarrierAccounts(ctx, models.AllMerchants())
	if err != nil {
		return 0, err
	}
	channels, err := db.AlertChannels(ctx, models.AllMerchants())
	if err != nil {
		return 0, err
	}
	endpoints, err := everything(func(p models.Page) ([]models.Endpoint, string, error) {
		return db.Endpoints(ctx, models.AllMerchants(), p)
	})
	if err != nil {
		return 0, err
	}
	count := 0
	// Each row is read again inside its transaction: it may be edited meanwhile.
	write := func(id string, save func(tx *models.Tx) (changed bool, err error)) error {
		var changed bool
		err := db.Write(ctx, func(tx *models.Tx) (err error) {
			changed, err = save(tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("store %s: %w", id, err)
		}
		if changed {
			count++
		}
		return nil
	}
	var errs []error
	for i := range gateways {
		id := gateways[i].ID
		errs = append(errs, write(id, func(tx *models.Tx) (bool, error) { return resealGateway(tx, vault, id) }))
	}
	for i := range carriers {
		id := carriers[i].ID
		errs = append(errs, write(id, func(tx *models.Tx) (bool, error) { return resealCarrier(tx, vault, id) }))
	}
	for i := range channels {
		id := channels[i].ID
		errs = append(errs, write(id, func(tx *models.Tx) (bool, error) { return resealChannel(tx, vault, id) }))
	}
	for i := range endpoints {
		id := endpoints[i].ID
		errs = append(errs, write(id, func(tx *models.Tx) (bool, error) { return resealEndpoint(tx, vault, id) }))
	}
	return count, errors.Join(errs...)
}

func resealGateway(tx *models.Tx, vault *credentials.Vault, id string) (bool, error) {
	a, err := tx.GatewayAccount(models.AllMerchants(), id)
	if err != nil {
		return false, err
	}
	changed, err := vault.Reseal(credentials.Gateways, &a.Account)
	if err != nil || !changed {
		return false, err
	}
	return true, tx.UpdateGatewayAccount(a)
}

func resealCarrier(tx *models.Tx, vault *credentials.Vault, id string) (bool, error) {
	a, err := tx.CarrierAccount(models.AllMerchants(), id)
	if err != nil {
		return false, err
	}
	changed, err := vault.Reseal(credentials.Carriers, &a.Account)
	if err != nil || !changed {
		return false, err
	}
	return true, tx.UpdateCarrierAccount(a)
}

func resealChannel(tx *models.Tx, vault *credentials.Vault, id string) (bool, error) {
	c, err := tx.AlertChannel(models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil // deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	account := c.AsAccount()
	changed, err := vault.Reseal(credentials.Channels, &account)
	if err != nil || !changed {
		return false, err
	}
	c.TakeAccount(account)
	return true, tx.UpdateAlertChannel(c)
}

func resealEndpoint(tx *models.Tx, vault *credentials.Vault, id string) (bool, error) {
	e, err := tx.Endpoint(models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil // deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	changed, err := vault.ResealEndpoint(e)
	if err != nil || !changed {
		return false, err
	}
	return true, tx.ResealEndpoint(e)
}
