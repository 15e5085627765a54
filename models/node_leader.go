package models

import (
	"context"
	"fmt"
)

// watchNodes lists the nodes, who of them leads, and where the database is copied to.
func (db *DB) watchNodes(ctx context.Context, w *Watch) error {
	var err error
	if w.Nodes, err = db.Nodes(ctx); err != nil {
		return err
	}
	if w.Periodic, err = db.PeriodicJobs(ctx); err != nil {
		return err
	}
	leader, err := db.LeaderID(ctx)
	if err != nil {
		return err
	}
	for i := range w.Nodes {
		if w.Nodes[i].ID == leader {
			w.Leader = w.Nodes[i].Name
		}
	}
	w.Replicas, err = db.Replicas(ctx)
	return err
}

// LeaderID is the node that plans the periodic jobs; empty when none does.
func (db *DB) LeaderID(ctx context.Context) (string, error) {
	valid := "expires_at > now()"
	if db.Dialect == SQLite {
		valid = "unixepoch(expires_at, 'subsec') > unixepoch('now', 'subsec')"
	}
	var ids []string
	if err := db.q(ctx).Table("river_leader").Where(valid).Limit(1).Pluck("leader_id", &ids).Error; err != nil {
		return "", fmt.Errorf("look for the leader: %w", err)
	}
	if len(ids) == 0 {
		return "", nil
	}
	return ids[0], nil
}

// Replicas are the standbys that PostgreSQL copies the database to.
type Replicas struct {
	// Shown says that the server tells us: on the embedded database there are
	// none, and a role without pg_monitor does not see them.
	Shown    bool
	Wanted   bool // a commit is to wait for one
	InSync   int
	Behind   int   // that commits do not wait for
	Timeline int64 // of the write-ahead log; higher after each fail-over, 0 unknown
}

// Lossy says that a fail-over now could lose what was acknowledged: there are
// standbys, or should be, and none is in step.
func (r Replicas) Lossy() bool { return r.Shown && r.InSync == 0 && (r.Wanted || r.Behind > 0) }

// Replicas asks PostgreSQL for its standbys.
func (db *DB) Replicas(ctx context.Context) (Replicas, error) {
	var r Replicas
	if db.Dialect != Postgres {
		return r, nil
	}
	var hidden int
	err := db.sql.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')),
		count(*) FILTER (WHERE sync_state IN ('async', 'potential')), count(*) FILTER (WHERE sync_state IS NULL),
		current_setting('synchronous_standby_names') <> '',
		CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
		FROM pg_stat_replication`).Scan(&r.InSync, &r.Behind, &hidden, &r.Wanted, &r.Timeline)
	if err != nil {
		return r, fmt.Errorf("look for standbys: %w", err)
	}
	r.Shown = hidden == 0
	return r, nil
}
