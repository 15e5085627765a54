// Package alerts watches the installation from inside: rules find what is wrong,
// incidents remember it, and messages tell people who can mend it, by mail and
// through the channels of their chats.
//
// One node of all that are alive evaluates the rules, and any of them sends the
// messages. Neither needs the job queue, whose standstill is one of the things
// that people must hear of. An incident and the messages about it are written in
// one transaction, so that a process may die at any point.
package alerts

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// Options is what the service depends on. The zero value of a duration is its
// default.
type Options struct {
	Times

	// Node names this process among others.
	Node string
	// Sender is the mail server; nil when there is none.
	Sender *mail.Sender
	// Channels are those of the configuration.
	Channels []Configured
	// AllowNets are private networks that channels of pages may reach all the same.
	AllowNets []netip.Prefix
	// HeartbeatURL is asked every minute while all is alive; empty: nothing is.
	HeartbeatURL string
	// Machine looks at the machine of this node; nil: nobody does.
	Machine func() Machine
	// CarrierQuota is how many calls a day an account may make; 0: no quota.
	CarrierQuota func(a *models.CarrierAccount) int
}

// Times are how often things are done; zero is the usual. The last two shorten
// what the rules say, for tests.
type Times struct {
	Every         time.Duration // between two evaluations, over all nodes
	SendEvery     time.Duration // between two looks for messages
	HeartbeatWait time.Duration // between two heartbeats
	Hold          time.Duration // the longest that anything found must last
	Clear         time.Duration // the longest that it must be gone
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&o.Every, 10*time.Second)
	set(&o.SendEvery, 2*time.Second)
	set(&o.HeartbeatWait, time.Minute)
	if o.CarrierQuota == nil {
		o.CarrierQuota = func(a *models.CarrierAccount) int { return a.QuotaPerDay }
	}
	return o
}

// Service evaluates, tells and keeps account of it.
type Service struct {
	db      *models.DB
	vault   *credentials.Vault
	opts    Options
	log     *slog.Logger
	outside *http.Client // for addresses that somebody entered on a page
	own     *http.Client // for those of the configuration
	probes  probes
	wake    chan struct{} // there may be messages to send
	outbox  outbox
	// patience is how long the loops wait for the database, each time: of a server
	// that is gone without a word the system tells after a quarter of an hour.
	patience time.Duration
}

const (
	channelTimeout = 10 * time.Second
	maxAnswer      = 64 << 10
)

// NewService wires the service; Run makes it work.
func NewService(db *models.DB, vault *credentials.Vault, opts Options, log *slog.Logger) *Service {
	return &Service{
		db: db, vault: vault, opts: opts.withDefaults(), log: log,
		outside: safehttp.New(safehttp.Options{Timeout: channelTimeout, MaxBody: maxAnswer, BlockPrivate: true, Allow: opts.AllowNets}),
		own:     safehttp.New(safehttp.Options{Timeout: channelTimeout, MaxBody: maxAnswer}),
		wake:    make(chan struct{}, 1),
		outbox:  outbox{targets: map[string]bool{}, failing: map[string]int{}},

		patience: 20 * time.Second,
	}
}

// Mails says whether this node can send mails.
func (s *Service) Mails() bool { return s.opts.Sender != nil }

// Configured are the channels of the configuration.
func (s *Service) Configured() []Configured { return s.opts.Channels }

// Run evaluates and sends until the context ends. Every node runs it.
func (s *Service) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { s.loop(ctx, "evaluate alerts", s.opts.Every/2, nil, s.Evaluate) })
	running.Go(func() {
		s.loop(ctx, "send alerts", s.opts.SendEvery, s.wake, func(ctx context.Context) error {
			_, err := s.begin(ctx, &running, func(err error) { s.log.ErrorContext(ctx, "send alerts failed", "error", err) })
			return err
		})
	})
	running.Wait()
}

// loop calls work again and again; a panic of it is logged and ends one call.
func (s *Service) loop(ctx context.Context, name string, every time.Duration, wake <-chan struct{}, work func(context.Context) error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := s.guarded(ctx, work); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, name+" failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
	}
}

// store is db.Write for the loops.
func (s *Service) store(ctx context.Context, work func(tx *models.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	return s.db.Write(ctx, work)
}

var errPanic = errors.New("panic")
