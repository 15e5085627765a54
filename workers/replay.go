package workers

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

type replayWorker struct {
	river.WorkerDefaults[models.ReplayArgs]

	notify *notify.Service
}

func (w *replayWorker) Work(ctx context.Context, job *river.Job[models.ReplayArgs]) error {
	wait, err := w.notify.WorkReplay(ctx, job.Args.ReplayID)
	return later(wait, err)
}

type rescueReplaysWorker struct {
	river.WorkerDefaults[models.RescueReplaysArgs]

	notify *notify.Service
}

func (w *rescueReplaysWorker) Work(ctx context.Context, _ *river.Job[models.RescueReplaysArgs]) error {
	return w.notify.RescueReplays(ctx)
}
