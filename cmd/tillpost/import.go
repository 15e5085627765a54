package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tillpost/tillpost/importer"
	"github.com/tillpost/tillpost/models"
)

func importCommand() *cobra.Command {
	var (
		merchant, format string
		dryRun, asJSON   bool
	)
	cmd := &cobra.Command{
		Use: "import PATH…", Short: "Take over orders, payments and parcels from files",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("import needs a folder (olist) or files (csv)")}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref) who gets the data")
	cmd.Flags().StringVar(&format, "format", "", "olist or csv")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "read and check everything, write nothing")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := required(cmd, "merchant", "format"); err != nil {
			return err
		}
		if err := checkFormat(format, args); err != nil {
			return err
		}
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			m, err := findMerchant(cmd.Context(), db, merchant)
			if err != nil {
				return err
			}
			options := importer.Options{DryRun: dryRun, Progress: progress(cmd.ErrOrStderr())}
			report, err := readIn(cmd.Context(), db, m, format, args, options)
			if !dryRun && report.Orders > 0 {
				err = errors.Join(err, noteImport(cmd.Context(), db, m, format, report))
			}
			if err != nil {
				return err
			}
			return tell(cmd, asJSON, report)
		})
	}
	return cmd
}

// tell prints the report, and fails for rows that were refused.
func tell(cmd *cobra.Command, asJSON bool, report importer.Report) error {
	if asJSON {
		if err := show(cmd, true, report, ""); err != nil {
			return err
		}
	} else {
		printReport(cmd.OutOrStdout(), report)
	}
	if n := len(report.Refused); n > 0 {
		return fmt.Errorf("%s refused: correct the files and run it again, it takes only what is new", counted(n, "row"))
	}
	return nil
}

func checkFormat(format string, args []string) error {
	if format != "olist" && format != "csv" {
		return usageError{fmt.Errorf("--format %q is unknown: want olist or csv", format)}
	}
	if format == "olist" && len(args) != 1 {
		return usageError{errors.New("--format olist takes one folder")}
	}
	return nil
}

func readIn(
	ctx context.Context, db *models.DB, m *models.Merchant, format string, paths []string, o importer.Options,
) (importer.Report, error) {
	if format == "olist" {
		return importer.Olist(ctx, db, m, paths[0], o)
	}
	return importer.CSV(ctx, db, m, paths, o)
}

// noteImport keeps in the audit log that a merchant got data of another system.
func noteImport(ctx context.Context, db *models.DB, m *models.Merchant, format string, r importer.Report) error {
	return db.Write(ctx, func(tx *models.Tx) error {
		return tx.Audit(cliActor(), models.AuditEntry{
			MerchantID: &m.ID, Action: "merchant.import", ObjectID: m.ID,
			Detail: map[string]string{"format": format, "orders": strconv.Itoa(r.Orders), "payments": strconv.Itoa(r.Payments)},
		})
	})
}

// progress draws a bar on a terminal and nothing elsewhere.
func progress(out io.Writer) func(done, total int) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(out),
				progressbar.OptionSetDescription("orders"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set(done) // a bar that cannot be drawn must not stop the import
	}
}

func printReport(out io.Writer, r importer.Report) {
	verb := "created"
	if r.DryRun {
		verb = "would be created"
	}
	fmt.Fprintf(out, "%s, %s, %s, %s %s; %s unchanged\n", counted(r.Orders, "order"), counted(r.Items, "item"),
		counted(r.Payments, "payment"), counted(r.Parcels, "parcel"), verb, counted(r.Unchanged, "order"))
	for _, s := range r.Sums {
		fmt.Fprintf(out, "payments by %s: %d of %s in the files, %d of %s stored\n", s.Type,
			s.Payments, minor(s.Amount, s.Currency), s.StoredCount, minor(s.StoredAmount, s.Currency))
	}
	printRefusals(out, "refused", r.Refused)
	printRefusals(out, "taken without a part", r.Incomplete)
}

func printRefusals(out io.Writer, title string, rows []importer.Refusal) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(out, "%s %s:\n", counted(len(rows), "row"), title)
	for _, row := range rows {
		fmt.Fprintf(out, "  %s:%d: %s\n", row.File, row.Line, row.Reason)
	}
}

func minor(amount int64, currency string) string {
	return fmt.Sprintf("%d minor units %s", amount, currency)
}
