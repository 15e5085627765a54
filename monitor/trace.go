package monitor

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

// scope names the part of a program that makes spans.
const scope = "github.com/tillpost/tillpost"

// Tracer begins traces, whose pieces Start adds; nil traces nothing.
type Tracer struct {
	provider *trace.TracerProvider
	tracer   api.Tracer
}

// NewTracer sends traces by OTLP over HTTP to where the standard variables
// OTEL_EXPORTER_OTLP_… say; OTEL_TRACES_SAMPLER says which.
func NewTracer(ctx context.Context, version, node string) (*Tracer, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	return NewTracerTo(trace.NewBatchSpanProcessor(exporter), version, node)
}

// NewTracerTo gives spans to a processor.
func NewTracerTo(processor trace.SpanProcessor, version, node string) (*Tracer, error) {
	own := resource.NewSchemaless(
		attribute.String("service.name", "tillpost"), attribute.String("service.version", version),
		attribute.String("service.instance.id", node),
	)
	described, err := resource.Merge(own, resource.Environment()) // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(processor), trace.WithResource(described))
	return &Tracer{provider: provider, tracer: provider.Tracer(scope, api.WithInstrumentationVersion(version))}, nil
}

// Stop sends what is left and ends the tracer.
func (t *Tracer) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop traces: %w", err)
	}
	return nil
}

// Request begins the span of a request; parent is the traceparent of a proxy
// that may be believed, or empty.
func (t *Tracer) Request(ctx context.Context, method, parent string) (context.Context, Span) {
	return t.begin(ctx, parent, method, api.SpanKindServer)
}

// Job begins the span of a job, in the trace that enqueued it.
func (t *Tracer) Job(ctx context.Context, kind string, id int64, parent string) (context.Context, Span) {
	ctx, span := t.begin(ctx, parent, kind, api.SpanKindConsumer)
	span.number("job.id", id)
	return ctx, span
}

// Continue begins the span of work that goes on where an event happened.
func (t *Tracer) Continue(ctx context.Context, name, parent string, attributes ...string) (context.Context, Span) {
	ctx, span := t.begin(ctx, parent, name, api.SpanKindClient)
	span.Set(attributes...)
	return ctx, span
}

func (t *Tracer) begin(ctx context.Context, parent, name string, kind api.SpanKind) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	ctx, span := t.tracer.Start(withParent(ctx, parent), name, api.WithSpanKind(kind)) //nolint:spancheck // the caller ends it
	return ctx, Span{span}                                                             //nolint:spancheck // as above
}

// Start begins a piece of the work under a context, with attributes as names
// and values in turn; without a trace it does nothing. Attributes are words and
// ids: nothing of a person, no secret, no address.
func Start(ctx context.Context, name string, attributes ...string) (context.Context, Span) {
	parent := api.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name, api.WithSpanKind(api.SpanKindClient)) //nolint:spancheck // the caller ends it
	one := Span{span}
	one.Set(attributes...)
	return ctx, one //nolint:spancheck // as above
}

// Span is a piece of work; the zero one is none.
type Span struct{ span api.Span }

// Set adds attributes, names and values in turn.
func (s Span) Set(attributes ...string) {
	if s.span == nil {
		return
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] != "" {
			s.span.SetAttributes(attribute.String(attributes[i], attributes[i+1]))
		}
	}
}

func (s Span) number(name string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(name, value))
	}
}

// Answered ends the span of a request.
func (s Span) Answered(method, route string, status int) {
	if s.span == nil {
		return
	}
	s.span.SetName(method + " " + route)
	s.span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route))
	s.number("http.response.status_code", int64(status))
	if status >= http.StatusInternalServerError {
		s.span.SetStatus(codes.Error, http.StatusText(status))
	}
	s.span.End()
}

// End ends the span; failed says in one word, if at all, how it failed. Errors'
// own texts stay in the log: they may hold addresses.
func (s Span) End(failed string) {
	if s.span == nil {
		return
	}
	if failed != "" {
		s.span.SetStatus(codes.Error, failed)
	}
	s.span.End()
}

// traceHeader is of W3C's trace context.
const traceHeader = "traceparent"

var contexts propagation.TraceContext

// traceparent writes a span as W3C's header does; empty without one.
func traceparent(span api.SpanContext) string {
	if !span.IsValid() {
		return ""
	}
	header := propagation.MapCarrier{}
	contexts.Inject(api.ContextWithSpanContext(context.Background(), span), header)
	return header[traceHeader]
}

// withParent puts the span of a traceparent into the context; one that cannot
// be read is none.
func withParent(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return contexts.Extract(ctx, propagation.MapCarrier{traceHeader: parent})
}
