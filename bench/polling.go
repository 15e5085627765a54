package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tillpost/tillpost/bench/polling"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
)

// runPolling follows parcels for a simulated time on an embedded database.
func runPolling(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("polling", flag.ExitOnError)
	parcels := flags.Int("parcels", 100_000, "parcels to follow")
	days := flags.Int("days", 7, "days over which they are sent")
	after := flags.Int("after", 7, "days for which they are followed after that")
	only := flags.String("only", "", "follow the parcels of those accounts alone whose names hold it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tillpost-polling-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	address := "sqlite://" + filepath.Join(folder, "tillpost.db")
	db, err := models.Open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := migrations.Up(ctx, migrations.Target{SQL: db.SQL(), Pool: db.Pool()}); err != nil {
		return err
	}
	start := time.Now()
	log := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%7s  "+format+"\n", append([]any{time.Since(start).Round(time.Second)}, args...)...)
	}
	report, err := polling.Run(ctx, db, polling.Options{Parcels: *parcels, Days: *days, After: *after, Only: *only, Log: log})
	if err != nil {
		return err
	}
	fmt.Printf("%s%s on this machine\n", report.Text, time.Since(start).Round(time.Second))
	return report.Err()
}
