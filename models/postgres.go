package models

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// openPostgres opens one pgx pool that GORM and River share.
func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = max(cfg.MaxConns, 20)
	}
	cfg.MaxConnLifetime = 30 * time.Minute
	cfg.MaxConnLifetimeJitter = 5 * time.Minute
	cfg.MaxConnIdleTime = 5 * time.Minute
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	cfg.ConnConfig.DialFunc = newDialer().DialContext
	params := cfg.ConnConfig.RuntimeParams
	for name, value := range map[string]string{
		"application_name":                    "tillpost",
		"timezone":                            "UTC",
		"lock_timeout":                        "5s",
		"statement_timeout":                   "30s",
		"idle_in_transaction_session_timeout": "30s",
	} {
		if _, set := params[name]; !set {
			params[name] = value
		}
	}
	cfg.AfterConnect = readUTC
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	db, err := postgresDB(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

func postgresDB(ctx context.Context, pool *pgxpool.Pool) (*DB, error) {
	if err := pool.Ping(ctx); err != nil {
		return nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: newSharedPool(sqlDB)}), gormConfig())
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("open job queue: %w", err)
	}
	db := &DB{
		Dialect: Postgres, write: g, read: g, sql: sqlDB, pool: pool,
		insert: postgresInserter{jobs}, jobs: rivers[pgx.Tx]{write: jobs, read: jobs, own: ownPostgres}, keys: newInFlight(), clock: &clock{server: true},
	}
	if err := db.clock.measure(ctx, db); err != nil {
		return nil, err
	}
	return db, nil
}

// readUTC makes times come back in UTC, whatever the machine's time zone.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

type postgresInserter struct{ client *river.Client[pgx.Tx] }

func (i postgresInserter) insertJobs(ctx context.Context, tx *gorm.DB, jobs []river.InsertManyParams) error {
	own, err := ownPostgres(tx)
	if err != nil {
		return err
	}
	if _, err := i.client.InsertManyTx(ctx, own, jobs); err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}
