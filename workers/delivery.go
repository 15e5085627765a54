package workers

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// formerWorker finds jobs done of kinds that were given up. They are still there
// for days after an upgrade, and nodes that are not upgraded yet make more.
type formerWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
}

func (*formerWorker[T]) Work(context.Context, *river.Job[T]) error { return nil }

// later puts a job back that cannot be done yet; that is no failed try.
func later(wait time.Duration, err error) error {
	if err != nil || wait == 0 {
		return err
	}
	return river.JobSnooze(wait)
}
