package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/monitor"
)

// lockedBuffer is a log that many write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// watchedDemo runs the demo on a database until done says so, or for a minute,
// and returns its spans, its log and its secrets.
func watchedDemo(t *testing.T, url string, done func(spans tracetest.SpanStubs) bool) (tracetest.SpanStubs, string, []string) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	tracer, err := monitor.NewTracerTo(trace.NewSimpleSpanProcessor(spans), "test", "node")
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	folder := t.TempDir()
	c := &Config{
		Addr: "127.0.0.1:0", Data: folder, DatabaseURL: url, Log: "debug,json", AllowNets: "127.0.0.0/8,::1/128", logTo: log,
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	states, ended := make(chan demoState, 1), make(chan error, 1)
	d := &demo{folder: folder, tracer: tracer, print: func(s demoState) error {
		states <- s
		return nil
	}}
	go func() { ended <- d.run(ctx, c) }()
	var secrets []string
	select {
	case s := <-states:
		for _, login := range s.Logins {
			secrets = append(secrets, login.Password)
		}
		for _, key := range s.APIKeys {
			secrets = append(secrets, key.Key, key.Merchant)
		}
	case err := <-ended:
		t.Fatalf("the demo ended: %v", err)
	}
	var found tracetest.SpanStubs
	for ctx.Err() == nil {
		if found = spans.GetSpans(); done(found) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended: %v", err)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	return found, log.text.String(), secrets
}

// chargeTrace are the steps of a payment, in the one trace of its request.
var chargeTrace = []string{"POST /api/v1/payments", "payment.charge", "provider charge", "webhook"}

// joined finds a trace that holds all steps of a payment.
func joined(spans tracetest.SpanStubs) tracetest.SpanStubs {
	traces := map[string]tracetest.SpanStubs{}
	for i := range spans {
		id := spans[i].SpanContext.TraceID().String()
		traces[id] = append(traces[id], spans[i])
	}
	for _, one := range traces {
		if !slices.ContainsFunc(chargeTrace, func(name string) bool { return index(one, name) < 0 }) {
			return one
		}
	}
	return nil
}

func index(spans tracetest.SpanStubs, name string) int {
	return slices.IndexFunc(spans, func(s tracetest.SpanStub) bool { return s.Name == name })
}

// One trace follows a payment from the shop's request to the merchant's
// webhook, and each line of the log says of which request or job it is. Neither
// tells a secret, or anything of a person.
func TestTracesAndLogsJoin(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": modelstest.SQLiteURL(t), "postgres": modelstest.PostgresURL(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spans, log, secrets := watchedDemo(t, url, func(spans tracetest.SpanStubs) bool { return joined(spans) != nil })
			one := joined(spans)
			if one == nil {
				names := map[string]int{}
				for i := range spans {
					names[spans[i].Name]++
				}
				t.Fatalf("no trace joins %v: there are %v", chargeTrace, names)
			}
			request, job, call := one[index(one, chargeTrace[0])], one[index(one, chargeTrace[1])], one[index(one, chargeTrace[2])]
			if request.Parent.IsValid() || job.Parent.SpanID() != request.SpanContext.SpanID() || call.Parent.SpanID() != job.SpanContext.SpanID() {
				t.Errorf("request %v, job of %v, call of %v", request.Parent.IsValid(), job.Parent.SpanID(), call.Parent.SpanID())
			}
			checkAttributes(t, spans, secrets)
			checkLog(t, log, secrets, request.SpanContext.TraceID().String())
		})
	}
}

// attributeNames are all that spans have.
var attributeNames = regexp.MustCompile(`^(provider|carrier|(account|payment|object|job|event|delivery|endpoint)\.id|event\.type|outcome|result|http\.(route|request\.method|response\.status_code))$`)

