package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrCommitUnknown means that the connection broke while a transaction was
// being committed: it may have been kept or not. Whoever repeats the work must
// look first, or repeat it under the same idempotency key.
var ErrCommitUnknown = errors.New("whether the transaction was committed is unknown")

// How often a transaction is run, by what was in its way.
const (
	conflictTries   = 8
	connectionTries = 6 // over about three seconds: a restart, the start of a failover
)

// notCommittedError wraps an error of a commit that was certainly not made.
type notCommittedError struct{ err error }

func (e notCommittedError) Error() string { return "not committed: " + e.err.Error() }
func (e notCommittedError) Unwrap() error { return e.err }

// commitError tells a refused commit, of which nothing was kept, from one whose
// answer never came.
func commitError(err error) error {
	var refused notCommittedError
	if errors.As(err, &refused) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return fmt.Errorf("commit: %w", err)
	}
	// 40: rolled back, 23: a deferred constraint. Others, as 57P01, may come
	// after the commit was made.
	if code := postgresCode(err); strings.HasPrefix(code, "40") || strings.HasPrefix(code, "23") {
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("commit: %w: %w", ErrCommitUnknown, err)
}

// retryWait says whether running the transaction again may succeed, and how
// long to wait before.
func retryWait(err error, try int) (time.Duration, bool) {
	switch {
	case errors.Is(err, ErrCommitUnknown):
		return 0, false
	case conflict(err):
		return time.Duration(try) * time.Duration(5+rand.IntN(20)) * time.Millisecond, try < conflictTries
	case connectionLost(err):
		return time.Duration(80+rand.IntN(40)) * time.Millisecond << (try - 1), try < connectionTries
	default:
		return 0, false
	}
}

// settledError is what the caller of Write sees of its last error.
func settledError(err error) error {
	if errors.Is(err, ErrRaced) {
		return Conflict("changed_meanwhile", "")
	}
	return err
}

// conflict says that another transaction was in the way.
func conflict(err error) bool {
	if errors.Is(err, ErrRaced) {
		return true
	}
	switch postgresCode(err) {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock timeout
		return true
	}
	code := sqliteCode(err)
	return code == sqliteBusy || code == sqliteLocked
}

// connectionLost says that the database could not be reached or went away. It
// is asked about errors before the commit only, when the server undoes all.
func connectionLost(err error) bool {
	switch code := postgresCode(err); code {
	case "57P01", "57P02", "57P03", "53300": // shut down, crashed, starting, too many connections
		return true
	case "":
	default:
		return strings.HasPrefix(code, "08")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var (
		connect *pgconn.ConnectError
		network *net.OpError
	)
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}

func postgresCode(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// Primary result codes of SQLite.
const (
	sqliteBusy   = 5
	sqliteLocked = 6
	sqliteIOErr  = 10
	sqliteFull   = 13
)

func sqliteCode(err error) int {
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() & 0xff
	}
	return 0
}

// pause waits unless the context ends first, or would end before the wait does.
func pause(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
