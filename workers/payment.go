package workers

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// moneyWorker runs a job of the payment service. A job whose account has no
// room for another call comes again when it has.
type moneyWorker[T river.JobArgs] struct {
	river.WorkerDefaults[T]

	run func(ctx context.Context, args T) error
}

func (w *moneyWorker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	err := w.run(ctx, job.Args)
	if busy, ok := errors.AsType[payments.BusyError](err); ok {
		return river.JobSnooze(busy.After)
	}
	return err
}

func addMoneyWorkers(w *river.Workers, s *payments.Service) {
	add(w, func(ctx context.Context, a models.ChargeArgs) error { return s.Send(ctx, a.AttemptID) })
	add(w, func(ctx context.Context, a models.ReconcileArgs) error {
		return s.Reconcile(ctx, a.AttemptID, a.Inquiry)
	})
	add(w, func(ctx context.Context, a models.RetryArgs) error { return s.AutoRetry(ctx, a.PaymentID, a.After) })
	add(w, func(ctx context.Context, a models.BulkRetryArgs) error { return s.WorkBulk(ctx, a.BulkRetryID) })
	add(w, func(ctx context.Context, a models.CancelArgs) error { return s.CancelAttempt(ctx, a.AttemptID) })
	add(w, func(ctx context.Context, a models.RefundArgs) error { return s.SendRefund(ctx, a.RefundID) })
	add(w, func(ctx context.Context, a models.ReconcileRefundArgs) error {
		return s.ReconcileRefund(ctx, a.RefundID, a.Inquiry)
	})
	add(w, func(ctx context.Context, a models.InboundArgs) error { return s.ApplyInbound(ctx, a.InboundID) })
	add(w, func(ctx context.Context, a models.CatchUpArgs) error { return s.CatchUp(ctx, a.AccountID) })
	add(w, func(ctx context.Context, _ models.RescueArgs) error { return s.Rescue(ctx) })
}

func add[T river.JobArgs](w *river.Workers, run func(context.Context, T) error) {
	river.AddWorker(w, &moneyWorker[T]{run: run})
}
