package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

func endpointCommand() *cobra.Command {
	return group("endpoint", "Manage merchants' webhook endpoints", endpointAdd(), endpointList(),
		endpointSwitch("disable", "Send nothing to an endpoint; what it misses is listed, to be replayed", "endpoint.pause", false),
		endpointSwitch("enable", "Deliver to an endpoint again", "endpoint.enable", true))
}

func endpointAdd() *cobra.Command {
	var (
		merchant, url, description string
		events                     []string
		asJSON                     bool
	)
	cmd := &cobra.Command{Use: "add", Short: "Add an endpoint; its signing secret is printed once", Args: noArgs}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref)")
	cmd.Flags().StringVar(&url, "url", "", "where to post events")
	cmd.Flags().StringSliceVar(&events, "events", nil, strings.Join(models.EventTypes, ", ")+"; all when empty")
	cmd.Flags().StringVar(&description, "description", "", "what the endpoint is for")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := required(cmd, "merchant", "url"); err != nil {
			return err
		}
		return withVault(cmd.Context(), making, func(db *models.DB, vault *credentials.Vault, c *Config) error {
			m, err := findMerchant(cmd.Context(), db, merchant)
			if err != nil {
				return err
			}
			log, err := c.logger()
			if err != nil {
				return err
			}
			service := notify.NewService(db, vault, notify.Options{AllowNets: c.allowNets}, log)
			var object models.EndpointJSON
			err = db.Write(cmd.Context(), func(tx *models.Tx) error {
				e, text, err := service.CreateEndpoint(tx, m.ID, notify.NewEndpoint{
					URL: url, Events: events, Description: description,
				})
				if err != nil {
					return err
				}
				object = e.Object(tx.Now())
				object.Secret = text
				return tx.Audit(cliActor(), models.AuditEntry{
					MerchantID: &m.ID, Action: "endpoint.create", ObjectID: e.ID, Detail: map[string]string{"url": url},
				})
			})
			if err != nil {
				return err
			}
			return show(cmd, asJSON, object, "created %s\nsecret %s", object.ID, object.Secret)
		})
	}
	return cmd
}

// endpointRow is an endpoint as the command line lists it.
type endpointRow struct {
	models.EndpointJSON

	MerchantID string `json:"merchant_id"`
	Status     string `json:"status"` // enabled, or why it is not
}

func rowOfEndpoint(e *models.Endpoint, now time.Time) endpointRow {
	row := endpointRow{EndpointJSON: e.Object(now), MerchantID: e.MerchantID, Status: "enabled"}
	if e.DisabledAt != nil {
		row.Status = e.DisabledReason
	}
	return row
}

// words say for people whether events are sent.
func (r endpointRow) words() string {
	switch {
	case r.Status != "enabled":
		return cmp.Or(disabledWords[r.Status], "disabled")
	case r.Paused:
		return "paused, deliveries wait"
	default:
		return r.Status
	}
}

// disabledWords say why an endpoint is disabled.
var disabledWords = map[string]string{
	models.EndpointGone:    "disabled: it answered 410",
	models.EndpointFailing: "disabled: it only failed for days",
	models.EndpointByHand:  "disabled by hand",
}

func endpointList() *cobra.Command {
	var (
		merchant string
		asJSON   bool
	)
	cmd := &cobra.Command{Use: "list", Short: "List endpoints", Args: noArgs}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref); all when empty")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			scope, err := merchantScope(cmd, db, merchant)
			if err != nil {
				return err
			}
			rows, err := everything(func(p models.Page) ([]models.Endpoint, string, error) {
				return db.Endpoints(cmd.Context(), scope, p)
			})
			if err != nil {
				return err
			}
			out := make([]endpointRow, len(rows))
			for i := range rows {
				out[i] = rowOfEndpoint(&rows[i], db.Now())
			}
			return showAll(cmd, asJSON, out, "ID\tMERCHANT\tURL\tEVENTS\tSTATUS", func(r endpointRow) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", r.ID, r.MerchantID, r.URL, cmp.Or(strings.Join(r.Events, ","), "all"), r.words())
			})
		})
	}
	return cmd
}

func endpointSwitch(use, short, action string, enabled bool) *cobra.Command {
	return &cobra.Command{
		Use: use + " ID", Short: short, Args: oneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
				err := db.Write(cmd.Context(), func(tx *models.Tx) error {
					e, err := tx.UpdateEndpoint(models.AllMerchants(), args[0], models.EndpointChange{Enabled: &enabled})
					if err != nil {
						return err
					}
					return tx.Audit(cliActor(), models.AuditEntry{
						MerchantID: &e.MerchantID, Action: action, ObjectID: e.ID, Detail: map[string]string{"url": e.URL},
					})
				})
				if errors.Is(err, models.ErrNotFound) {
					return fmt.Errorf("no endpoint %s: 'tillpost endpoint list' shows all", args[0])
				}
				if err != nil {
					return err
				}
				return show(cmd, false, nil, "%sd %s", use, args[0])
			})
		},
	}
}
