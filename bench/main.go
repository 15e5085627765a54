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

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "chaos":
			return runChaos(ctx, os.Args[2:])
		case "forged":
			return runForged(ctx, os.Args[2:])
		case "polling":
			return runPolling(ctx, os.Args[2:])
		case "deliveries":
			return runDeliveries(ctx, os.Args[2:])
		case "losses":
			return runLosses(ctx, os.Args[2:])
		case "hostile":
			return runHostile(ctx, os.Args[2:])
		case "hanging":
			return runHanging(ctx, os.Args[2:])
		}
	}
	return errors.New("usage: bench chaos|forged|polling|deliveries|losses|hostile|hanging [flags]")
}

func runChaos(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("chaos", flag.ExitOnError)
	payments := flags.Int("payments", 1000, "payments to send")
	kills := flags.Int("kills", 20, "how often the node is killed meanwhile")
	clients := flags.Int("clients", 8, "shops that send at the same time")
	pace := flags.Float64("pace", 60, "divides the waits between inquiries and retries")
	providers := flags.String("providers", "sandbox", "kinds of payment accounts, separated by commas, or all")
	faults := flags.Float64("faults", 0, "share of the bank's answers and webhooks with which something goes wrong, beside the outcomes of tokens")
	server := serverFlag(flags)
	settle := flags.Duration("settle", 12*time.Minute, "how long to wait for the last outcome")
	if err := flags.Parse(args); err != nil {
		return err
	}
	program, end, err := newProgram(ctx, *server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	bank, err := chaos.OpenBank(time.Minute)
	if err != nil {
		return err
	}
	defer bank.Close()
	addr, err := chaos.FreeAddr()
	if err != nil {
		return err
	}
	kinds := chaos.Kinds
	if *providers != "all" {
		kinds = strings.Split(*providers, ",")
	}
	key, lanes, err := bank.Setup(program.run(ctx), "Chaos", addr, kinds...)
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
			return program.command(ctx, "serve", "--addr", addr, "--pace", fmt.Sprint(*pace))
		},
		Log: progressf,
	})
	if err != nil {
		return err
	}
	fmt.Printf("accepted %d, kills %d, statuses %v\nneeds_review %v\ndoubled %d, lost %d, unsettled %d, mismatched %d\n%s in all, %s after the last payment\n",
		report.Accepted, report.Kills, report.Statuses, report.Reviews, len(report.Doubled), len(report.Lost), len(report.Unsettled),
		len(report.Mismatched), report.Elapsed.Round(time.Second), report.AfterKills.Round(time.Second))
	return report.Err()
}
