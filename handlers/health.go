package handlers

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Bounds of the readiness check.
const (
	readyTimeout = time.Second
	schemaTTL    = 30 * time.Second // how long a schema that was current is taken to be
)

// errSchema means that the database's schema is not the one of this binary.
var errSchema = errors.New("the database's schema is of another version")

// readiness remembers what need not be asked at every check.
type readiness struct {
	schemaUntil atomic.Int64 // unix nanoseconds
}

// healthy is what a process that is alive answers.
const healthy = "ok"

// healthz says that the process is alive. It does not ask the database, whose
// outage is no reason to restart every node.
func (s *server) healthz(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(fiber.Map{"status": healthy})
}

// readyz says whether the node can take visitors: the database answers, its
// schema is this binary's, and the node is not being stopped.
func (s *server) readyz(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	status, text := s.readiness(c.UserContext())
	return c.Status(status).JSON(fiber.Map{"status": text})
}

func (s *server) readiness(ctx context.Context) (status int, text string) {
	if s.Draining() {
		return fiber.StatusServiceUnavailable, "draining"
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := s.DB.Ping(ctx); err != nil {
		s.Log.WarnContext(ctx, "database does not answer", "error", err)
		return fiber.StatusServiceUnavailable, "database unreachable"
	}
	if err := s.checkSchema(ctx); err != nil {
		s.Log.WarnContext(ctx, "schema is not current", "error", err)
		return fiber.StatusServiceUnavailable, "schema not current"
	}
	return fiber.StatusOK, "ready"
}

func (s *server) checkSchema(ctx context.Context) error {
	now := time.Now()
	if s.SchemaCurrent == nil || now.UnixNano() < s.ready.schemaUntil.Load() {
		return nil
	}
	current, err := s.SchemaCurrent(ctx)
	if err != nil {
		return err
	}
	if !current {
		return errSchema
	}
	s.ready.schemaUntil.Store(now.Add(schemaTTL).UnixNano())
	return nil
}
