package main

import (
	"context"
	"flag"
	"time"

	"github.com/tillpost/tillpost/bench/deliveries"
)

// runHostile measures what hostile endpoints do to the others.
func runHostile(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("hostile", flag.ExitOnError)
	rate := flags.Int("rate", 30, "orders a second, over all endpoints")
	span := flags.Duration("time", time.Minute, "how long all rounds with hostility take, and those without")
	server := serverFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	return prove(ctx, *server, func(p *program) (report, error) {
		p.env = []string{"TILLPOST_ALLOW_NETS=" + deliveries.Receivers + "/32"}
		o := deliveries.Options{Rate: *rate, Time: *span}
		if err := startedBy(p, &o); err != nil {
			return nil, err
		}
		return deliveries.Hostile(ctx, o)
	})
}
