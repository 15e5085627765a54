package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"
)

// Job is a background job as an operator sees it. Args hold ids only.
type Job struct {
	ID          int64
	Kind        string
	Queue       string
	State       string
	Args        string
	Attempt     int
	MaxAttempts int
	CreatedAt   time.Time
	ScheduledAt time.Time
	AttemptedAt *time.Time
	FinalizedAt *time.Time
	Errors      []JobError // the newest first
	Request     string     // id of the request that it follows from
}

// JobError is why a job failed once.
type JobError struct {
	At      time.Time
	Attempt int
	Text    string
}

// Retryable says whether the job can be tried now.
func (j *Job) Retryable() bool {
	return slices.Contains([]string{JobRetryable, JobScheduled, JobDiscarded, JobCanceled}, j.State)
}

// Cancelable says whether the job can be given up.
func (j *Job) Cancelable() bool {
	return slices.Contains([]string{JobAvailable, JobRetryable, JobScheduled}, j.State)
}

// Deletable says whether the job is over, and can be taken off the list.
func (j *Job) Deletable() bool { return slices.Contains([]string{JobDiscarded, JobCanceled}, j.State) }

// What River calls the states of jobs.
const (
	JobAvailable = string(rivertype.JobStateAvailable)
	JobRunning   = string(rivertype.JobStateRunning)
	JobRetryable = string(rivertype.JobStateRetryable)
	JobScheduled = string(rivertype.JobStateScheduled)
	JobDiscarded = string(rivertype.JobStateDiscarded)
	JobCanceled  = string(rivertype.JobStateCancelled)
)

// failingPerQueue bounds the failing jobs that are listed of each queue and state.
const failingPerQueue = 25

// FailingJobs lists jobs that failed and will be tried again, and those that
// were given up, the newest first.
func (db *DB) FailingJobs(ctx context.Context) ([]Job, error) {
	var ids []int64
	for _, queue := range queues {
		for _, state := range []string{JobRetryable, JobDiscarded} {
			var some []int64
			// River's fetching index; by id the planner may walk all jobs.
			err := db.q(ctx).Table("river_job").Where("state = '"+state+"' AND queue = ?", queue).
				Order("priority, scheduled_at, id").Limit(failingPerQueue).Pluck("id", &some).Error
			if err != nil {
				return nil, fmt.Errorf("find failing jobs: %w", err)
			}
			ids = append(ids, some...)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := db.jobs.list(ctx, river.NewJobListParams().IDs(ids...).OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(len(ids)))
	if err != nil {
		return nil, fmt.Errorf("load failing jobs: %w", err)
	}
	found := make([]Job, len(rows))
	for i, row := range rows {
		found[i] = jobOf(row)
	}
	return found, nil
}

// Job loads one job, whatever its state.
func (db *DB) Job(ctx context.Context, id int64) (*Job, error) {
	rows, err := db.jobs.list(ctx, river.NewJobListParams().IDs(id).First(1))
	if err != nil {
		return nil, fmt.Errorf("load job %d: %w", id, err)
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	job := jobOf(rows[0])
	return &job, nil
}

func jobOf(row *rivertype.JobRow) Job {
	j := Job{
		ID: row.ID, Kind: row.Kind, Queue: row.Queue, State: string(row.State), Args: string(row.EncodedArgs),
		Attempt: row.Attempt, MaxAttempts: row.MaxAttempts, CreatedAt: row.CreatedAt, ScheduledAt: row.ScheduledAt,
		AttemptedAt: row.AttemptedAt, FinalizedAt: row.FinalizedAt,
	}
	for _, e := range slices.Backward(row.Errors) {
		j.Errors = append(j.Errors, JobError{At: e.At, Attempt: e.Attempt, Text: e.Error})
	}
	var origin Origin
	if json.Unmarshal(row.Metadata, &origin) == nil { // without it the job is of no request
		j.Request = origin.Request
	}
	return j
}

// RetryJob makes a job run now, and allows it one more try when it had none
// left. A job that runs, or is done, is a conflict, job_changed.
func (tx *Tx) RetryJob(id int64) (*Job, error) {
	return tx.actOnJob(id, (*Job).Retryable, tx.db.jobs.retry)
}

// CancelJob gives up a job that waits; what it was for stays undone.
func (tx *Tx) CancelJob(id int64) (*Job, error) {
	return tx.actOnJob(id, (*Job).Cancelable, tx.db.jobs.cancel)
}

// DeleteJob takes a job off the list that was given up.
func (tx *Tx) DeleteJob(id int64) (*Job, error) {
	return tx.actOnJob(id, (*Job).Deletable, tx.db.jobs.remove)
}

type jobAct func(ctx context.Context, tx *gorm.DB, id int64) (*rivertype.JobRow, error)

func (tx *Tx) actOnJob(id int64, may func(*Job) bool, act jobAct) (*Job, error) {
	row, err := tx.db.jobs.get(tx.ctx, tx.g, id)
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("load job %d: %w", id, err)
	}
	if j := jobOf(row); !may(&j) {
		return nil, Conflict("job_changed", j.State)
	}
	if row, err = act(tx.ctx, tx.g, id); err != nil {
		return nil, fmt.Errorf("act on job %d: %w", id, err)
	}
	tx.Announce(Hint{Topic: TopicNode})
	done := jobOf(row)
	return &done, nil
}

// PauseQueue keeps all nodes from taking jobs of a queue; those that run go on.
func (tx *Tx) PauseQueue(name string) error { return tx.steerQueue(name, tx.db.jobs.pause) }

// ResumeQueue lets nodes take jobs of a queue again.
func (tx *Tx) ResumeQueue(name string) error { return tx.steerQueue(name, tx.db.jobs.resume) }

func (tx *Tx) steerQueue(name string, steer func(context.Context, *gorm.DB, string) error) error {
	if !slices.Contains(queues, name) {
		return ErrNotFound
	}
	err := steer(tx.ctx, tx.g, name)
	if errors.Is(err, rivertype.ErrNotFound) { // no worker has run yet, so that there is nothing to steer
		return Conflict("queue_unused", "")
	}
	if err != nil {
		return fmt.Errorf("steer queue %s: %w", name, err)
	}
	tx.Announce(Hint{Topic: TopicNode})
	return nil
}
