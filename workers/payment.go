package workers

import (
	"context"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

type chargeWorker struct {
	river.WorkerDefaults[models.ChargeArgs]

	payments *payments.Service
}

func (w *chargeWorker) Work(ctx context.Context, job *river.Job[models.ChargeArgs]) error {
	return w.payments.Charge(ctx, job.Args.AttemptID)
}

type reconcileWorker struct {
	river.WorkerDefaults[models.ReconcileArgs]

	payments *payments.Service
}

func (w *reconcileWorker) Work(ctx context.Context, job *river.Job[models.ReconcileArgs]) error {
	return w.payments.Reconcile(ctx, job.Args.AttemptID, job.Args.Inquiry)
}

type retryWorker struct {
	river.WorkerDefaults[models.RetryArgs]

	payments *payments.Service
}

func (w *retryWorker) Work(ctx context.Context, job *river.Job[models.RetryArgs]) error {
	return w.payments.AutoRetry(ctx, job.Args.PaymentID, job.Args.After)
}

type rescueWorker struct {
	river.WorkerDefaults[models.RescueArgs]

	payments *payments.Service
}

func (w *rescueWorker) Work(ctx context.Context, _ *river.Job[models.RescueArgs]) error {
	return w.payments.Rescue(ctx)
}
