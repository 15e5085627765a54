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

// Status is how far a database is. The job queue counts by itself: its tables
// come after Tillpost's own, and whoever was interrupted between left none.
type Status struct {
	Current     int64
	Latest      int64
	JobsPending bool // River's tables are missing or older than this binary
}

// Pending says that the database is older than this binary.
func (s Status) Pending() bool { return s.Current < s.Latest || s.JobsPending }

// Newer says that the database was migrated by a later version of Tillpost.
func (s Status) Newer() bool { return s.Current > s.Latest }

// String says it for people.
func (s Status) String() string {
	text := fmt.Sprintf("schema version %d of %d", s.Current, s.Latest)
	if s.JobsPending {
		text += ", tables of the job queue missing or old"
	}
	return text
}

// None is the status of a database that does not exist yet.
func None() Status {
	names, err := fs.Glob(files, "sqlite/*.sql")
	if err != nil || len(names) == 0 {
		return Status{JobsPending: true} // cannot be: they are part of the program
	}
	latest, err := goose.NumericComponent(names[len(names)-1])
	if err != nil {
		return Status{JobsPending: true} // as above: the names are tested
	}
	return Status{Latest: latest, JobsPending: true}
}

// Read reports the versions without changing anything.
func Read(ctx context.Context, target Target) (Status, error) {
	provider, err := target.provider()
	if err != nil {
		return Status{}, err
	}
	known, err := target.migrated(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read schema version: %w", err)
	}
	if !known {
		return None(), nil // goose would make its table
	}
	current, latest, err := provider.GetVersions(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read schema version: %w", err)
	}
	jobs, err := target.river()
	if err != nil {
		return Status{}, err
	}
	valid, err := jobs.Validate(ctx, nil)
	if err != nil {
		return Status{}, fmt.Errorf("read version of the job queue: %w", err)
	}
	return Status{Current: current, Latest: latest, JobsPending: !valid.OK}, nil
}

// Up applies what is pending. A lock keeps nodes that start together, and
// commands beside a node, from doing it twice.
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

// migrated says whether the database has goose's table.
func (t Target) migrated(ctx context.Context) (known bool, err error) {
	query := "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '" + goose.DefaultTablename + "')"
	if t.Pool != nil {
		query = "SELECT to_regclass('" + goose.DefaultTablename + "') IS NOT NULL"
	}
	if err := t.SQL.QueryRowContext(ctx, query).Scan(&known); err != nil {
		return false, fmt.Errorf("look for %s: %w", goose.DefaultTablename, err)
	}
	return known, nil
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
