package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/tillpost/tillpost/bench/deliveries"
)

// runLosses has webhooks lost on their way and looks whether each arrives.
func runLosses(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("losses", flag.ExitOnError)
	events := flags.Int("events", 5000, "orders to send, each of which makes one event")
	kills := flags.Int("kills", 20, "how often the program is killed meanwhile")
	rate := flags.Float64("rate", 0.3, "share of the requests that the merchants' server fails; a third of them it has taken")
	pace := flags.Float64("pace", 1200, "divides the waits between attempts")
	server := serverFlag(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	return prove(ctx, *server, func(p *program) (report, error) {
		p.env = []string{"TILLPOST_ALLOW_NETS=127.0.0.0/8"}
		o := deliveries.LossOptions{Options: deliveries.Options{Burst: *events}, Kills: *kills, Rate: *rate}
		if err := startedBy(p, &o.Options, "--pace", fmt.Sprint(*pace)); err != nil {
			return nil, err
		}
		return deliveries.Lose(ctx, o)
	})
}
