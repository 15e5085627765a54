package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/glebarez/sqlite"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"gorm.io/gorm"
)

// readers is the size of SQLite's pool of query_only connections.
const readers = 4

// openSQLite opens one writer connection and a pool of readers. The writer is
// one because SQLite has one: with more, waiting transactions starve for
// seconds. synchronous=FULL, since NORMAL loses acknowledged rows on power cuts.
func openSQLite(ctx context.Context, path string) (*DB, error) {
	writer, err := openSQLitePool(ctx, path, 1, "&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	reader, err := openSQLitePool(ctx, path, readers, "&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	db, err := sqliteDB(writer, reader)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), reader.Close(), writer.Close())
	}
	return db, nil
}

func sqliteDB(writer, reader *sql.DB) (*DB, error) {
	write, err := gorm.Open(&sqlite.Dialector{Conn: newSQLitePool(writer)}, gormConfig())
	if err != nil {
		return nil, fmt.Errorf("open to write: %w", err)
	}
	read, err := gorm.Open(&sqlite.Dialector{Conn: newSQLitePool(reader)}, gormConfig())
	if err != nil {
		return nil, fmt.Errorf("open to read: %w", err)
	}
	jobs, err := river.NewClient(riversqlite.New(writer), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("make job client: %w", err)
	}
	looks, err := river.NewClient(riversqlite.New(reader), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("make job client to read: %w", err)
	}
	return &DB{
		Dialect: SQLite, write: write, read: read, sql: writer, reader: reader,
		insert: sqliteInserter{jobs}, jobs: rivers[*sql.Tx]{write: jobs, read: looks, own: ownSQLite}, keys: newInFlight(), clock: &clock{},
	}, nil
}

func openSQLitePool(ctx context.Context, path string, size int, options string) (*sql.DB, error) {
	// busy_timeout comes first, so that the other pragmas wait too.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(5000)" + options
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database file %s: %w", path, err), pool.Close())
	}
	return pool, nil
}

type sqliteInserter struct{ client *river.Client[*sql.Tx] }

func (i sqliteInserter) insertJobs(ctx context.Context, tx *gorm.DB, jobs []river.InsertManyParams) error {
	own, err := ownSQLite(tx)
	if err != nil {
		return err
	}
	if _, err := i.client.InsertManyTx(ctx, own, jobs); err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}
