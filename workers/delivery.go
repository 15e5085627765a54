package workers

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

// formerWorker finds the jobs done by which deliveries were made before they
// became a queue of their own. They are still there for days after an upgrade,
// and nodes that are not upgraded yet make more.
type formerWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
}

func (*formerWorker[T]) Work(context.Context, *river.Job[T]) error { return nil }

type endpointDisabledWorker struct {
	river.WorkerDefaults[models.EndpointDisabledArgs]

	notify *notify.Service
}

func (w *endpointDisabledWorker) Work(ctx context.Context, job *river.Job[models.EndpointDisabledArgs]) error {
	return w.notify.Disabled(ctx, job.Args.EndpointID, job.Args.Reason)
}

// later puts a job back that cannot be done yet; that is no failed try.
func later(wait time.Duration, err error) error {
	if err != nil || wait == 0 {
		return err
	}
	return river.JobSnooze(wait)
}
