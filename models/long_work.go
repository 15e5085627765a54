package models

import (
	"time"

	"github.com/riverqueue/river"
)

// longWork is a kind of work that takes long and that people pause, resume and
// cancel. Each is a row of its table, with id, status, lease_until and
// updated_at, and belongs to the worker that holds its lease.
type longWork struct {
	table string
	lease time.Duration // how long a worker may be silent before another takes over
	job   func(id string) river.JobArgs
}

// claim gives the caller a running one that no worker holds, until the time.
func (w longWork) claim(tx *Tx, id string, until time.Time) (bool, error) {
	return tx.update(w.table, map[string]any{"lease_until": until},
		"id = ? AND status = ? AND lease_until <= ?", id, BulkRunning, tx.now)
}

// hold changes one and renews its lease, unless the caller has lost it.
func (w longWork) hold(tx *Tx, id string, lease **time.Time, set map[string]any) (bool, error) {
	until := tx.now.Add(w.lease)
	set["lease_until"], set["updated_at"] = until, tx.now
	held, err := tx.update(w.table, set, "id = ? AND status = ? AND lease_until = ?", id, BulkRunning, *lease)
	if held {
		*lease = &until
	}
	return held, err
}

// hand gives one that the caller holds, or that nobody works on any more, to a
// new job. Should the old one turn up as well, one of them finds nothing to do.
func (w longWork) hand(tx *Tx, id string, lease *time.Time) error {
	ok, err := tx.update(w.table, map[string]any{"lease_until": tx.now},
		"id = ? AND status = ? AND lease_until = ?", id, BulkRunning, lease)
	if err == nil && ok {
		tx.Enqueue(w.job(id))
	}
	return err
}

// turn moves one to a status; false when it is in none of those that it may
// come from. One that runs again gets a job.
func (w longWork) turn(tx *Tx, id string, set map[string]any, from ...string) (bool, error) {
	set["updated_at"], set["lease_until"] = tx.now, nil
	if set["status"] == BulkRunning {
		set["lease_until"] = tx.now
	}
	ok, err := tx.update(w.table, set, "id = ? AND status IN ?", id, from)
	if err == nil && ok && set["status"] == BulkRunning {
		tx.Enqueue(w.job(id))
	}
	return ok, err
}
