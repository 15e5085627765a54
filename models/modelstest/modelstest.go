// Package modelstest opens both databases for tests, each test its own, with
// the schema in place.
package modelstest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that creates test databases

	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
)

// PostgresEnv names the variable with the address of a PostgreSQL server on
// which tests may create databases; make test starts one and sets it.
const PostgresEnv = "TILLPOST_TEST_POSTGRES_URL"

// Each runs the test on SQLite and on PostgreSQL, in parallel.
func Each(t *testing.T, test func(t *testing.T, db *models.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// SQLite opens a fresh embedded database.
func SQLite(t testing.TB) *models.DB {
	t.Helper()
	return open(t, SQLiteURL(t))
}

// Postgres opens a fresh PostgreSQL database.
func Postgres(t testing.TB) *models.DB {
	t.Helper()
	return open(t, PostgresURL(t))
}

func open(t testing.TB, address string) *models.DB {
	t.Helper()
	db, err := models.Open(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}

// SQLiteURL makes a migrated database file and returns its address, for tests
// that start the whole program.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tillpost.db")
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite://" + path
}

var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "tillpost-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "t.db")
	if err := migrate("sqlite://" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// PostgresURL makes a migrated database on the test server, dropped after the
// test, and returns its address.
func PostgresURL(t testing.TB) string {
	t.Helper()
	template, err := postgresTemplate()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ToLower(models.NewID("test"))
	if err := onServer(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onServer(fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name)); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return databaseURL(name)
}

// postgresTemplate migrates a database once for all test processes that have
// the same migrations; the others copy it.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	if os.Getenv(PostgresEnv) == "" {
		return "", fmt.Errorf("%s is not set: run the tests with make test", PostgresEnv)
	}
	version, err := migrationsHash()
	if err != nil {
		return "", err
	}
	name := "template_" + version
	err = withServer(func(ctx context.Context, conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(7421)"); err != nil {
			return err
		}
		var exists bool
		row := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name)
		if err := row.Scan(&exists); err != nil || exists {
			return err
		}
		fresh := name + "_new"
		if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+fresh+" WITH (FORCE)"); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+fresh); err != nil {
			return err
		}
		if err := migrate(databaseURL(fresh)); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", fresh, name))
		return err
	})
	return name, err
})

func migrationsHash() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.Files(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := migrations.Files().Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(sum, file)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), err
}

func migrate(address string) error {
	ctx := context.Background()
	db, err := models.Open(ctx, address)
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, migrations.Target{SQL: db.SQL(), Pool: db.Pool()}); err != nil {
		return err
	}
	return db.Close()
}

func onServer(statement string) error {
	return withServer(func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, statement)
		return err
	})
}

func withServer(fn func(ctx context.Context, conn *sql.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := sql.Open("pgx", os.Getenv(PostgresEnv))
	if err != nil {
		return err
	}
	defer server.Close()
	conn, err := server.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reach the test server of %s: %w", PostgresEnv, err)
	}
	defer conn.Close()
	return fn(ctx, conn)
}

func databaseURL(name string) string {
	u, err := url.Parse(os.Getenv(PostgresEnv))
	if err != nil {
		return ""
	}
	u.Path = "/" + name
	return u.String()
}
