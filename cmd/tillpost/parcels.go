package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
)

func parcelsCommand() *cobra.Command {
	return group("parcels", "Look after parcels", recomputeCommand())
}

// recomputeCommand is for after the rules or a carrier's mapping have changed.
func recomputeCommand() *cobra.Command {
	var (
		merchant      string
		apply, asJSON bool
	)
	cmd := &cobra.Command{
		Use: "recompute", Short: "Derive the status of parcels from their scans once more and list those that differ", Args: noArgs,
	}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref) whose parcels; empty: all")
	cmd.Flags().BoolVar(&apply, "apply", false, "correct those that differ, and tell merchants")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			scope := models.AllMerchants()
			if merchant != "" {
				m, err := findMerchant(cmd.Context(), db, merchant)
				if err != nil {
					return err
				}
				scope = models.MerchantScope(m.ID)
			}
			var differ []carriers.Difference
			n, err := carriers.Recompute(cmd.Context(), db, scope, apply, func(d carriers.Difference) { differ = append(differ, d) })
			if err != nil {
				return err
			}
			return showDifferences(cmd, asJSON, n, differ, apply)
		})
	}
	return cmd
}

// showDifferences lists what differs, and fails unless it was corrected.
func showDifferences(cmd *cobra.Command, asJSON bool, parcels int, differ []carriers.Difference, applied bool) error {
	if len(differ) == 0 && !asJSON {
		return show(cmd, false, nil, "all %d parcels agree with their scans", parcels)
	}
	err := showAll(cmd, asJSON, differ, "PARCEL\tFIELD\tSTORED\tCOMPUTED", func(d carriers.Difference) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", d.ShipmentID, d.Field, d.Stored, d.Computed)
	})
	if err == nil && len(differ) > 0 && !applied {
		err = fmt.Errorf("%s differ among %d parcels: run it with --apply to correct them",
			counted(len(differ), "value"), parcels)
	}
	return err
}
