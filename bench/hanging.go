package main

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tillpost/tillpost/bench/chaos"
	"github.com/tillpost/tillpost/bench/hanging"
)

// runHanging measures what a carrier that does not answer does to the others.
func runHanging(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("hanging", flag.ExitOnError)
	accounts := flags.Int("accounts", 10, "carrier accounts, one of which hangs")
	parcels := flags.Int("parcels", 40, "parcels of each account; the one that hangs has ten times as many")
	pace := flags.Float64("pace", 120, "divides the waits between polls, which are two hours")
	calm := flags.Duration("calm", 2*time.Minute, "how long all answer")
	hangs := flags.Duration("hangs", 6*time.Minute, "how long one hangs then")
	server := serverFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	return prove(ctx, *server, func(p *program) (report, error) {
		addr, err := chaos.FreeAddr()
		if err != nil {
			return nil, err
		}
		return hanging.Run(ctx, hanging.Options{
			Accounts: *accounts, Parcels: *parcels, Pace: *pace, Calm: *calm, Hangs: *hangs,
			Addr: addr, Database: p.database, KeyFile: filepath.Join(p.folder, "tillpost.key"), Log: progressf,
			Start: func(ctx context.Context) *exec.Cmd {
				return p.command(ctx, "serve", "--addr", addr, "--pace", fmt.Sprint(*pace))
			},
		})
	})
}
