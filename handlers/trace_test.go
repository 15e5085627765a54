package handlers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/monitor"
)

// Only a trusted proxy makes a request part of a trace; a stranger's begins its own.
func TestWhoseTraceIsJoined(t *testing.T) {
	t.Parallel()
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	for name, test := range map[string]struct {
		proxies []string
		joined  bool
	}{
		"a proxy's": {[]string{"0.0.0.0"}, true}, // where requests of tests come from
		"nobody's":  {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spans := tracetest.NewInMemoryExporter()
			tracer, err := monitor.NewTracerTo(trace.NewSimpleSpanProcessor(spans), "1", "a")
			if err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			app := New(Deps{
				DB: modelstest.SQLite(t), Hub: live.New(log), Log: log, AppContext: ctx, BaseURL: "http://tillpost.test",
				TrustedProxies: test.proxies, Tracer: tracer,
			})
			request := httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody)
			request.Header.Set("Traceparent", "00-"+theirs+"-00f067aa0ba902b7-01")
			response, err := app.Test(request)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			made := spans.GetSpans()
			if len(made) != 1 || made[0].Name != "GET /healthz" {
				t.Fatalf("spans %+v", made)
			}
			if joined := made[0].SpanContext.TraceID().String() == theirs; joined != test.joined {
				t.Errorf("joined is %v", joined)
			}
		})
	}
}
