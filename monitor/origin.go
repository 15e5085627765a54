package monitor

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/trace"

	"github.com/tillpost/tillpost/models"
)

type originKey struct{}

// origin is of which request, and of which job, something happens.
type origin struct {
	request string
	job     int64
	kind    string
}

// WithRequest marks what happens under a context as a request's.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, originKey{}, &origin{request: id})
}

// WithJob marks what happens under a context as a job's, which a request may
// have enqueued.
func WithJob(ctx context.Context, id int64, kind, request string) context.Context {
	return context.WithValue(ctx, originKey{}, &origin{request: request, job: id, kind: kind})
}

func originOf(ctx context.Context) *origin {
	o, ok := ctx.Value(originKey{}).(*origin)
	if !ok {
		return &origin{}
	}
	return o
}

// Origin is what jobs and events keep of the request and the trace that made
// them; it is the models.DB's Origin.
func Origin(ctx context.Context) models.Origin {
	return models.Origin{Request: originOf(ctx).request, Trace: traceparent(trace.SpanContextFromContext(ctx))}
}

// ParseOrigin reads what a job keeps; metadata that hold none are of nobody.
func ParseOrigin(metadata []byte) models.Origin {
	var o models.Origin
	if json.Unmarshal(metadata, &o) != nil {
		return models.Origin{}
	}
	return o
}
