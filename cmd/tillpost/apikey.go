package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/models"
)

func apikeyCommand() *cobra.Command {
	return group("apikey", "Manage shop API keys", apikeyCreate(), apikeyList(), apikeyRevoke())
}

// apikeyRow is an API key as the command line shows it; Key only when made.
type apikeyRow struct {
	ID         string   `json:"id"`
	MerchantID string   `json:"merchant_id"`
	Name       string   `json:"name"`
	Scopes     []string `json:"scopes"`
	Revoked    bool     `json:"revoked"`
	Key        string   `json:"key,omitempty"`
}

func rowOfAPIKey(k models.APIKey) apikeyRow {
	return apikeyRow{ID: k.ID, MerchantID: k.MerchantID, Name: k.Name, Scopes: k.Scopes, Revoked: k.RevokedAt != nil}
}

func apikeyCreate() *cobra.Command {
	var (
		merchant, name string
		scopes         []string
		asJSON         bool
	)
	cmd := &cobra.Command{Use: "create", Short: "Make a key; it is printed once", Args: noArgs}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref)")
	cmd.Flags().StringVar(&name, "name", "", "what the key is for")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, strings.Join(models.APIScopes, ", ")+"; all when empty")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := required(cmd, "merchant", "name"); err != nil {
			return err
		}
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			m, err := findMerchant(cmd.Context(), db, merchant)
			if err != nil {
				return err
			}
			var row apikeyRow
			err = db.Write(cmd.Context(), func(tx *models.Tx) error {
				k, text, err := tx.CreateAPIKey(m.ID, name, scopes)
				if err != nil {
					return err
				}
				row = rowOfAPIKey(*k)
				row.Key = text
				return tx.Audit(cliActor(), models.AuditEntry{
					MerchantID: &m.ID, Action: "apikey.create", ObjectID: k.ID, Detail: map[string]string{"name": name},
				})
			})
			if err != nil {
				return err
			}
			return show(cmd, asJSON, row, "%s", row.Key)
		})
	}
	return cmd
}

func apikeyList() *cobra.Command {
	var (
		merchant string
		asJSON   bool
	)
	cmd := &cobra.Command{Use: "list", Short: "List keys", Args: noArgs}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref); all when empty")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			scope, err := merchantScope(cmd, db, merchant)
			if err != nil {
				return err
			}
			rows, err := everything(func(p models.Page) ([]models.APIKey, string, error) {
				return db.APIKeys(cmd.Context(), scope, p)
			})
			if err != nil {
				return err
			}
			out := make([]apikeyRow, len(rows))
			for i := range rows {
				out[i] = rowOfAPIKey(rows[i])
			}
			return showAll(cmd, asJSON, out, "ID\tMERCHANT\tNAME\tSCOPES\tREVOKED", func(k apikeyRow) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%t", k.ID, k.MerchantID, k.Name, strings.Join(k.Scopes, ","), k.Revoked)
			})
		})
	}
	return cmd
}

func apikeyRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a key", Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
				k, err := db.APIKey(cmd.Context(), models.AllMerchants(), args[0])
				if errors.Is(err, models.ErrNotFound) {
					return fmt.Errorf("no API key %s: 'tillpost apikey list' shows all ids", args[0])
				}
				if err != nil {
					return err
				}
				err = db.Write(cmd.Context(), func(tx *models.Tx) error {
					if err := tx.RevokeAPIKey(models.AllMerchants(), k.ID); err != nil {
						return err
					}
					return tx.Audit(cliActor(), models.AuditEntry{MerchantID: &k.MerchantID, Action: "apikey.revoke", ObjectID: k.ID})
				})
				if err != nil {
					return err
				}
				return show(cmd, false, nil, "revoked %s", k.ID)
			})
		},
	}
}

// merchantScope is the scope of an optional --merchant.
func merchantScope(cmd *cobra.Command, db *models.DB, ref string) (models.Scope, error) {
	if ref == "" {
		return models.AllMerchants(), nil
	}
	m, err := findMerchant(cmd.Context(), db, ref)
	if err != nil {
		return models.Scope{}, err
	}
	return models.MerchantScope(m.ID), nil
}
