// Package migrations holds the schema of both databases and brings a database
// up to it: Tillpost's own tables by goose, then River's.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Files is the schema's source, for tests that depend on its content.
func Files() fs.FS { return files }

// Target is a database to migrate; Pool is set for PostgreSQL and nil for SQLite.
type Target struct {
	SQL  *sql.DB
	Pool *pgxpool.Pool
}

// Status is how far a database is.
type Status struct {
	Current int64
	Latest  int64
}

// Pending says that the database is older than this binary.
func (s Status) Pending() bool { return s.Current < s.Latest }

// Newer says that the database was migrated by a later version of Tillpost.
func (s Status) Newer() bool { return s.Current > s.Latest }

// Read reports the versions without changing anything but goose's own table.
func Read(ctx context.Context, target Target) (Status, error) {
	provider, err := target.provider()
	if err != nil {
		return Status{}, err
	}
	current, latest, err := provider.GetVersions(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read schema version: %w", err)
	}
	return Status{Current: current, Latest: latest}, nil
}

// Up applies what is pending. On PostgreSQL a lock keeps nodes that start
// together from doing it twice.
func Up(ctx context.Context, target Target) error {
	provider, err := target.provider()
	if err != nil {
		return err
	}
	unlock, err := target.lock(ctx)
	if err != nil {
		return fmt.Errorf("migrate: wait for other nodes: %w", err)
	}
	_, err = provider.Up(ctx)
	if err == nil {
		err = target.upRiver(ctx)
	}
	if err := errors.Join(err, unlock()); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// lockKey is any number that nobody else locks.
const lockKey = 5_497_132_680_146_911

// lock lets one node migrate at a time: Tillpost's tables and River's alike.
// Waiting has no limit but the context's, as a migration may take long.
func (t Target) lock(ctx context.Context) (unlock func() error, err error) {
	if t.Pool == nil {
		return func() error { return nil }, nil // one process has the file
	}
	conn, err := t.Pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("take connection: %w", err)
	}
	// Closing the connection unlocks, and forgets what was set.
	closing := func() error { return conn.Hijack().Close(context.WithoutCancel(ctx)) }
	for _, statement := range []string{
		"SET lock_timeout = 0", "SET statement_timeout = 0", fmt.Sprintf("SELECT pg_advisory_lock(%d)", lockKey),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, errors.Join(err, closing())
		}
	}
	return closing, nil
}

func (t Target) provider() (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "sqlite"
	if t.Pool != nil {
		dialect, folder = goose.DialectPostgres, "postgres"
	}
	sub, err := fs.Sub(files, folder)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(dialect, t.SQL, sub)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return provider, nil
}

func (t Target) upRiver(ctx context.Context) error {
	if t.Pool != nil {
		migrator, err := rivermigrate.New(riverpgxv5.New(t.Pool), nil)
		if err != nil {
			return fmt.Errorf("job queue: %w", err)
		}
		if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return fmt.Errorf("job queue: %w", err)
		}
		return nil
	}
	migrator, err := rivermigrate.New(riversqlite.New(t.SQL), nil)
	if err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	return nil
}
