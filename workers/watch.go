package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// observer counts each job and how it ended, and joins what it logs and traces
// with what enqueued it.
type observer struct {
	river.MiddlewareDefaults

	figures *monitor.Figures
	tracer  *monitor.Tracer
	turns   map[string]bool // kinds of the jobs that run again and again
}

func newObserver(s Services, turns []turn) *observer {
	o := &observer{figures: s.Figures, tracer: s.Tracer, turns: map[string]bool{}}
	for _, t := range turns {
		o.turns[t.args.Kind()] = true
	}
	return o
}

// Work implements rivertype.WorkerMiddleware.
func (o *observer) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
	from := monitor.ParseOrigin(job.Metadata)
	ctx = monitor.WithJob(ctx, job.ID, job.Kind, from.Request)
	ctx, span := o.tracer.Job(ctx, job.Kind, job.ID, from.Trace)
	start := time.Now()
	ended := false
	defer func() {
		failure := err
		if !ended {
			failure = errPanicked
		}
		result, failure := resultOf(failure)
		span.Set("result", result)
		span.End(failureWord(failure))
		o.figures.JobEnded(job.Kind, result, time.Since(start), o.inTurn(job), failure)
	}()
	err = work(ctx)
	ended = true
	return err
}

var errPanicked = errors.New("it panicked; the log says where")

// failureWord is how a span names a failure, whose own text is for the log.
func failureWord(failure error) string {
	if failure == nil {
		return ""
	}
	return "failed"
}

// resultOf says how a job ended: River's words to itself are no failures.
func resultOf(err error) (result string, failure error) {
	if err == nil {
		return monitor.JobDone, nil
	}
	if _, later := errors.AsType[*river.JobSnoozeError](err); later {
		return monitor.JobLater, nil
	}
	if canceled, ok := errors.AsType[*river.JobCancelError](err); ok {
		return monitor.JobStopped, fmt.Errorf("given up: %w", canceled)
	}
	return monitor.JobFailed, err
}

// inTurn says whether a job is one of those that run again and again. What
// they enqueue for one account only is of the same kind, in another queue.
func (o *observer) inTurn(job *rivertype.JobRow) bool {
	return o.turns[job.Kind] && job.Queue == models.QueueUpkeep
}
