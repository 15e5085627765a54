package workers

import (
	"context"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/tillpost/tillpost/monitor"
)

// errorHandler logs what a job failed of; River tries it again.
type errorHandler struct{ log *slog.Logger }

func (h errorHandler) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	h.log.ErrorContext(named(ctx, job), "job failed", "attempt", job.Attempt, "error", err)
	return nil
}

func (h errorHandler) HandlePanic(
	ctx context.Context, job *rivertype.JobRow, value any, trace string,
) *river.ErrorHandlerResult {
	h.log.ErrorContext(named(ctx, job), "job panicked", "attempt", job.Attempt, "panic", value, "stack", trace)
	return nil
}

// named says in the context which job it is: River's own does not.
func named(ctx context.Context, job *rivertype.JobRow) context.Context {
	return monitor.WithJob(ctx, job.ID, job.Kind, monitor.ParseOrigin(job.Metadata).Request)
}

// quiet drops River's own chatter below warnings; what matters of a job is
// logged by errorHandler.
type quiet struct{ slog.Handler }

// Enabled lets warnings and errors through.
func (q quiet) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
