// Package models holds Tillpost's entities, queries, state machines and
// transactions, over GORM, on embedded SQLite and on PostgreSQL alike.
//
// Reads are methods of DB. Those that start from what a visitor says take a
// Scope, so that none forgets its merchant; without one are rows of a row that
// was loaded under a scope, and background work, which serves all merchants.
// Writes are methods of Tx, made by DB.Write: what must follow a change is
// enqueued as a job in the same transaction, what may be lost is announced
// after commit.
package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

// Dialect names one of the two databases.
type Dialect string

// The databases that Tillpost runs on.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// DB is the store. Now, OnCommit and Origin may be replaced before first use.
type DB struct {
	Dialect Dialect
	// Now is the clock of every time that the store writes: UTC, microseconds,
	// and on PostgreSQL the server's, so that nodes agree on leases.
	Now func() time.Time
	// OnCommit receives the hints of a committed transaction; it must not block.
	OnCommit func(hints []Hint)
	// Origin says what jobs and events keep of the context that they come from,
	// so that logs and traces join what follows with what was asked for.
	Origin func(ctx context.Context) Origin
	// PublicURL is where customers reach the pages of their parcels, without a
	// slash at its end; while it is empty, objects name no such page.
	PublicURL string
	// KeepAttempts is how long it is kept what deliveries sent and were answered.
	KeepAttempts time.Duration

	write  *gorm.DB
	read   *gorm.DB
	sql    *sql.DB       // the writer's pool
	reader *sql.DB       // SQLite only: query_only
	pool   *pgxpool.Pool // PostgreSQL only
	insert inserter
	jobs   jobClient
	keys   inFlight
	clock  *clock
	zones  sync.Map // merchant id → *time.Location
}

// Topics of hints that dispatchers of deliveries hear.
const (
	TopicDelivery = "delivery"
	TopicEndpoint = "endpoint"
)

// Hint says that something changed, for live pages; it may be lost.
type Hint struct {
	Topic      string // order, payment, shipment, delivery, endpoint, account, carrier_call, inbound, bulk, replay, settlement, incident, node
	ID         string
	MerchantID string
	New        bool
	Endpoint   string // that this delivery is to be sent to now; empty when none is
}

// Origin is where something comes from. Neither part is anybody's data.
type Origin struct {
	Request string `json:"request_id,omitempty"`
	Trace   string `json:"traceparent,omitempty"`
}

// inserter puts jobs into River's table inside a GORM transaction.
type inserter interface {
	insertJobs(ctx context.Context, tx *gorm.DB, jobs []river.InsertManyParams) error
}

// Open connects to the database at url, sqlite://PATH or postgres://…, without
// touching its schema.
func Open(ctx context.Context, url string) (*DB, error) {
	var (
		db  *DB
		err error
	)
	switch {
	case strings.HasPrefix(url, "sqlite://"):
		db, err = openSQLite(ctx, strings.TrimPrefix(url, "sqlite://"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		db, err = openPostgres(ctx, url)
	default:
		return nil, errors.New("database address must start with sqlite:// or postgres://")
	}
	if err != nil {
		return nil, err
	}
	db.Now = db.clock.now
	db.KeepAttempts = keepAttempts
	db.OnCommit = func([]Hint) {}
	db.Origin = func(context.Context) Origin { return Origin{} }
	return db, nil
}

// SQL is the pool that writes, for migrations and for River.
func (db *DB) SQL() *sql.DB { return db.sql }

// Pool is the pgx pool under SQL; nil on SQLite.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.sql.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Close ends all connections.
func (db *DB) Close() error {
	var errs []error
	if db.reader != nil {
		errs = append(errs, db.reader.Close())
	}
	errs = append(errs, db.sql.Close())
	if db.pool != nil {
		db.pool.Close()
	}
	return errors.Join(errs...)
}

// q starts a read outside any transaction.
func (db *DB) q(ctx context.Context) *gorm.DB { return db.read.WithContext(ctx) }

func gormConfig() *gorm.Config {
	return &gorm.Config{
		Logger:                 logger.Discard,
		TranslateError:         true,
		SkipDefaultTransaction: true,
	}
}

// first loads one row into a T, or ErrNotFound.
func first[T any](q *gorm.DB) (*T, error) {
	var row T
	res := q.Limit(1).Find(&row)
	if res.Error != nil {
		return nil, fmt.Errorf("load %T: %w", row, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, ErrNotFound
	}
	return &row, nil
}

// insertMany adds rows in statements of bounded size: SQLite takes 32,766
// parameters in one, PostgreSQL 65,535.
func insertMany[T any](tx *Tx, rows []T, clauses ...clause.Expression) error {
	if len(rows) == 0 {
		return nil
	}
	if err := tx.q().Clauses(clauses...).CreateInBatches(&rows, importRows).Error; err != nil {
		return fmt.Errorf("insert %T: %w", rows, err)
	}
	return nil
}

// tuples is n times the same row of parameters, for VALUES.
func tuples(row string, n int) string {
	return strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
}

// all loads the rows of a bounded query.
func all[T any](q *gorm.DB) ([]T, error) {
	var rows []T
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("load %T: %w", rows, err)
	}
	return rows, nil
}
