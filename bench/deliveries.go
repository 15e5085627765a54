package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/bench/chaos"
	"github.com/tillpost/tillpost/bench/deliveries"
)

// runDeliveries measures webhooks with few and with many endpoints.
func runDeliveries(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("deliveries", flag.ExitOnError)
	burst := flags.Int("burst", 5000, "events that wait when the workers start")
	rate := flags.Int("rate", 100, "orders a second of the second part")
	span := flags.Duration("time", 30*time.Second, "how long the second part takes")
	endpoints := flags.String("endpoints", "1,10,200", "numbers of endpoints; of more than one the last hangs")
	inFlight := flags.Int("in-flight", 0, "deliveries to one endpoint at once, as its merchant sets them; 0: as every endpoint begins")
	server := serverFlag(flags)
	metrics := flags.String("metrics-addr", "", "where the program shows its metrics meanwhile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Print(deliveries.Head)
	for text := range strings.SplitSeq(*endpoints, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-endpoints has %q: want numbers above 0", text)
		}
		o := deliveries.Options{Endpoints: n, InFlight: *inFlight, Burst: *burst, Rate: *rate, Time: *span}
		if err := measureDeliveries(ctx, o, *server, *metrics); err != nil {
			return err
		}
	}
	return nil
}

func measureDeliveries(ctx context.Context, o deliveries.Options, server, metrics string) (err error) {
	program, end, err := newProgram(ctx, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	program.env = []string{"TILLPOST_ALLOW_NETS=127.0.0.0/8", "TILLPOST_METRICS_ADDR=" + metrics}
	if err := startedBy(program, &o); err != nil {
		return err
	}
	report, err := deliveries.Run(ctx, o)
	if err != nil {
		return err
	}
	fmt.Print(report)
	return nil
}

// startedBy has a run start the program, with more flags.
func startedBy(program *program, o *deliveries.Options, more ...string) error {
	addr, err := chaos.FreeAddr()
	if err != nil {
		return err
	}
	o.Addr, o.Database, o.KeyFile, o.Log = addr, program.database, filepath.Join(program.folder, "tillpost.key"), progressf
	o.Start = func(ctx context.Context, workers bool) *exec.Cmd {
		args := append([]string{"serve", "--addr", addr}, more...)
		if !workers {
			args = append(args, "--no-workers")
		}
		return program.command(ctx, args...)
	}
	return nil
}
