package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/handlers"
	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/workers"
)

// maxConnections bounds open connections of the web listener.
const maxConnections = 12000

// settling is how long jobs that were cut off may take to store what they know.
const settling = 15 * time.Second

// stopGrace is how long requests and jobs under way may take to finish when a
// node stops; a call of a provider that is cut off then is looked up later.
const stopGrace = 10 * time.Second

func serveCommand() *cobra.Command {
	var (
		noWorkers bool
		pace      float64
	)
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve web, API and background workers in one process", Args: noArgs,
	}
	c := bindConfig(cmd)
	cmd.Flags().BoolVar(&noWorkers, "no-workers", false, "serve web and API only; other nodes run the workers")
	paceFlag(cmd, &pace)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(c.complete(), checkPace(pace)); err != nil {
			return err
		}
		return serve(cmd.Context(), c, serveOptions{
			web: true, workers: !noWorkers, pace: pace, resend: pace,
			policy: payments.DefaultPolicy().Paced(pace), jobs: workers.DefaultOptions(), grace: stopGrace,
		})
	}
	return cmd
}

func workCommand() *cobra.Command {
	var pace float64
	cmd := &cobra.Command{Use: "work", Short: "Run background workers only, for a node without web", Args: noArgs}
	c := bindConfig(cmd, "addr", "base-url", "trusted-proxies") // it listens nowhere
	paceFlag(cmd, &pace)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := errors.Join(c.complete(), c.checkLinks(), checkPace(pace)); err != nil {
			return err
		}
		return serve(cmd.Context(), c, serveOptions{
			workers: true, pace: pace, resend: pace, policy: payments.DefaultPolicy().Paced(pace), jobs: workers.DefaultOptions(), grace: stopGrace,
		})
	}
	return cmd
}

// paceFlag lets load tests see in minutes what otherwise takes days.
func paceFlag(cmd *cobra.Command, pace *float64) {
	cmd.Flags().Float64Var(pace, "pace", 1, "divides the waits between retries, inquiries and polls, for load tests")
}

func checkPace(pace float64) error {
	if !(pace > 0) || math.IsInf(pace, 1) {
		return usageError{fmt.Errorf("--pace=%v is wrong: want a number above 0", pace)}
	}
	return nil
}

// serveOptions say what a node does.
type serveOptions struct {
	web, workers bool
	demo         bool
	pace         float64 // of carrier polls; 0 is 1
	resend       float64 // the pace of retried webhooks; 0 is 1
	policy       payments.Policy
	jobs         workers.Options
	alerts       alerts.Times // for tests; zero: the usual ones
	grace        time.Duration
	tracer       *monitor.Tracer                         // nil: as the configuration says
	ready        func(ctx context.Context, a *app) error // called when everything runs; ctx ends when it stops
}

// serve runs a node until the context ends, then stops it in order: no new
// visitors, live streams closed, requests and jobs finished, database closed.
func serve(ctx context.Context, c *Config, o serveOptions) (err error) {
	log, err := c.logger()
	if err != nil {
		return err
	}
	listener, closeWeb, err := listenWeb(ctx, c, o)
	if err != nil {
		return err
	}
	defer closeWeb()
	a, err := newApp(ctx, c, log, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()

	var draining atomic.Bool
	stopOps, err := serveOps(ctx, a, draining.Load)
	if err != nil {
		return err
	}
	defer stopOps()

	appCtx, stopApp := context.WithCancel(context.WithoutCancel(ctx))
	defer stopApp()
	failed := make(chan error, 1)
	stopWeb := func(context.Context) error { return nil }
	if o.web {
		stopWeb = startWeb(appCtx, a, listener, draining.Load, o.grace, failed)
	}
	a.startLive(appCtx)
	a.startAlerts(appCtx)
	if o.workers {
		if err := a.workers.Start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	a.startBeats(appCtx)
	a.announce(ctx, o)
	readyCtx, stopReady := context.WithCancel(ctx)
	defer stopReady()
	if o.ready != nil {
		if err := o.ready(readyCtx, a); err != nil {
			fail(failed, err)
		}
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case err = <-failed:
	}
	draining.Store(true)
	stopApp()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.grace+settling)
	defer cancel()
	a.hub.Close()
	web := make(chan error, 1)
	go func() { web <- stopWeb(stopping) }()
	if o.workers {
		err = errors.Join(err, a.workers.Stop(stopping, o.grace))
	}
	return errors.Join(err, <-web)
}

// announce logs that the node is ready, and where.
func (a *app) announce(ctx context.Context, o serveOptions) {
	attributes := []any{"web", o.web, "workers", o.workers, "database", a.db.Dialect}
	if o.web {
		attributes = append(attributes, "addr", a.config.Addr, "url", a.config.BaseURL)
	}
	a.log.InfoContext(ctx, "ready", attributes...)
}

// fail reports what ends a node; the first reason is the one that counts.
func fail(failed chan<- error, err error) {
	select {
	case failed <- err:
	default:
	}
}

// listenWeb opens the address of the pages and the API, if the node has them,
// and returns how to close it when starting fails.
func listenWeb(ctx context.Context, c *Config, o serveOptions) (listener net.Listener, closing func(), err error) {
	if !o.web {
		return nil, func() {}, nil
	}
	listener, err = listen(ctx, c.Addr, c.name("TILLPOST_ADDR"))
	if err != nil {
		return nil, nil, err
	}
	c.listening(listener.Addr())
	return listener, func() { _ = listener.Close() }, nil // closed already, unless starting failed
}

// listen opens a TCP listener and says in plain words why it cannot.
func listen(ctx context.Context, addr, variable string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err == nil {
		return listener, nil
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: another program already listens on %s; stop it or choose another address", variable, addr)
	}
	return nil, fmt.Errorf("%s: cannot listen on %s: %w", variable, addr, errors.Unwrap(err))
}

// startWeb serves until the returned function is called.
func startWeb(
	appCtx context.Context, a *app, listener net.Listener, draining func() bool, grace time.Duration, failed chan<- error,
) func(context.Context) error {
	web := handlers.New(a.deps(appCtx, draining))
	go func() {
		if err := web.Listener(handlers.Listener(listener, maxConnections, a.figures)); err != nil {
			fail(failed, fmt.Errorf("serve: %w", err))
		}
	}()
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		if err := web.ShutdownWithContext(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop web: %w", err)
		}
		return nil
	}
}

// serveOps starts the separate listener of /metrics, /healthz and /readyz, if
// there is one.
func serveOps(ctx context.Context, a *app, draining func() bool) (stop func(), err error) {
	if a.config.MetricsAddr == "" {
		return func() {}, nil
	}
	listener, err := listen(ctx, a.config.MetricsAddr, a.config.name("TILLPOST_METRICS_ADDR"))
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handlers.OpsHandler(a.deps(ctx, draining)), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("metrics listener ended", "error", err)
		}
	}()
	return func() { _ = server.Close() }, nil // nothing of it needs saving
}
