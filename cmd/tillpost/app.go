package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/handlers"
	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/sandbox"
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
	workers  *workers.Workers
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
		config: c, log: log, db: db, vault: vault, hub: live.New(log), demo: o.demo,
		payments: payments.NewService(db, vault, providers(), o.policy, log),
		carriers: carriers.NewService(db, vault, carrierAdapters(), carriers.Options{Pace: o.pace}, log),
		notify:   notify.NewService(db, vault, notify.Options{AllowNets: c.allowNets}, log),
	}
	db.OnCommit = a.hub.Publish
	a.workers, err = workers.New(workers.Services{
		DB: db, Payments: a.payments, Carriers: a.carriers, Notify: a.notify, Log: log,
	}, o.jobs)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return a, nil
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
		DB: a.db, Payments: a.payments, Carriers: a.carriers, Notify: a.notify, Vault: a.vault, Hub: a.hub, Log: a.log,
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

// close waits for what runs in the background, whose context has ended, and
// closes the database.
func (a *app) close() error {
	a.background.Wait()
	return a.db.Close()
}
