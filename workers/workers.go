// Package workers runs what happens in the background: River's queues and
// periodic jobs as a thin door to the services, on either database.
package workers

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
	"github.com/tillpost/tillpost/payments"
)

// Services are what jobs call.
type Services struct {
	DB       *models.DB
	Payments *payments.Service
	Carriers *carriers.Service
	Notify   *notify.Service
	Log      *slog.Logger
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
	// RescueAttemptsEvery is the period of looking for interrupted attempts.
	RescueAttemptsEvery time.Duration
}

// DefaultOptions fit one node with two cores.
func DefaultOptions() Options {
	return Options{
		Money: 50, Carrier: 10, Notify: 50, Upkeep: 4,
		FetchCooldown: 50 * time.Millisecond, RescueAttemptsEvery: 15 * time.Second,
		JobTimeout: time.Minute, RescueAfter: 2 * time.Minute,
	}
}

// runner is River's client over either database.
type runner interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// Workers are the running queues of a node.
type Workers struct {
	river runner
	log   *slog.Logger
}

// New prepares the queues; Start runs them.
func New(s Services, o Options) (*Workers, error) {
	config := &river.Config{
		Workers: register(s),
		Queues: map[string]river.QueueConfig{
			models.QueueMoney:   {MaxWorkers: o.Money},
			models.QueueCarrier: {MaxWorkers: o.Carrier},
			models.QueueNotify:  {MaxWorkers: o.Notify},
			models.QueueUpkeep:  {MaxWorkers: o.Upkeep},
		},
		PeriodicJobs:         periodic(o),
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
	return &Workers{river: client, log: s.Log}, nil
}

func newClient(db *models.DB, config *river.Config) (runner, error) {
	if db.Dialect == models.Postgres {
		return river.NewClient[pgx.Tx](riverpgxv5.New(db.Pool()), config)
	}
	return river.NewClient[*sql.Tx](riversqlite.New(db.SQL()), config)
}

// Start begins to work jobs. The context is theirs: it must outlive Stop.
func (w *Workers) Start(ctx context.Context) error {
	if err := w.river.Start(ctx); err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	return nil
}

// Stop lets running jobs finish for the given time, then cancels them and
// waits for them to store what they know.
func (w *Workers) Stop(ctx context.Context, grace time.Duration) error {
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

// periodic are the jobs that the leader among the nodes enqueues.
func periodic(o Options) []*river.PeriodicJob {
	every := func(d time.Duration, args river.JobArgs) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d),
			func() (river.JobArgs, *river.InsertOpts) { return args, nil },
			&river.PeriodicJobOpts{RunOnStart: true})
	}
	return []*river.PeriodicJob{
		every(o.RescueAttemptsEvery, models.RescueArgs{}),
		every(time.Minute, models.RescueDeliveriesArgs{}),
		every(10*time.Minute, models.CatchUpArgs{}),
		every(carriers.SweepEvery, models.SweepArgs{}),
		every(time.Minute, models.OverdueArgs{}),
		every(10*time.Second, models.FoldStatsArgs{}),
		every(time.Hour, models.PruneArgs{}),
	}
}

func register(s Services) *river.Workers {
	w := river.NewWorkers()
	addMoneyWorkers(w, s.Payments)
	river.AddWorker(w, &sweepWorker{carriers: s.Carriers})
	river.AddWorker(w, &overdueWorker{carriers: s.Carriers})
	river.AddWorker(w, &pollWorker{carriers: s.Carriers})
	river.AddWorker(w, &deliverWorker{notify: s.Notify})
	river.AddWorker(w, &rescueDeliveriesWorker{notify: s.Notify})
	river.AddWorker(w, &foldStatsWorker{db: s.DB})
	river.AddWorker(w, &pruneWorker{db: s.DB})
	return w
}
