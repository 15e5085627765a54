package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/models"
)

func merchantCommand() *cobra.Command {
	return group("merchant", "Manage merchants", merchantCreate(), merchantList())
}

// merchantRow is a merchant as the command line shows it.
type merchantRow struct {
	ID       string `json:"id"`
	Ref      string `json:"ref"`
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Timezone string `json:"timezone"`
}

func rowOfMerchant(m models.Merchant) merchantRow {
	return merchantRow{ID: m.ID, Ref: m.Ref, Name: m.Name, Currency: m.Currency, Timezone: m.Timezone}
}

// refForm is what a ref looks like; another text would be changed to it.
var refForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func merchantCreate() *cobra.Command {
	var (
		name, ref, currency, timezone string
		asJSON                        bool
	)
	cmd := &cobra.Command{Use: "create", Short: "Add a merchant", Args: noArgs}
	cmd.Flags().StringVar(&name, "name", "", "name of the shop")
	cmd.Flags().StringVar(&ref, "ref", "", "short name; made from the name when empty")
	cmd.Flags().StringVar(&currency, "currency", "", "ISO 4217, as EUR")
	cmd.Flags().StringVar(&timezone, "timezone", "UTC", "IANA name, as Europe/Berlin")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := required(cmd, "name", "currency"); err != nil {
			return err
		}
		if ref != "" && !refForm.MatchString(ref) {
			return usageError{fmt.Errorf("--ref=%q is wrong: want lower-case letters, digits and single hyphens between them", ref)}
		}
		return withStore(cmd.Context(), making, func(db *models.DB, _ *Config) error {
			var m *models.Merchant
			err := db.Write(cmd.Context(), func(tx *models.Tx) (err error) {
				m, err = tx.CreateMerchant(models.Merchant{Name: name, Ref: ref, Currency: currency, Timezone: timezone})
				if err != nil {
					return err
				}
				return tx.Audit(cliActor(), models.AuditEntry{MerchantID: &m.ID, Action: "merchant.create", ObjectID: m.ID})
			})
			if err != nil {
				return err
			}
			return show(cmd, asJSON, rowOfMerchant(*m), "created %s (%s, ref %s)", m.Name, m.ID, m.Ref)
		})
	}
	return cmd
}

func merchantList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List merchants", Args: noArgs}
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			rows, err := db.Merchants(cmd.Context(), models.AllMerchants())
			if err != nil {
				return err
			}
			out := make([]merchantRow, len(rows))
			for i := range rows {
				out[i] = rowOfMerchant(rows[i])
			}
			return showAll(cmd, asJSON, out, "ID\tREF\tNAME\tCURRENCY\tTIMEZONE", func(m merchantRow) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", m.ID, m.Ref, m.Name, m.Currency, m.Timezone)
			})
		})
	}
	return cmd
}

// findMerchant finds the merchant that --merchant names.
func findMerchant(ctx context.Context, db *models.DB, ref string) (*models.Merchant, error) {
	m, err := db.Merchant(ctx, models.AllMerchants(), ref)
	if errors.Is(err, models.ErrNotFound) {
		return nil, fmt.Errorf("no merchant %q: 'tillpost merchant list' shows all", ref)
	}
	return m, err
}