func checkAttributes(t *testing.T, spans tracetest.SpanStubs, secrets []string) {
	t.Helper()
	for i := range spans {
		for _, a := range spans[i].Attributes {
			value := a.Value.String()
			if !attributeNames.MatchString(string(a.Key)) || strings.ContainsAny(value, "@ ") || strings.Contains(value, "://") {
				t.Errorf("%s has %s=%s", spans[i].Name, a.Key, value)
			}
			for _, secret := range secrets {
				if strings.Contains(value, secret) {
					t.Errorf("%s tells a secret in %s", spans[i].Name, a.Key)
				}
			}
		}
	}
}

// checkLog looks at every line: what it is of, and that it tells nothing.
func checkLog(t *testing.T, log string, secrets []string, traceID string) {
	t.Helper()
	for _, secret := range append(secrets, "@", "whsec_", "tok_", "Bearer ") {
		if at := strings.Index(log, secret); at >= 0 {
			t.Errorf("the log tells %q: %s", secret, log[max(0, at-200):min(len(log), at+200)])
		}
	}
	requests, traced := 0, 0
	for line := range strings.Lines(log) {
		var l struct {
			Msg       string
			RequestID string `json:"request_id"`
			Job       int64
			Kind      string
			TraceID   string `json:"trace_id"`
			Body      any
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("no JSON: %s", line)
		}
		if l.Msg == "request" {
			requests++
			if l.RequestID == "" {
				t.Errorf("without its id: %s", line)
			}
		}
		if strings.HasPrefix(l.Msg, "job ") && (l.Job == 0 || l.Kind == "") {
			t.Errorf("without its job: %s", line)
		}
		if l.TraceID == traceID {
			traced++
		}
	}
	if requests == 0 || traced == 0 {
		t.Errorf("%d lines of requests, %d of the trace", requests, traced)
	}
}

// Traces go where OpenTelemetry's own variables say, and stop with the node.
func TestTracesAreSent(t *testing.T) {
	var (
		mu   sync.Mutex
		sent []byte
	)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && r.URL.Path == "/v1/traces" {
			sent = append(sent, body...)
		}
		w.WriteHeader(http.StatusOK)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	c := fromEnvironment()
	tracer, err := c.tracer(t.Context(), "node-1", nil)
	if err != nil || tracer == nil {
		t.Fatalf("tracer %v, %v", tracer, err)
	}
	_, span := tracer.Job(t.Context(), "shipment.sweep", 7, "")
	span.End("")
	if err := tracer.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !bytes.Contains(sent, []byte("shipment.sweep")) || !bytes.Contains(sent, []byte("node-1")) {
		t.Errorf("sent %q", sent)
	}
}

func TestTracesConfig(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		set      tracesConfig
		on       bool
		problems int
	}{
		{"nothing is said", tracesConfig{}, false, 0},
		{"an endpoint", tracesConfig{Endpoint: "http://collector:4318"}, true, 0},
		{"an endpoint of traces", tracesConfig{TracesEndpoint: "http://collector:4318/v1/traces", Protocol: "http/protobuf"}, true, 0},
		{"switched off", tracesConfig{Endpoint: "http://collector:4318", Exporter: "none"}, false, 0},
		{"switched off for all signals", tracesConfig{Endpoint: "http://collector:4318", Disabled: "TRUE"}, false, 0},
		{"a protocol that is not spoken", tracesConfig{Endpoint: "http://collector:4317", Protocol: "grpc"}, true, 1},
		{"an endpoint that is no address", tracesConfig{Endpoint: "foo"}, true, 1},
		{"an endpoint of traces that is no address", tracesConfig{TracesEndpoint: "collector:4318"}, true, 1},
		{"an exporter that is not there", tracesConfig{Endpoint: "http://collector:4318", Exporter: "zipkin"}, true, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := &Config{Traces: test.set}
			if got := c.Traces.on(); got != test.on {
				t.Errorf("on is %v", got)
			}
			if got := c.checkTraces(); len(got) != test.problems {
				t.Errorf("problems are %v", got)
			}
		})
	}
}
