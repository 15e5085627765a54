// Package workers runs what happens in the background: River's queues and
// periodic jobs as a thin door to the services, on either database, and the
// deliveries to merchants beside them, which are a queue of their own.
package workers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/tracking"
)

// Services are what jobs call.
type Services struct {
	DB       *models.DB
	Payments *payments.Service
	Carriers *carriers.Service
	Notify   *notify.Service
	Tracking *tracking.Service
	Log      *slog.Logger
	Figures  *monitor.Figures // nil counts nothing
	Tracer   *monitor.Tracer  // nil traces nothing
}

// Options are how many jobs of each queue run at once, and how quickly waiting
// ones are noticed.
type Options struct {
	Money, Carrier, Notify, Upkeep int
	// FetchCooldown is the least time between two looks for jobs.
	FetchCooldown time.Duration
	// JobTimeout bounds one job: a provider's call and the storing of its result.
	JobTimeout time.Duration
	// RescueAfter is the age at which a running job counts as abandoned; well
	// above JobTimeout, since a job that is rescued while it runs is run twice.
	RescueAfter time.Duration
	// NodeID is under which the node is the leader, and its jobs are its own.
	NodeID string
	// RescueAttemptsEvery is the period of looking for interrupted attempts.
	RescueAttemptsEvery time.Duration
}

// DefaultOptions fit one node with two cores.
func DefaultOptions() Options {
	return Options{
		Money: 50, Carrier: 10, Notify: 10, Upkeep: 4,
		FetchCooldown: 50 * time.Millisecond, RescueAttemptsEvery: 15 * time.Second,
		JobTimeout: time.Minute, RescueAfter: 2 * time.Minute,
	}
}

// mailsAtOnce is how many mails a node hands over at the same time.
const mailsAtOnce = 4

// runner is River's client over either database.
type runner interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// Workers are the running queues of a node.
type Workers struct {
	river  runner
	notify *notify.Service
	log    *slog.Logger
}

// New prepares the queues; Start runs them.
func New(s Services, o Options) (*Workers, error) {
	turns := turns(o)
	config := &river.Config{
		ID:         o.NodeID,
		Workers:    register(s),
		Middleware: []rivertype.Middleware{newObserver(s, turns)},
		Queues: map[string]river.QueueConfig{
			models.QueueMoney:   {MaxWorkers: o.Money},
			models.QueueCarrier: {MaxWorkers: o.Carrier},
			models.QueueNotify:  {MaxWorkers: o.Notify},
			models.QueueMail:    {MaxWorkers: mailsAtOnce},
			models.QueueUpkeep:  {MaxWorkers: o.Upkeep},
		},
		PeriodicJobs:         periodic(turns),
		JobTimeout:           o.JobTimeout,
		RescueStuckJobsAfter: o.RescueAfter,
		FetchCooldown:        o.FetchCooldown,
		FetchPollInterval:    time.Second,
		ErrorHandler:         errorHandler{log: s.Log},
		Logger:               slog.New(quiet{s.Log.Handler()}),
	}
	client, err := newClient(s.DB, config)
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	return &Workers{river: client, notify: s.Notify, log: s.Log}, nil
}

func newClient(db *models.DB, config *river.Config) (runner, error) {
	if db.Dialect == models.Postgres {
		return river.NewClient[pgx.Tx](riverpgxv5.New(db.Pool()), config)
	}
	return river.NewClient[*sql.Tx](riversqlite.New(db.SQL()), config)
}

// Start begins to work jobs and to deliver. The context is theirs: it must
// outlive Stop.
func (w *Workers) Start(ctx context.Context) error {
	if err := w.river.Start(ctx); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	w.notify.Start(ctx)
	return nil
}

// Stop lets what is under way finish for the given time, then cancels it and
// waits until what is known of it is stored.
func (w *Workers) Stop(ctx context.Context, grace time.Duration) error {
	deliveries := make(chan error, 1)
	go func() { deliveries <- w.notify.Stop(ctx, grace) }()
	return errors.Join(w.stopJobs(ctx, grace), <-deliveries)
}

func (w *Workers) stopJobs(ctx context.Context, grace time.Duration) error {
	soft, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := w.river.Stop(soft); err == nil {
		return nil
	}
	if err := w.river.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("stop workers: %w", err)
	}
	return nil
}

// turn is a job that runs again and again.
type turn struct {
	every time.Duration
	args  river.JobArgs
}

// turns are the jobs that the leader among the nodes enqueues.
func turns(o Options) []turn {
	return []turn{
		{o.RescueAttemptsEvery, models.RescueArgs{}},
		{time.Minute, models.RescueReplaysArgs{}},
		{time.Minute, models.RescueMailsArgs{}},
		{10 * time.Minute, models.CatchUpArgs{}},
		{carriers.SweepEvery, models.SweepArgs{}},
		{time.Minute, models.OverdueArgs{}},
		{10 * time.Second, models.FoldStatsArgs{}},
		{time.Hour, models.PruneArgs{}},
	}
}

func periodic(turns []turn) []*river.PeriodicJob {
	jobs := make([]*river.PeriodicJob, len(turns))
	for i, t := range turns {
		jobs[i] = river.NewPeriodicJob(river.PeriodicInterval(t.every),
			func() (river.JobArgs, *river.InsertOpts) { return t.args, nil },
			&river.PeriodicJobOpts{RunOnStart: true})
	}
	return jobs
}

func register(s Services) *river.Workers {
	w := river.NewWorkers()
	addMoneyWorkers(w, s.Payments)
	river.AddWorker(w, &sweepWorker{carriers: s.Carriers})
	river.AddWorker(w, &overdueWorker{carriers: s.Carriers})
	river.AddWorker(w, &pollWorker{carriers: s.Carriers})
	river.AddWorker(w, &followWorker{carriers: s.Carriers})
	river.AddWorker(w, &parcelNewsWorker{carriers: s.Carriers})
	river.AddWorker(w, &formerWorker[models.DeliverArgs]{})
	river.AddWorker(w, &formerWorker[models.RescueDeliveriesArgs]{})
	river.AddWorker(w, &formerWorker[models.EndpointDisabledArgs]{})
	river.AddWorker(w, &replayWorker{notify: s.Notify})
	river.AddWorker(w, &rescueReplaysWorker{notify: s.Notify})
	river.AddWorker(w, &customerMailWorker{tracking: s.Tracking})
	river.AddWorker(w, &rescueMailsWorker{tracking: s.Tracking})
	river.AddWorker(w, &foldStatsWorker{db: s.DB})
	river.AddWorker(w, &pruneWorker{db: s.DB})
	return w
}
