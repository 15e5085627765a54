// Command bench runs load scenarios against the real program and prints their
// figures; RESULTS.md keeps those that were measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/tillpost/tillpost/bench/chaos"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	if len(os.Args) < 2 || os.Args[1] != "chaos" {
		return errors.New("usage: bench chaos [flags]")
	}
	flags := flag.NewFlagSet("chaos", flag.ExitOnError)
	payments := flags.Int("payments", 1000, "payments to send")
	kills := flags.Int("kills", 20, "how often the node is killed meanwhile")
	clients := flags.Int("clients", 8, "shops that send at the same time")
	pace := flags.Float64("pace", 60, "divides the waits between inquiries and retries")
	providers := flags.String("providers", "sandbox", "kinds of payment accounts, separated by commas, or all")
	faults := flags.Float64("faults", 0, "share of the bank's answers and webhooks with which something goes wrong, beside the outcomes of tokens")
	server := flags.String("server", "", "PostgreSQL server to make a database on; SQLite in a temporary folder when empty")
	settle := flags.Duration("settle", 12*time.Minute, "how long to wait for the last outcome")
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "tillpost-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "tillpost")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/tillpost").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	database := "sqlite://" + filepath.Join(folder, "tillpost.db")
	if *server != "" {
		var drop func() error
		if database, drop, err = makeDatabase(ctx, *server); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, drop()) }()
	}
	bank, err := chaos.OpenBank(time.Minute)
	if err != nil {
		return err
	}
	defer bank.Close()
	addr, err := chaos.FreeAddr()
	if err != nil {
		return err
	}
	program := func(ctx context.Context, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, args...)
		cmd.Env = append(os.Environ(), "TILLPOST_DATA="+folder, "TILLPOST_DATABASE_URL="+database, "TILLPOST_LOG=error")
		cmd.Stderr = os.Stderr
		return cmd
	}
	if out, err := program(ctx, "migrate", "up").Output(); err != nil {
		return fmt.Errorf("migrate: %w: %s", err, out)
	}
	kinds := chaos.Kinds
	if *providers != "all" {
		kinds = strings.Split(*providers, ",")
	}
	key, lanes, err := bank.Setup(func(args ...string) ([]byte, error) { return program(ctx, args...).Output() }, addr, kinds...)
	if err != nil {
		return err
	}
	if err := bank.Fault(*faults); err != nil {
		return err
	}
	report, err := chaos.Run(ctx, chaos.Options{
		Payments: *payments, Kills: *kills, Clients: *clients, Lanes: lanes, Settle: *settle,
		API: "http://" + addr + "/api/v1", Key: key, Ledger: bank.Ledger,
		Start: func(ctx context.Context) *exec.Cmd {
			return program(ctx, "serve", "--addr", addr, "--pace", fmt.Sprint(*pace))
		},
		Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	fmt.Printf("accepted %d, kills %d, statuses %v\nneeds_review %v\ndoubled %d, lost %d, unsettled %d, mismatched %d\n%s in all, %s after the last payment\n",
		report.Accepted, report.Kills, report.Statuses, report.Reviews, len(report.Doubled), len(report.Lost), len(report.Unsettled),
		len(report.Mismatched), report.Elapsed.Round(time.Second), report.AfterKills.Round(time.Second))
	return report.Err()
}
