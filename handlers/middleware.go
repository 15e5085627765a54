package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// Names of what middleware leaves for handlers.
const (
	localRequestID = "request_id"
	localSession   = "session"
	localViewer    = "viewer"
	localFailure   = "failure"
)

var requestIDs = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)

// identify gives the request an id, or keeps the one that a proxy gave it, and
// finds out whose it is.
func (s *server) identify(c *fiber.Ctx) error {
	c.Request().Header.Set(clientHeader, s.proxies.client(c.Context().RemoteIP(), c.Get(fiber.HeaderXForwardedFor)))
	id := c.Get(fiber.HeaderXRequestID)
	if !requestIDs.MatchString(id) {
		id = models.NewID("req")
	}
	c.Locals(localRequestID, id)
	c.Set(fiber.HeaderXRequestID, id)
	return c.Next()
}

func requestID(c *fiber.Ctx) string {
	id, _ := c.Locals(localRequestID).(string)
	return id
}

// logAccess writes one line a request, with the route's pattern instead of the
// address, since addresses may hold what logs must not.
func (s *server) logAccess(c *fiber.Ctx) error {
	start := time.Now()
	if err := c.Next(); err != nil {
		if err := s.fail(c, err); err != nil { // answered here, so that the status is known
			return err
		}
	}
	took := time.Since(start)
	status := c.Response().StatusCode()
	s.Figures.Answered(c.Method(), c.Route().Path, status, took)
	attrs := []slog.Attr{
		slog.String("method", c.Method()), slog.String("route", c.Route().Path), slog.Int("status", status),
		slog.Float64("took_ms", float64(took.Microseconds())/1000),
		slog.String("ip", c.IP()),
	}
	if v, ok := c.Locals(localViewer).(*viewer); ok && v.User != nil {
		attrs = append(attrs, slog.String("user", v.User.ID))
	}
	level := slog.LevelInfo
	if err, failed := c.Locals(localFailure).(error); failed && status >= fiber.StatusInternalServerError {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", err))
	}
	s.Log.LogAttrs(c.UserContext(), level, "request", attrs...)
	return nil
}

// recoverPanic turns a panic of a handler into an internal error.
func (s *server) recoverPanic(c *fiber.Ctx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.Next()
}

// contentPolicy lets pages load from here only, and run no script or style that
// stands in a page.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-src 'none'; " +
	"frame-ancestors 'none'; worker-src 'none'"

// stayWithHTTPS asks browsers for a year of https.
const stayWithHTTPS = "max-age=31536000"

func (s *server) secureHeaders(c *fiber.Ctx) error {
	if strings.HasPrefix(s.BaseURL, "https://") {
		c.Set(fiber.HeaderStrictTransportSecurity, stayWithHTTPS)
	}
	c.Set(fiber.HeaderContentSecurityPolicy, contentPolicy)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderXFrameOptions, "DENY")
	c.Set(fiber.HeaderReferrerPolicy, "same-origin")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set(fiber.HeaderPermissionsPolicy, "camera=(), microphone=(), geolocation=(), payment=()")
	return c.Next()
}

// limitTime gives the request a context that ends; fasthttp cannot tell when a
// client leaves.
func (s *server) limitTime(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.base, requestTimeout)
	defer cancel()
	c.SetUserContext(monitor.WithRequest(ctx, requestID(c)))
	return c.Next()
}

// traceRequest makes the request's span. Only a trusted proxy can make it part
// of a trace: a stranger could have every request of its own traced.
func (s *server) traceRequest(c *fiber.Ctx) error {
	if s.Tracer == nil {
		return c.Next()
	}
	parent := ""
	if s.proxies.holds(c.Context().RemoteIP()) {
		parent = strings.Clone(c.Get("traceparent"))
	}
	ctx, span := s.Tracer.Request(c.UserContext(), monitor.Method(c.Method()), parent)
	c.SetUserContext(ctx)
	err := c.Next()
	span.Answered(monitor.Method(c.Method()), monitor.Route(c.Route().Path, c.Response().StatusCode()), c.Response().StatusCode())
	return err
}

func (s *server) notFound(*fiber.Ctx) error { return fiber.ErrNotFound }
