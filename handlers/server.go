// Package handlers is the HTTP side of Tillpost: pages for people, JSON for
// shops, webhooks from providers. A handler parses, makes one call of a service
// or of the store, and renders; who may call it stands in the route table.
package handlers

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/static"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
)

// Deps is what the handlers work with.
type Deps struct {
	DB       *models.DB
	Payments *payments.Service
	Carriers *carriers.Service
	Notify   *notify.Service
	Tracking *tracking.Service
	Alerts   *alerts.Service
	Vault    *credentials.Vault
	Hub      *live.Hub
	Log      *slog.Logger
	Figures  *monitor.Figures // of this process; nil counts nothing
	Tracer   *monitor.Tracer  // nil traces nothing
	Machine  *monitor.Machine // nil: nobody looks at it
	// Passwords are checked by it; nil does so at secret.PasswordCost.
	Passwords *secret.Passwords
	// AppContext ends when the process begins to stop: live streams end with it
	// at once, requests under way get a few seconds more.
	AppContext context.Context //nolint:containedctx // the life of the process, not of a call
	// BaseURL is the public address, without a slash at its end.
	BaseURL string
	// SecureCookies is set when browsers reach BaseURL by https.
	SecureCookies bool
	// Draining says that the node takes no new visitors; nil means never.
	Draining func() bool
	// SchemaCurrent says whether the database's schema is the one of this binary;
	// nil leaves it unchecked.
	SchemaCurrent func(ctx context.Context) (bool, error)
	// SandboxTokens are what the API's documentation says of payment tokens.
	SandboxTokens []views.DocsToken
	// TrustedProxies are addresses and networks whose X-Forwarded-For counts.
	TrustedProxies []string
	// Demo marks pages as made up.
	Demo bool
}

// Limits of requests. There is no limit for writing answers, because it would
// cut live streams; those have a deadline for each write.
const (
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	readBuffer     = 16 << 10 // of request headers
	maxBody        = 1 << 20
	requestTimeout = 30 * time.Second
	stopGrace      = 10 * time.Second // for requests under way when the process stops
)

// server is what the handlers share.
type server struct {
	Deps

	sessions *sessionStore
	logins   *ipLimiter
	visits   *ipLimiter     // of pages for customers
	guesses  *ipLimiter     // at who a parcel is for, by address
	proofs   *parcelLimiter // and by parcel
	hooks    *hookLimiter
	streams  *streams
	proxies  proxies
	zipped   *zipped
	ready    readiness
	base     context.Context //nolint:containedctx // parent of all requests' contexts
}

// New builds the application; cmd runs it on a Listener.
func New(d Deps) *fiber.App {
	if d.Draining == nil {
		d.Draining = func() bool { return false }
	}
	if d.Passwords == nil {
		d.Passwords = secret.NewPasswords(secret.PasswordCost())
	}
	d.BaseURL = strings.TrimRight(d.BaseURL, "/")
	s := &server{
		Deps:     d,
		sessions: newSessionStore(d.DB, d.SecureCookies),
		logins:   newIPLimiter(loginsPerIP, loginsPerNet),
		visits:   newIPLimiter(visitsPerIP, visitsPerNet),
		guesses:  newIPLimiter(guessesPerIP, guessesPerNet),
		proofs:   newParcelLimiter(),
		hooks:    newHookLimiter(),
		streams:  newStreams(),
		proxies:  newProxies(d.TrustedProxies),
		zipped:   &zipped{files: map[string][]byte{}},
		base:     requestsContext(d.AppContext),
	}
	app := fiber.New(fiber.Config{
		AppName:               "Tillpost",
		Immutable:             true, // strings of a request are kept beyond it; without this they change
		ReadTimeout:           readTimeout,
		IdleTimeout:           idleTimeout,
		ReadBufferSize:        readBuffer,
		BodyLimit:             maxBody,
		DisableStartupMessage: true,
		ErrorHandler:          s.fail,
		// identify sets the header, whatever the client sent.
		ProxyHeader:             clientHeader,
		EnableTrustedProxyCheck: true,
		TrustedProxies:          d.TrustedProxies,
	})
	app.Server().HeaderReceived = s.uploadLimits
	app.Use(s.identify, s.limitTime, s.traceRequest, s.logAccess, s.recoverPanic, s.secureHeaders)
	app.Get("/healthz", s.healthz)
	app.Get("/readyz", s.readyz)
	app.Get(static.Prefix+":hash/:name", s.serveStatic)
	registerAPI(app, s)
	registerHooks(app, s)
	registerTracking(app, s)
	for _, r := range s.pages() {
		s.mount(app, r)
	}
	app.Use(s.notFound)
	go s.watchSessions(d.AppContext)
	return app
}

// mount registers a page behind what every page needs: the viewer, the right
// to be here, and proof that a form is ours.
func (s *server) mount(app *fiber.App, r route) {
	page := func(c *fiber.Ctx) error {
		v, err := s.viewer(c)
		if err != nil {
			return err
		}
		if !r.access.allows(v.Role) {
			return s.turnAway(c, v)
		}
		if err := s.checkForm(c, v); err != nil {
			s.Figures.Denied(monitor.DeniedForm)
			return err
		}
		return r.handle(c, v)
	}
	app.Add(r.method, r.path, limitForm, s.withSession, page)
	if r.method == fiber.MethodGet && r.path != livePath { // to open a stream without reading it makes no sense
		app.Add(fiber.MethodHead, r.path, limitForm, s.withSession, page)
	}
}

// requestsContext is the parent of requests' contexts: it ends some time after
// the process began to stop, so that requests under way can finish.
func requestsContext(app context.Context) context.Context {
	ctx, cancel := context.WithCancel(context.WithoutCancel(app))
	context.AfterFunc(app, func() { time.AfterFunc(stopGrace, cancel) })
	return ctx
}
