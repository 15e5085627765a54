package models

import (
	"context"
	"fmt"
	"os"
	"time"
)

// DatabaseState is what the database tells of itself. What it does not tell is 0.
type DatabaseState struct {
	Dialect        Dialect
	Version        string
	Size           int64 // bytes
	WAL            int64 // bytes of the embedded database's write-ahead log
	Checkpoint     time.Time
	Connections    int64 // PostgreSQL: open to this database, of all programs
	MaxConnections int64
	Standbys       []Standby
	Replicas       Replicas
}

// Standby is a server that PostgreSQL copies to.
type Standby struct {
	Name  string
	State string // streaming, catchup, …
	Sync  string // sync, quorum, async, potential
	Lag   time.Duration
}

// DatabaseState asks the database about itself.
func (db *DB) DatabaseState(ctx context.Context) (DatabaseState, error) {
	if db.Dialect == SQLite {
		return db.sqliteState(ctx)
	}
	return db.postgresState(ctx)
}

func (db *DB) sqliteState(ctx context.Context) (DatabaseState, error) {
	s := DatabaseState{Dialect: SQLite}
	var file string
	row := db.reader.QueryRowContext(ctx, `SELECT sqlite_version(), (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()),
		(SELECT file FROM pragma_database_list() WHERE name = 'main')`)
	if err := row.Scan(&s.Version, &s.Size, &file); err != nil {
		return s, fmt.Errorf("ask the database about itself: %w", err)
	}
	if wal, err := os.Stat(file + "-wal"); err == nil { // without one everything is in the file
		s.WAL = wal.Size()
	}
	if main, err := os.Stat(file); err == nil { // only a checkpoint writes it
		s.Checkpoint = main.ModTime().UTC()
	}
	return s, nil
}

func (db *DB) postgresState(ctx context.Context) (DatabaseState, error) {
	s := DatabaseState{Dialect: Postgres}
	row := db.sql.QueryRowContext(ctx, `SELECT current_setting('server_version'), pg_database_size(current_database()),
		(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()), current_setting('max_connections')::int,
		CASE WHEN has_function_privilege('pg_control_checkpoint()', 'execute') THEN (SELECT checkpoint_time FROM pg_control_checkpoint()) END`)
	var checkpoint *time.Time
	if err := row.Scan(&s.Version, &s.Size, &s.Connections, &s.MaxConnections, &checkpoint); err != nil {
		return s, fmt.Errorf("ask the database about itself: %w", err)
	}
	if checkpoint != nil {
		s.Checkpoint = checkpoint.UTC()
	}
	var err error
	if s.Replicas, err = db.Replicas(ctx); err != nil {
		return s, err
	}
	s.Standbys, err = db.standbys(ctx)
	return s, err
}

// standbys lists the servers that are copied to, as far as the role may see them.
func (db *DB) standbys(ctx context.Context) ([]Standby, error) {
	var rows []struct {
		Name, State, Sync string
		Lag               float64
	}
	err := db.q(ctx).Raw(`SELECT application_name AS name, state, sync_state AS sync, COALESCE(EXTRACT(EPOCH FROM replay_lag), 0)::float8 AS lag
		FROM pg_stat_replication WHERE state IS NOT NULL ORDER BY application_name LIMIT 50`).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list standbys: %w", err)
	}
	found := make([]Standby, len(rows))
	for i, r := range rows {
		found[i] = Standby{Name: r.Name, State: r.State, Sync: r.Sync, Lag: time.Duration(r.Lag * float64(time.Second))}
	}
	return found, nil
}
