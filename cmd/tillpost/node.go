package main

import (
	"context"
	"net/url"
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/models"
)

// beatTimeout bounds one beat; a database that takes longer is as good as none.
const beatTimeout = 5 * time.Second

func newNode(o serveOptions) models.Node {
	name, err := os.Hostname()
	if err != nil || name == "" {
		name = "unknown"
	}
	return models.Node{
		ID: models.NewID(models.PrefixNode), Name: name, Version: version(), Web: o.web, Workers: o.workers,
	}
}

// startBeats tells the other nodes that this one is alive, until the context
// ends, and then that it stops.
func (a *app) startBeats(ctx context.Context) {
	a.background.Go(func() {
		var told time.Time
		reached := true
		first := true
		tick := time.NewTicker(models.BeatEvery)
		defer tick.Stop()
		for {
			began := time.Now()
			err := a.beat(ctx, told, first)
			if err == nil {
				told, first = began, false
			} else if reached && ctx.Err() == nil { // said once, not every ten seconds
				a.log.WarnContext(ctx, "the database was not told that this node is alive", "error", err)
			}
			reached = err == nil
			select {
			case <-ctx.Done():
				a.leave(ctx)
				return
			case <-tick.C:
			}
		}
	})
}

// beat stores what the node is at, and how its periodic jobs fared since it
// last told.
func (a *app) beat(ctx context.Context, told time.Time, first bool) error {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	n := a.node
	n.Connections, n.Streams = a.figures.Open()
	n.Goroutines, n.Memory = int64(runtime.NumGoroutine()), memory()
	state := a.machine.State()
	n.Locked, n.Backups = int64(state.Unreadable), a.config.BackupPath != ""
	return a.db.Write(ctx, func(tx *models.Tx) error {
		if n.Backups && state.BackupAge >= 0 {
			n.BackupAt = new(tx.Now().Add(-state.BackupAge))
		}
		if err := tx.Beat(n); err != nil {
			return err
		}
		if first {
			if err := tx.ForgetNodes(); err != nil {
				return err
			}
		}
		return tx.NoteJobs(a.runs(told, tx.Now()))
	})
}

// runs are the periodic jobs since the time. Their times are turned into the
// database's.
func (a *app) runs(since, now time.Time) []models.PeriodicJob {
	ahead := time.Until(now)
	var out []models.PeriodicJob
	for _, r := range a.figures.Runs(since) {
		job := models.PeriodicJob{
			Kind: r.Kind, NodeID: a.node.ID, RanAt: r.At.Add(ahead), TookMS: r.Took.Milliseconds(), Error: clipped(r.Error),
		}
		if !r.Succeeded.IsZero() {
			at := r.Succeeded.Add(ahead)
			job.SucceededAt = &at
		}
		out = append(out, job)
	}
	return out
}

// longestFailure is how much of an error is kept.
const longestFailure = 500

func clipped(text string) string {
	if len(text) <= longestFailure {
		return text
	}
	return text[:longestFailure] + "…"
}

// certificate looks at that of the public address; nil when it has none.
func (c *Config) certificate() func(context.Context) *time.Time {
	u, err := url.Parse(c.publicURL())
	if err != nil || u.Scheme != "https" {
		return nil
	}
	return func(ctx context.Context) *time.Time { return alerts.ValidUntil(ctx, u) }
}

// leave says that the node stops in order; its jobs may run a little longer.
func (a *app) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatTimeout)
	defer cancel()
	if err := a.db.Write(ctx, func(tx *models.Tx) error { return tx.LeaveNode(a.node.ID) }); err != nil {
		a.log.WarnContext(ctx, "the database was not told that this node stops", "error", err)
	}
}

// memory is how much the process holds, in bytes: what the runtime has taken of
// the system and not given back.
func memory() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
