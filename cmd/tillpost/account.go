package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// accountRow is a payment or carrier account as the command line shows it.
type accountRow struct {
	*carrierFacts // of carrier accounts that are listed

	ID         string `json:"id"`
	MerchantID string `json:"merchant_id"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Position   int    `json:"position"`
	BaseURL    string `json:"base_url,omitempty"`
	Enabled    bool   `json:"enabled"`
	WebhookURL string `json:"webhook_url,omitempty"` // to be entered at the provider; empty while only this machine reaches us
	TestOK     *bool  `json:"test_ok"`
}

// accounts is what gateway and carrier commands differ in.
type accounts struct {
	table  credentials.Table
	prefix string
	what   string // in texts
	hooks  bool   // the other side tells of changes by webhook
	create func(tx *models.Tx, a models.Account) error
	list   func(ctx context.Context, db *models.DB, c *Config, scope models.Scope) ([]accountRow, error)
	test   func(ctx context.Context, db *models.DB, vault *credentials.Vault, c *Config, id string) (models.AccountTest, error)
}

func (a accounts) row(c *Config, account models.Account) accountRow {
	row := accountRow{
		ID: account.ID, MerchantID: account.MerchantID, Kind: account.Kind, Name: account.Name, Position: account.Position,
		BaseURL: account.BaseURL, Enabled: account.Enabled,
	}
	if account.TestedAt != nil {
		row.TestOK = &account.TestOK
	}
	if public := c.publicURL(); a.hooks && public != "" {
		row.WebhookURL = payments.HookURL(public, account.ID)
	}
	return row
}

func gatewayCommand() *cobra.Command {
	a := accounts{
		table: credentials.Gateways, prefix: models.PrefixGatewayAccount, what: "payment account", hooks: true,
		create: func(tx *models.Tx, a models.Account) error {
			return tx.CreateGatewayAccount(models.GatewayAccount{Account: a})
		},
		test: func(ctx context.Context, db *models.DB, vault *credentials.Vault, c *Config, id string) (models.AccountTest, error) {
			log, err := c.logger()
			if err != nil {
				return models.AccountTest{}, err
			}
			service := payments.NewService(db, vault, providers(), payments.DefaultPolicy(), log)
			return service.TestAccount(ctx, models.AllMerchants(), id)
		},
	}
	a.list = func(ctx context.Context, db *models.DB, c *Config, scope models.Scope) ([]accountRow, error) {
		stored, err := db.GatewayAccounts(ctx, scope)
		rows := make([]accountRow, len(stored))
		for i := range stored {
			rows[i] = a.row(c, stored[i].Account)
		}
		return rows, err
	}
	return accountCommand("gateway", a)
}

func carrierCommand() *cobra.Command {
	a := accounts{
		table: credentials.Carriers, prefix: models.PrefixCarrierAccount, what: "carrier account",
		create: func(tx *models.Tx, a models.Account) error {
			return tx.CreateCarrierAccount(models.CarrierAccount{Account: a})
		},
		test: func(ctx context.Context, db *models.DB, vault *credentials.Vault, c *Config, id string) (models.AccountTest, error) {
			service, err := carrierService(db, vault, c)
			if err != nil {
				return models.AccountTest{}, err
			}
			return service.TestAccount(ctx, models.AllMerchants(), id)
		},
	}
	a.list = func(ctx context.Context, db *models.DB, c *Config, scope models.Scope) ([]accountRow, error) {
		service, err := carrierService(db, nil, c) // no credentials are opened
		if err != nil {
			return nil, err
		}
		return a.carriers(ctx, db, c, service, scope)
	}
	return accountCommand("carrier", a)
}

func accountCommand(use string, a accounts) *cobra.Command {
	return group(use, "Manage "+a.what+"s", a.addCommand(), a.testCommand(), a.listCommand())
}

func (a accounts) addCommand() *cobra.Command {
	var (
		merchant, kind, name string
		position             int
		set                  []string
		asJSON               bool
	)
	cmd := &cobra.Command{Use: "add", Short: "Add a " + a.what, Long: a.help(), Args: noArgs}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref)")
	cmd.Flags().StringVar(&kind, "kind", "", "kind of account")
	cmd.Flags().StringVar(&name, "name", "", "name that people see")
	cmd.Flags().IntVar(&position, "position", 0, "place in the merchant's order: the lowest comes first, of equal ones the older")
	cmd.Flags().StringArrayVar(&set, "set", nil, "field=value, once for each field; base_url points at another host")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := required(cmd, "merchant", "kind", "name"); err != nil {
			return err
		}
		if position < 0 || position > maxPosition {
			return usageError{fmt.Errorf("--position=%d is wrong: want a whole number from 0 to %d", position, maxPosition)}
		}
		values, baseURL, err := fieldValues(set)
		if err != nil {
			return err
		}
		return withVault(cmd.Context(), making, func(db *models.DB, vault *credentials.Vault, c *Config) error {
			m, err := findMerchant(cmd.Context(), db, merchant)
			if err != nil {
				return err
			}
			account := models.Account{ID: models.NewID(a.prefix), MerchantID: m.ID, Kind: kind, Position: position, Enabled: true}
			err = vault.Apply(a.table, &account, credentials.Edit{
				Name: name, BaseURL: baseURL, Values: values, By: cliActor().Name, At: db.Now(),
			})
			if err != nil {
				return a.explain(kind, err)
			}
			err = db.Write(cmd.Context(), func(tx *models.Tx) error {
				if err := a.create(tx, account); err != nil {
					return err
				}
				return tx.Audit(cliActor(), models.AuditEntry{
					MerchantID: &m.ID, Action: "account.create", ObjectID: account.ID,
					Detail: map[string]string{"kind": kind, "name": name},
				})
			})
			if err != nil {
				return err
			}
			row := a.row(c, account)
			if row.WebhookURL != "" {
				return show(cmd, asJSON, row, "created %s (%s)\nwebhook address for the provider: %s", name, account.ID, row.WebhookURL)
			}
			return show(cmd, asJSON, row, "created %s (%s)", name, account.ID)
		})
	}
	return cmd
}

// maxPosition is the last place of an account, as in the form.
const maxPosition = 9999

// help lists the kinds and their fields.
func (a accounts) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Add a %s. Kinds and their fields (an asterisk marks secrets, brackets what may be left out):\n", a.what)
	for _, k := range credentials.Kinds(a.table) {
		fmt.Fprintf(&b, "\n  %s:", k.Name)
		for _, f := range k.Fields {
			name := f.Name
			if f.Secret {
				name += "*"
			}
			if f.Optional {
				name = "[" + name + "]"
			}
			b.WriteString(" " + name)
		}
	}
	return b.String()
}

// explain names the flag of a refused value, and what it takes.
func (a accounts) explain(kind string, err error) error {
	refused, ok := errors.AsType[*models.Error](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case "unknown_kind":
		var names []string
		for _, k := range credentials.Kinds(a.table) {
			names = append(names, k.Name)
		}
		return usageError{fmt.Errorf("no kind %q: want %s", kind, choices(names...))}
	case "bad_url":
		return usageError{errors.New("--set base_url: want an address that starts with https:// or http://, " +
			"without user, query or fragment")}
	case "unknown_field", "required":
		if refused.Field == "name" {
			return err
		}
		var names []string
		k, _ := credentials.KindOf(a.table, kind)
		for _, f := range k.Fields {
			names = append(names, f.Name)
		}
		return &flagError{refused: refused, flag: "--set " + refused.Field, accepted: fmt.Sprintf("%s has %s", kind, strings.Join(names, ", "))}
	case "too_long", "secret_again":
		return &flagError{refused: refused, flag: "--set " + refused.Field}
	default:
		return err
	}
}

func fieldValues(set []string) (values map[string]string, baseURL string, err error) {
	values = map[string]string{}
	for _, pair := range set {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return nil, "", usageError{errors.New("--set wants field=value")} // the value may be a secret
		}
		if name == "base_url" {
			baseURL = value
			continue
		}
		values[name] = value
	}
	return values, baseURL, nil
}

func (a accounts) testCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "test ID", Short: "Check a " + a.what + "'s credentials", Args: oneArg}
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withVault(cmd.Context(), existing, func(db *models.DB, vault *credentials.Vault, c *Config) error {
			test, err := a.test(cmd.Context(), db, vault, c, args[0])
			if errors.Is(err, models.ErrNotFound) {
				return fmt.Errorf("no %s %s: 'tillpost %s list' shows all", a.what, args[0], cmd.Parent().Name())
			}
			if err != nil {
				return err
			}
			if asJSON {
				err = show(cmd, true, testFacts(test), "")
			} else if test.OK {
				err = show(cmd, false, nil, "%s", testText(test))
			}
			if err == nil && !test.OK {
				return fmt.Errorf("test of %s failed: %s", args[0], test.Message)
			}
			return err
		})
	}
	return cmd
}

func (a accounts) listCommand() *cobra.Command {
	var (
		merchant string
		asJSON   bool
	)
	cmd := &cobra.Command{Use: "list", Short: "List " + a.what + "s", Args: noArgs}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref); all when empty")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), existing, func(db *models.DB, c *Config) error {
			scope, err := merchantScope(cmd, db, merchant)
			if err != nil {
				return err
			}
			rows, err := a.list(cmd.Context(), db, c, scope)
			if err != nil {
				return err
			}
			head := "ID\tMERCHANT\tKIND\tNAME\tPOSITION\tENABLED"
			if a.table == credentials.Carriers {
				head += carrierHead
			}
			return showAll(cmd, asJSON, rows, head, func(r accountRow) string {
				line := fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%t", r.ID, r.MerchantID, r.Kind, r.Name, r.Position, r.Enabled)
				if r.carrierFacts != nil {
					line += r.columns()
				}
				return line
			})
		})
	}
	return cmd
}
