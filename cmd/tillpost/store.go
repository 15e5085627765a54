package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
)

// openStore opens the database with a schema that fits this binary. On the
// embedded database pending migrations are applied; on PostgreSQL, which other
// nodes may be using, that is left to migrate up.
func openStore(ctx context.Context, c *Config) (*models.DB, error) {
	if c.embedded() {
		if err := c.makeDataFolder(); err != nil {
			return nil, err
		}
	}
	db, err := models.Open(ctx, c.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("TILLPOST_DATABASE_URL: %w", err)
	}
	if err := checkSchema(ctx, c, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func checkSchema(ctx context.Context, c *Config, db *models.DB) error {
	status, err := migrations.Read(ctx, target(db))
	if err != nil {
		return err
	}
	switch {
	case status.Newer():
		return fmt.Errorf("the database is at schema version %d, newer than this binary knows (%d): use a newer tillpost",
			status.Current, status.Latest)
	case status.Pending() && c.embedded():
		return migrations.Up(ctx, target(db))
	case status.Pending():
		return fmt.Errorf("the database is behind this binary (%s): run 'tillpost migrate up' first", status)
	default:
		return nil
	}
}

func target(db *models.DB) migrations.Target {
	return migrations.Target{SQL: db.SQL(), Pool: db.Pool()}
}

// withStore runs an administrative command on the database.
func withStore(ctx context.Context, fn func(db *models.DB, c *Config) error) error {
	c := fromEnvironment()
	if err := c.complete(); err != nil {
		return err
	}
	db, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(fn(db, c), db.Close())
}

// withVault is withStore for commands that seal or open credentials.
func withVault(ctx context.Context, fn func(db *models.DB, vault *credentials.Vault, c *Config) error) error {
	return withStore(ctx, func(db *models.DB, c *Config) error {
		keys, err := c.keys()
		if err != nil {
			return err
		}
		return fn(db, credentials.New(keys), c)
	})
}

// cliActor is who acts on the command line.
func cliActor() models.Actor { return models.Actor{Kind: "cli", Name: "command line"} }
