package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/models"
)

func statsCommand() *cobra.Command {
	return group("stats", "Compare the daily figures with what they count",
		statsChild("check", "Recount the daily figures and list those that differ", checkFigures),
		statsChild("rebuild", "Recount the daily figures and correct those that differ; not twice at once", rebuildFigures))
}

// figureRow is a daily figure that differs, as the command line shows it.
type figureRow struct {
	MerchantID string `json:"merchant_id"`
	Day        string `json:"day"`
	Metric     string `json:"metric"`
	Currency   string `json:"currency,omitempty"`
	Count      int64  `json:"count"`
	WantCount  int64  `json:"want_count"`
	Amount     int64  `json:"amount"`
	WantAmount int64  `json:"want_amount"`
}

// Days before and after all others.
const (
	firstDay = "0000-01-01"
	lastDay  = "9999-12-31"
)

func statsChild(
	use, short string, run func(ctx context.Context, db *models.DB, from, to string) ([]models.StatDiff, error),
) *cobra.Command {
	var (
		from, to string
		asJSON   bool
	)
	cmd := &cobra.Command{Use: use, Short: short, Args: noArgs}
	cmd.Flags().StringVar(&from, "from", firstDay, "first day, as 2026-01-31, in each merchant's time zone")
	cmd.Flags().StringVar(&to, "to", lastDay, "last day")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		for name, day := range map[string]string{"from": from, "to": to} {
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				return usageError{fmt.Errorf("--%s=%q is wrong: want a day as 2026-01-31", name, day)}
			}
		}
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			diffs, failure := run(cmd.Context(), db, from, to)
			if failure != nil && diffs == nil {
				return failure
			}
			if len(diffs) == 0 && !asJSON {
				return show(cmd, asJSON, nil, "the daily figures agree with what they count")
			}
			rows := make([]figureRow, len(diffs))
			for i, d := range diffs {
				rows[i] = figureRow(d)
			}
			err := showAll(cmd, asJSON, rows, "MERCHANT\tDAY\tFIGURE\tCOUNT\tWANT\tAMOUNT\tWANT", func(r figureRow) string {
				return fmt.Sprintf("%s\t%s\t%s %s\t%d\t%d\t%d\t%d",
					r.MerchantID, r.Day, r.Metric, r.Currency, r.Count, r.WantCount, r.Amount, r.WantAmount)
			})
			if err != nil {
				return err
			}
			return failure
		})
	}
	return cmd
}

func rebuildFigures(ctx context.Context, db *models.DB, from, to string) ([]models.StatDiff, error) {
	return db.RebuildStats(ctx, from, to)
}

// checkFigures returns the figures that differ, and with them why the command fails.
func checkFigures(ctx context.Context, db *models.DB, from, to string) ([]models.StatDiff, error) {
	diffs, err := db.CheckStats(ctx, from, to)
	if err == nil && len(diffs) > 0 {
		err = fmt.Errorf("%d daily figure(s) differ from what they count: run 'tillpost stats rebuild'", len(diffs))
	}
	return diffs, err
}
