package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/glebarez/go-sqlite"
)

// lockKey is any number that nobody else locks.
const lockKey = 5_497_132_680_146_911

// lock lets one process migrate at a time: Tillpost's tables and River's alike.
// Waiting has no limit but the context's, as a migration may take long.
func (t Target) lock(ctx context.Context) (unlock func() error, err error) {
	if t.Pool == nil {
		return t.lockFile(ctx)
	}
	return t.lockServer(ctx)
}

func (t Target) lockServer(ctx context.Context) (unlock func() error, err error) {
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

// sqliteBusy is the code of a lock that another process holds.
// https://www.sqlite.org/rescode.html#busy
const sqliteBusy = 5

// lockFile locks an empty database beside the embedded one: commands open the
// same file as a node. SQLite's own locks are there on every platform, and end
// with the process. The file stays, since who waits for it holds it open.
func (t Target) lockFile(ctx context.Context) (unlock func() error, err error) {
	var path string
	if err := t.SQL.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		return nil, fmt.Errorf("find the database's file: %w", err)
	}
	if path == "" {
		return func() error { return nil }, nil // in memory, where no other process is
	}
	beside, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path + ".migrating"}).EscapedPath()+
		"?_txlock=exclusive&_pragma=busy_timeout(1000)")
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	for {
		tx, err := beside.BeginTx(context.WithoutCancel(ctx), nil) // it lives until unlock
		var busy *sqlite.Error
		switch {
		case err == nil:
			return func() error { return errors.Join(tx.Rollback(), beside.Close()) }, nil
		case !errors.As(err, &busy) || busy.Code()&0xff != sqliteBusy || ctx.Err() != nil:
			return nil, errors.Join(err, ctx.Err(), beside.Close())
		}
	}
}
