package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/migrations"
	"github.com/tillpost/tillpost/models"
)

// access says whether a command may make the database.
type access int

const (
	existing access = iota
	making
)

// errNoDatabase is the error of reading an embedded database that was never made.
var errNoDatabase = errors.New("there is no database yet: 'tillpost serve' or 'tillpost migrate up' makes it")

// openStore opens the database with a schema that fits this binary. On the
// embedded database pending migrations are applied; on PostgreSQL, which other
// nodes may be using, that is left to migrate up.
func openStore(ctx context.Context, c *Config, how access) (*models.DB, error) {
	db, err := openDatabase(ctx, c, how)
	if err != nil {
		return nil, err
	}
	if err := checkSchema(ctx, c, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openDatabase opens the database whatever its schema.
func openDatabase(ctx context.Context, c *Config, how access) (*models.DB, error) {
	if c.embedded() {
		if err := c.prepareFile(how); err != nil {
			return nil, err
		}
	}
	db, err := models.Open(ctx, c.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name("TILLPOST_DATABASE_URL"), err)
	}
	return db, nil
}

// prepareFile says in plain words why the embedded database cannot be opened.
// For those who write it makes the file, which holds customers' data and is
// therefore the owner's alone; SQLite gives its companions the same mode.
func (c *Config) prepareFile(how access) error {
	path := c.databaseFile()
	variable := c.name("TILLPOST_DATABASE_URL")
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: %s is a folder: name a file in it", variable, path)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist) && how == existing:
		return fmt.Errorf("%s: %w", variable, err)
	case how == existing:
		return fmt.Errorf("%s: %w", path, errNoDatabase)
	}
	if filepath.Dir(path) == filepath.Clean(c.Data) {
		if err := c.makeDataFolder(); err != nil {
			return err
		}
	}
	if err := c.canBeMade(); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("%s: make the database: %w", variable, err)
	}
	return file.Close()
}

// canBeMade says whether the embedded database's folder is there; the data
// folder itself is made with it.
func (c *Config) canBeMade() error {
	folder := filepath.Dir(c.databaseFile())
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		return nil
	}
	if folder == filepath.Clean(c.Data) {
		return nil
	}
	return fmt.Errorf("%s: the folder %s does not exist", c.name("TILLPOST_DATABASE_URL"), folder)
}

func checkSchema(ctx context.Context, c *Config, db *models.DB) error {
	status, err := migrations.Read(ctx, target(db))
	if err != nil {
		return err
	}
	switch {
	case status.Newer():
		return newerSchema(status)
	case status.Pending() && c.embedded():
		return migrations.Up(ctx, target(db))
	case status.Pending():
		return fmt.Errorf("the database is behind this binary (%s): run 'tillpost migrate up' first", status)
	default:
		return nil
	}
}

func newerSchema(status migrations.Status) error {
	return fmt.Errorf("the database is at schema version %d, newer than this binary knows (%d): use a newer tillpost",
		status.Current, status.Latest)
}

func target(db *models.DB) migrations.Target {
	return migrations.Target{SQL: db.SQL(), Pool: db.Pool()}
}

// withStore runs an administrative command on the database.
func withStore(ctx context.Context, how access, fn func(db *models.DB, c *Config) error) error {
	c := fromEnvironment()
	if err := c.complete(); err != nil {
		return err
	}
	db, err := openStore(ctx, c, how)
	if err != nil {
		return err
	}
	return errors.Join(fn(db, c), db.Close())
}

// withVault is withStore for commands that seal credentials, which may make the
// key too, or open them.
func withVault(
	ctx context.Context, how access, fn func(db *models.DB, vault *credentials.Vault, c *Config) error,
) error {
	return withStore(ctx, how, func(db *models.DB, c *Config) error {
		load := c.keysOf
		if how == making {
			load = c.keysOrNew
		}
		keys, err := load(ctx, db)
		if err != nil {
			return err
		}
		return fn(db, credentials.New(keys), c)
	})
}

// cliActor is who acts on the command line.
func cliActor() models.Actor { return models.Actor{Kind: "cli", Name: "command line"} }
