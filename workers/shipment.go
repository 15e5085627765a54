package workers

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
)

type sweepWorker struct {
	river.WorkerDefaults[models.SweepArgs]

	carriers *carriers.Service
}

func (w *sweepWorker) Work(ctx context.Context, _ *river.Job[models.SweepArgs]) error {
	return w.carriers.Sweep(ctx)
}

type parcelNewsWorker struct {
	river.WorkerDefaults[models.ParcelNewsArgs]

	carriers *carriers.Service
}

func (w *parcelNewsWorker) Work(ctx context.Context, job *river.Job[models.ParcelNewsArgs]) error {
	return w.carriers.ApplyNews(ctx, job.Args.InboundID)
}

type followWorker struct {
	river.WorkerDefaults[models.FollowArgs]

	carriers *carriers.Service
}

func (w *followWorker) Work(ctx context.Context, job *river.Job[models.FollowArgs]) error {
	return w.carriers.Follow(ctx, job.Args.AccountID)
}

type overdueWorker struct {
	river.WorkerDefaults[models.OverdueArgs]

	carriers *carriers.Service
}

func (w *overdueWorker) Work(ctx context.Context, _ *river.Job[models.OverdueArgs]) error {
	return w.carriers.MarkOverdue(ctx)
}

type pollWorker struct {
	river.WorkerDefaults[models.PollArgs]

	carriers *carriers.Service
}

func (w *pollWorker) Work(ctx context.Context, job *river.Job[models.PollArgs]) error {
	wait, err := w.carriers.Poll(ctx, job.Args)
	return later(wait, err)
}
