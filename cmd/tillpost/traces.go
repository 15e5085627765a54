package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/tillpost/tillpost/monitor"
)

// tracesTimeout bounds the sending of what is left when a node stops.
const tracesTimeout = 3 * time.Second

// tracesConfig is what OpenTelemetry's own variables say of whether traces are
// made; its exporter and sampler read the others.
type tracesConfig struct {
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	Protocol       string `env:"OTEL_EXPORTER_OTLP_PROTOCOL"`
	TracesProtocol string `env:"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"`
	Exporter       string `env:"OTEL_TRACES_EXPORTER"`
	Disabled       string `env:"OTEL_SDK_DISABLED"`
}

// on says whether traces are made: somebody said where to.
func (t tracesConfig) on() bool {
	return (t.Endpoint != "" || t.TracesEndpoint != "") && t.Exporter != "none" && !strings.EqualFold(t.Disabled, "true")
}

// checkTraces refuses what the exporter would silently not do.
func (c *Config) checkTraces() []error {
	var problems []error
	if !c.Traces.on() {
		return nil
	}
	for _, said := range [][2]string{
		{"OTEL_EXPORTER_OTLP_PROTOCOL", c.Traces.Protocol}, {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", c.Traces.TracesProtocol},
	} {
		if said[1] != "" && said[1] != "http/protobuf" {
			problems = append(problems, c.wrong(said[0], said[1], "http/protobuf"))
		}
	}
	for _, said := range [][2]string{
		{"OTEL_EXPORTER_OTLP_ENDPOINT", c.Traces.Endpoint}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.Traces.TracesEndpoint},
	} {
		u, err := url.Parse(said[1])
		if said[1] != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			// Its value may hold a password.
			problems = append(problems, usageError{fmt.Errorf("%s is wrong; want a URL that starts with http:// or https://", said[0])})
		}
	}
	if c.Traces.Exporter != "" && c.Traces.Exporter != "otlp" {
		problems = append(problems, c.wrong("OTEL_TRACES_EXPORTER", c.Traces.Exporter, "otlp or none"))
	}
	return problems
}

// tracer begins the node's traces; nil when nobody wants them.
func (c *Config) tracer(ctx context.Context, node string, log *slog.Logger) (*monitor.Tracer, error) {
	if !c.Traces.on() {
		return nil, nil //nolint:nilnil // a nil tracer traces nothing
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not sent", "error", err) }))
	return monitor.NewTracer(ctx, version(), node)
}
