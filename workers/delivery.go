package workers

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

type deliverWorker struct {
	river.WorkerDefaults[models.DeliverArgs]

	notify *notify.Service
}

func (w *deliverWorker) Work(ctx context.Context, job *river.Job[models.DeliverArgs]) error {
	wait, err := w.notify.Deliver(ctx, job.Args.DeliveryID)
	return later(wait, err)
}

type rescueDeliveriesWorker struct {
	river.WorkerDefaults[models.RescueDeliveriesArgs]

	notify *notify.Service
}

func (w *rescueDeliveriesWorker) Work(ctx context.Context, _ *river.Job[models.RescueDeliveriesArgs]) error {
	return w.notify.Rescue(ctx)
}

// later puts a job back that cannot be done yet; that is no failed try.
func later(wait time.Duration, err error) error {
	if err != nil || wait == 0 {
		return err
	}
	return river.JobSnooze(wait)
}
