package workers

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/tracking"
)

type customerMailWorker struct {
	river.WorkerDefaults[models.CustomerMailArgs]

	tracking *tracking.Service
}

func (w *customerMailWorker) Work(ctx context.Context, job *river.Job[models.CustomerMailArgs]) error {
	wait, err := w.tracking.Send(ctx, job.Args.MailID)
	return later(wait, err)
}

type rescueMailsWorker struct {
	river.WorkerDefaults[models.RescueMailsArgs]

	tracking *tracking.Service
}

func (w *rescueMailsWorker) Work(ctx context.Context, _ *river.Job[models.RescueMailsArgs]) error {
	return w.tracking.Rescue(ctx)
}
