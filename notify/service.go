package notify

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// Bounds of one attempt.
const (
	// timeout is how long an endpoint may take to answer.
	timeout = 15 * time.Second
	// lease is how long a claimed delivery may be under way before its worker
	// counts as dead; above the timeout and the time to store the result.
	lease = 45 * time.Second
	// storing bounds one try to store results, even while the process stops.
	storing = 10 * time.Second
	// failingLimit is how long an endpoint may only fail before it is disabled.
	failingLimit = 5 * 24 * time.Hour
)

// DefaultPosts is how many deliveries a node has under way at once.
const DefaultPosts = 256

// Options says where endpoints may be, and who wants to know of them.
type Options struct {
	// AllowNets are private networks that endpoints may be in all the same.
	AllowNets []netip.Prefix
	// Resolver looks up endpoints' names; nil is the system's, and only tests
	// have another.
	Resolver *net.Resolver
	// Posts is how many deliveries are under way at once; 0: DefaultPosts.
	Posts int
	// Pace divides the waits between attempts, for load tests; 0 is 1. A wait
	// that an endpoint asked for is never shortened.
	Pace float64
}

// Service delivers events to merchants' endpoints.
type Service struct {
	db     *models.DB
	vault  *credentials.Vault
	opts   Options
	poster *poster
	log    *slog.Logger

	figures *monitor.Figures
	tracer  *monitor.Tracer

	mu      sync.Mutex
	running *dispatcher // nil while this node delivers nothing
}

// NewService wires the service.
func NewService(db *models.DB, vault *credentials.Vault, opts Options, log *slog.Logger) *Service {
	if opts.Posts <= 0 {
		opts.Posts = DefaultPosts
	}
	return &Service{db: db, vault: vault, opts: opts, poster: newPoster(opts), log: log}
}

// Start begins to deliver on this node, until Stop. The context is that of the
// attempts: it must outlive Stop.
func (s *Service) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = newDispatcher(ctx, s)
		go s.running.run()
	}
}

// Stop begins no more attempts, lets those under way finish for the given time,
// cuts off the rest, and returns when what came of them is stored.
func (s *Service) Stop(ctx context.Context, grace time.Duration) error {
	s.mu.Lock()
	d := s.running
	s.running = nil
	s.mu.Unlock()
	if d == nil {
		return nil
	}
	return d.stop(ctx, grace)
}

// Hear tells the service what changed, on this node or another, so that it need
// not wait for its next look. It does not block.
func (s *Service) Hear(hints []models.Hint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.ears.hear(hints)
	}
}

// Drain makes all deliveries that are due, and returns when none is left that
// may begin now.
func (s *Service) Drain(ctx context.Context) error {
	d := newDispatcher(ctx, s)
	d.draining = true
	d.run()
	if d.failure == nil {
		return ctx.Err()
	}
	return d.failure
}

// secrets are the signing secrets that are valid now, the newest first.
func (s *Service) secrets(e *models.Endpoint) ([]string, error) {
	current, err := s.vault.OpenEndpoint(e.MerchantID, e.ID, e.Secret)
	if err != nil {
		return nil, err
	}
	secrets := []string{current}
	for _, sealed := range e.PreviousSecrets(s.db.Now()) {
		old, err := s.vault.OpenEndpoint(e.MerchantID, e.ID, sealed)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, old)
	}
	return secrets, nil
}
