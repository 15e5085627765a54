package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models/modelstest"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	var (
		draining bool
		current  = true
		failure  error
	)
	srv := &server{Deps: Deps{DB: db, Log: slog.New(slog.DiscardHandler), Draining: func() bool { return draining }}}
	srv.SchemaCurrent = func(context.Context) (bool, error) { return current, failure }
	app := fiber.New()
	app.Get("/healthz", srv.healthz)
	app.Get("/readyz", srv.readyz)
	ask := func(path string) int {
		res, err := app.Test(httptest.NewRequest(http.MethodGet, path, http.NoBody), -1)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}

	if got := ask("/readyz"); got != http.StatusOK {
		t.Fatalf("ready node answers %d", got)
	}
	current = false
	if got := ask("/readyz"); got != http.StatusOK {
		t.Errorf("a schema that was current moments ago was asked for again: %d", got)
	}
	srv.ready.schemaUntil.Store(0)
	if got := ask("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("old schema answers %d", got)
	}
	current, failure = true, errors.New("cannot read")
	if got := ask("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("unreadable schema answers %d", got)
	}
	failure, draining = nil, true
	if got := ask("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("draining node answers %d", got)
	}
	draining = false
	if err := srv.DB.SQL().Close(); err != nil {
		t.Fatal(err)
	}
	if got := ask("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("without database it answers %d", got)
	}
	if got := ask("/healthz"); got != http.StatusOK {
		t.Errorf("a process without database is not alive: %d", got)
	}
}
