package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/handlers"
	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/workers"
)

// app is a node: everything wired, nothing running.
type app struct {
	config   *Config
	log      *slog.Logger
	db       *models.DB
	vault    *credentials.Vault
	hub      *live.Hub
	payments *payments.Service
	carriers *carriers.Service
	notify   *notify.Service
	tracking *tracking.Service
	alerts   *alerts.Service
	workers  *workers.Workers
	figures  *monitor.Figures
	tracer   *monitor.Tracer // nil: no traces are made
	machine  *monitor.Machine
	node     models.Node
	demo     bool

	background sync.WaitGroup
}

func newApp(ctx context.Context, c *Config, log *slog.Logger, o serveOptions) (*app, error) {
	db, err := openStore(ctx, c, making)
	if err != nil {
		return nil, err
	}
	keys, err := c.keysOrNew(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	vault := credentials.New(keys)
	o.policy.PublicURL = c.publicURL()
	a := &app{
		config: c, log: log, db: db, vault: vault, hub: live.New(log), demo: o.demo, figures: monitor.New(), node: newNode(o),
		payments: payments.NewService(db, vault, providers(), o.policy, log),
		carriers: carriers.NewService(db, vault, carrierAdapters(), carriers.Options{Pace: o.pace, PublicURL: c.publicURL()}, log),
		notify:   notify.NewService(db, vault, notify.Options{AllowNets: c.allowNets, Pace: o.resend}, log),
	}
	db.PublicURL = c.pagesURL(o.web)
	db.KeepAttempts = time.Duration(c.keepDays) * 24 * time.Hour
	a.tracking = tracking.NewService(db, keys, c.tracking(), log)
	db.Origin = monitor.Origin
	db.OnCommit = func(hints []models.Hint) {
		a.notify.Hear(hints)
		a.hub.Publish(hints)
	}
	a.hub.Overhear(a.notify.Hear)
	a.payments.Watch(a.figures)
	a.carriers.Watch(a.figures)
	if a.tracer = o.tracer; a.tracer == nil {
		if a.tracer, err = c.tracer(ctx, a.node.ID, log); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	a.notify.Watch(a.figures, a.tracer)
	a.machine = &monitor.Machine{Folder: c.watchedFolder(), Backup: c.BackupPath, Log: log, Unreadable: a.unreadable, Certificate: c.certificate()}
	a.alerts = alerts.NewService(db, vault, a.alertOptions(o), log)
	o.jobs.NodeID = a.node.ID
	a.workers, err = workers.New(workers.Services{
		DB: db, Payments: a.payments, Carriers: a.carriers, Notify: a.notify, Tracking: a.tracking, Log: log, Figures: a.figures, Tracer: a.tracer,
	}, o.jobs)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return a, nil
}

// tracking is what the service of recipients depends on.
func (c *Config) tracking() tracking.Options {
	return tracking.Options{CarrierName: views.CarrierName, Day: views.PlainDay, Sender: c.sender()}
}

// sender hands mails to the configured server; nil without one.
func (c *Config) sender() *mail.Sender {
	if c.smtp == nil {
		return nil
	}
	return mail.New(*c.smtp, mail.Options{AllowNets: c.allowNets})
}

// alertOptions is what alerts depend on.
func (a *app) alertOptions(o serveOptions) alerts.Options {
	return alerts.Options{
		Node: a.node.ID, Sender: a.config.sender(), Channels: a.config.channels, AllowNets: a.config.allowNets,
		HeartbeatURL: a.config.HeartbeatURL, Times: o.alerts, Machine: a.alertMachine,
		CarrierQuota: func(account *models.CarrierAccount) int {
			_, now := a.carriers.LimitsOf(account)
			return now.PerDay
		},
	}
}

// alertMachine is what alerts watch of this machine. The disk of a database
// elsewhere is for others to watch.
func (a *app) alertMachine() alerts.Machine {
	state := a.machine.State()
	seen := alerts.Machine{DiskFree: -1}
	if a.config.embedded() && state.DiskSize > 0 {
		seen.DiskFree = float64(state.DiskFree) / float64(state.DiskSize)
	}
	return seen
}

// startAlerts watches the installation until the context ends, on every node:
// one without workers notices that nobody works.
func (a *app) startAlerts(ctx context.Context) {
	a.background.Go(func() { a.alerts.Run(ctx) })
}

// startLive relays hints between nodes that share PostgreSQL, until the context ends.
func (a *app) startLive(ctx context.Context) {
	if a.db.Dialect != models.Postgres {
		return
	}
	a.background.Go(func() { live.Listen(ctx, a.db, a.hub) })
}

func (a *app) deps(appCtx context.Context, draining func() bool) handlers.Deps {
	return handlers.Deps{
		DB: a.db, Payments: a.payments, Carriers: a.carriers, Notify: a.notify, Tracking: a.tracking, Alerts: a.alerts, Vault: a.vault,
		Hub: a.hub, Log: a.log, Figures: a.figures, Tracer: a.tracer, Machine: a.machine,
		AppContext: appCtx, BaseURL: a.config.BaseURL, SecureCookies: strings.HasPrefix(a.config.BaseURL, "https://"),
		SchemaCurrent: a.schemaCurrent, SandboxTokens: sandboxTokens(),
		Draining: draining, TrustedProxies: a.config.proxies, Demo: a.demo,
	}
}

// sandboxTokens is what the documentation says of the sandbox's tokens.
func sandboxTokens() []views.DocsToken {
	var tokens []views.DocsToken
	for _, o := range sandbox.Outcomes() {
		tokens = append(tokens, views.DocsToken{Token: o.Token, Text: o.Description, Class: o.Class, Code: o.Code})
	}
	return tokens
}

// schemaCurrent says whether the database's schema is the one of this binary.
func (a *app) schemaCurrent(ctx context.Context) (bool, error) {
	status, err := migrations.Read(ctx, target(a.db))
	return err == nil && !status.Pending() && !status.Newer(), err
}

// close waits for what runs in the background, whose context has ended, sends
// what is left of traces, and closes the database.
func (a *app) close() error {
	a.background.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), tracesTimeout)
	defer cancel()
	if err := a.tracer.Stop(ctx); err != nil { // traces that are lost are no reason to fail
		a.log.WarnContext(ctx, "traces were not all sent", "error", err)
	}
	return a.db.Close()
}
