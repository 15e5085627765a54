package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/settlement"
)

func reconcileCommand() *cobra.Command {
	var (
		merchant, gateway, format string
		dryRun, asJSON            bool
	)
	cmd := &cobra.Command{
		Use: "reconcile FILE", Short: "Compare a provider's settlement file with what is stored",
		Args: oneArg,
	}
	cmd.Flags().StringVar(&merchant, "merchant", "", "merchant (id or ref) whose account it is")
	cmd.Flags().StringVar(&gateway, "gateway", "", "payment account, by name or id")
	cmd.Flags().StringVar(&format, "format", "", "stripe or csv")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "read and match everything, write nothing")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := required(cmd, "merchant", "gateway", "format"); err != nil {
			return err
		}
		if !slices.Contains(settlement.Formats, format) {
			return usageError{fmt.Errorf("--format %q is unknown: want stripe or csv", format)}
		}
		return withStore(cmd.Context(), existing, func(db *models.DB, _ *Config) error {
			account, err := findGateway(cmd.Context(), db, merchant, gateway)
			if err != nil {
				return err
			}
			r, err := reconcile(cmd, db, account, args[0], settlement.Options{Format: format, DryRun: dryRun, Actor: cliActor()})
			if err != nil {
				return err
			}
			if asJSON {
				return show(cmd, true, r, "")
			}
			printReconciled(cmd.OutOrStdout(), r)
			return nil
		})
	}
	return cmd
}

// reconciled is what the command found, with all lines that differ.
type reconciled struct {
	settlement.Report

	Found []reconciledLine `json:"found"`
}

// reconciledLine is a line that differs.
type reconciledLine struct {
	Line              int64                 `json:"line"` // 0: the file has none
	Difference        models.Difference     `json:"difference"`
	Kind              models.SettlementKind `json:"kind"`
	ProviderReference string                `json:"provider_reference"`
	Reference         string                `json:"reference"`
	PaymentID         *string               `json:"payment_id"`
	RefundID          *string               `json:"refund_id"`
	Amount            int64                 `json:"amount"` // minor units, in the file
	Currency          string                `json:"currency"`
	ExpectedAmount    int64                 `json:"expected_amount"` // minor units, here
	ExpectedCurrency  string                `json:"expected_currency"`
	OccurredAt        *time.Time            `json:"occurred_at"`
}

func reconcile(cmd *cobra.Command, db *models.DB, account *models.GatewayAccount, path string, o settlement.Options) (*reconciled, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read from
	o.Name, o.Progress = filepath.Base(path), byteProgress(cmd.ErrOrStderr())
	report, err := settlement.Import(cmd.Context(), db, account, file, o)
	if err != nil {
		return nil, err
	}
	r := &reconciled{Report: report, Found: []reconciledLine{}}
	r.add(report.Differing())
	if report.FileID == "" {
		return r, nil
	}
	for after := int64(0); ; {
		lines, err := db.SettlementDifferences(cmd.Context(), report.FileID, models.DifferenceFilter{}, after, 1000)
		if err != nil || len(lines) == 0 {
			return r, err
		}
		r.add(lines)
		after = lines[len(lines)-1].Position
	}
}

func (r *reconciled) add(lines []models.SettlementLine) {
	for i := range lines {
		l := &lines[i]
		found := reconciledLine{
			Line: l.Position, Difference: l.Difference, Kind: l.Kind, ProviderReference: l.ProviderReference, Reference: l.Reference,
			PaymentID: l.PaymentID, RefundID: l.RefundID, ExpectedAmount: l.ExpectedAmount, ExpectedCurrency: l.ExpectedCurrency,
			OccurredAt: l.OccurredAt,
		}
		found.Amount, found.Currency = l.Compared()
		if l.Difference == models.MissingThere {
			found.Line = 0
		}
		r.Found = append(r.Found, found)
	}
}

// findGateway finds a merchant's payment account by id or name.
func findGateway(ctx context.Context, db *models.DB, merchant, gateway string) (*models.GatewayAccount, error) {
	m, err := findMerchant(ctx, db, merchant)
	if err != nil {
		return nil, err
	}
	accounts, err := db.GatewayAccounts(ctx, models.MerchantScope(m.ID))
	if err != nil {
		return nil, err
	}
	for i := range accounts {
		if accounts[i].ID == gateway || accounts[i].Name == gateway {
			return &accounts[i], nil
		}
	}
	return nil, fmt.Errorf("no payment account %q of merchant %q: 'tillpost gateway list' shows all", gateway, merchant)
}

// byteProgress draws a bar on a terminal and nothing elsewhere.
func byteProgress(out io.Writer) func(done, total int64) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("lines"),
				progressbar.OptionShowBytes(true), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(done) // a bar that cannot be drawn must not stop the work
	}
}

func printReconciled(out io.Writer, r *reconciled) {
	switch {
	case r.Unchanged:
		fmt.Fprintf(out, "read before as %s; what was found then:\n", r.FileID)
	case r.DryRun:
		fmt.Fprintln(out, "nothing is stored; what would be:")
	default:
		fmt.Fprintf(out, "stored as %s\n", r.FileID)
	}
	fmt.Fprintf(out, "%s, %s\n", counted(int(r.Lines), "line"), counted(len(r.Found), "difference"))
	for _, s := range r.Sums {
		fmt.Fprintf(out, "%s: %s, %s, fees %d\n", s.Kind, counted(int(s.Lines), "line"), minor(s.Amount, s.Currency), s.Fee)
	}
	for _, l := range r.Found {
		payment := "no payment"
		if l.PaymentID != nil {
			payment = *l.PaymentID
		}
		fmt.Fprintf(out, "  %s: line %d, %s %s%s of %s; here %d %s of %s\n", l.Difference, l.Line, l.Kind, l.ProviderReference, l.Reference,
			minor(l.Amount, l.Currency), l.ExpectedAmount, l.ExpectedCurrency, payment)
	}
	if r.Unchecked > 0 {
		fmt.Fprintf(out, "%d payments and refunds in currencies that the file does not have were not looked for\n", r.Unchecked)
	}
	if len(r.Refused) > 0 {
		fmt.Fprintf(out, "%s refused:\n", counted(len(r.Refused), "line"))
	}
	for _, refused := range r.Refused {
		fmt.Fprintf(out, "  line %d: %s\n", refused.Position, refused.Reason)
	}
}
