package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

func endpointCommand() *cobra.Command {
	return group("endpoint", "Manage merchants' webhook endpoints", endpointAdd())
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
		return withVault(cmd.Context(), func(db *models.DB, vault *credentials.Vault, c *Config) error {
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
				object = e.Object()
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
