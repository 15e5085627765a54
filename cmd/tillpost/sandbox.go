package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/sandbox"
)

func sandboxCommand() *cobra.Command {
	var (
		addr, journal, level string
		hang                 time.Duration
		carrierRate          int
		parcelPace           float64
		asJSON               bool
	)
	cmd := &cobra.Command{
		Use: "sandbox", Short: "Run the fake payment providers and carriers on their own", Args: noArgs,
		Long: "Run the fake payment providers and carriers on their own. They speak the real ones' formats,\n" +
			"with faults on demand and a ledger, at /ledger, of what was really charged.",
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8090", "listen address")
	cmd.Flags().StringVar(&journal, "journal", "", "file that keeps the state over a restart")
	cmd.Flags().DurationVar(&hang, "hang", 5*time.Minute, "how long a request that never gets an answer is held")
	cmd.Flags().IntVar(&carrierRate, "carrier-rate", 0, "calls a second that each credential may make at the carriers; 0: any number")
	cmd.Flags().Float64Var(&parcelPace, "parcel-pace", 1, "how many times faster than real parcels those of the sandbox travel")
	cmd.Flags().StringVar(&level, "log", "info", "level and format: info, debug,json …")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		log, err := (&Config{Log: level}).logger()
		if err != nil {
			return err
		}
		listener, err := listen(cmd.Context(), addr, "--addr")
		if err != nil {
			return err
		}
		fake, err := sandbox.New(sandbox.Options{
			Journal: journal, HangMax: hang, Logger: log, CarrierRate: carrierRate, ParcelPace: parcelPace,
		})
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		server := &http.Server{Handler: fake.Handler(), ReadHeaderTimeout: 10 * time.Second}
		stop := context.AfterFunc(cmd.Context(), func() {
			_ = fake.Close() // reported below
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			_ = server.Shutdown(ctx) // what is left after two seconds is cut
		})
		defer stop()
		url := "http://" + listener.Addr().String()
		if err := show(cmd, asJSON, map[string]string{"url": url}, "sandbox at %s, ledger at %s/ledger", url, url); err != nil {
			return err
		}
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("sandbox: %w", err)
		}
		return fake.Close()
	}
	return cmd
}
