package monitor_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// What a job keeps of its origin makes its span a part of the trace.
func TestOriginCarriesTheTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	tracer, err := monitor.NewTracerTo(trace.NewSimpleSpanProcessor(spans), "1", "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, request := tracer.Request(monitor.WithRequest(t.Context(), "req_1"), "POST", "")
	origin := monitor.Origin(ctx)
	if origin.Request != "req_1" || len(origin.Trace) != 55 {
		t.Fatalf("origin %+v", origin)
	}
	read := monitor.ParseOrigin([]byte(`{"request_id":"req_1","traceparent":"` + origin.Trace + `","river:x":1}`))
	if read != origin {
		t.Errorf("read %+v, want %+v", read, origin)
	}
	jobCtx, job := tracer.Job(t.Context(), "payment.charge", 7, read.Trace)
	_, call := monitor.Start(jobCtx, "provider charge", "provider", "stripe", "payment.id", "")
	call.End("failing")
	job.End("")
	request.Answered("POST", "/pay", 202)
	got := spans.GetSpans()
	if len(got) != 3 {
		t.Fatalf("%d spans", len(got))
	}
	for i := range got {
		if got[i].SpanContext.TraceID() != got[2].SpanContext.TraceID() {
			t.Errorf("%s is in another trace", got[i].Name)
		}
	}
	if len(got[0].Attributes) != 1 || got[0].Status.Description != "failing" || got[2].Name != "POST /pay" {
		t.Errorf("spans are %+v", got)
	}
	for _, text := range []string{"", "null", "[]", `{"traceparent":7}`, "{"} {
		if o := monitor.ParseOrigin([]byte(text)); o != (models.Origin{}) {
			t.Errorf("%q is of %+v", text, o)
		}
	}
}

// A traceparent that cannot be read begins a trace of its own.
func TestBrokenParents(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	tracer, err := monitor.NewTracerTo(trace.NewSimpleSpanProcessor(spans), "1", "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, parent := range []string{"x", "00-0-0-01", "00-00000000000000000000000000000000-0000000000000000-01"} {
		_, span := tracer.Request(t.Context(), "GET", parent)
		span.Answered("GET", "/", 200)
	}
	for _, s := range spans.GetSpans() {
		if s.Parent.IsValid() || !s.SpanContext.IsValid() {
			t.Errorf("span %+v", s)
		}
	}
}

// work is what a job does of tracing.
func work(ctx context.Context, tracer *monitor.Tracer) {
	ctx, job := tracer.Job(ctx, "payment.charge", 7, "")
	_, span := monitor.Start(ctx, "provider charge", "provider", "stripe", "payment.id", "pay_1", "object.id", "att_1")
	span.Set("outcome", "succeeded")
	span.End("")
	job.End("")
}

// Who makes no traces pays nothing for them.
func TestNoTraceCostsNothing(t *testing.T) { //nolint:paralleltest // allocations of other tests would be counted
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { work(ctx, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTrace(b *testing.B) {
	b.Run("off", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			work(b.Context(), nil)
		}
	})
	b.Run("on", func(b *testing.B) {
		tracer, err := monitor.NewTracerTo(trace.NewSimpleSpanProcessor(&tracetest.NoopExporter{}), "1", "a")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			work(b.Context(), tracer)
		}
	})
}
