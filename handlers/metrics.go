package handlers

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the process's figures for Prometheus, about its HTTP side and
// about the process itself.
var metrics = newMetrics()

type figures struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	streams  prometheus.Gauge
	logins   *prometheus.CounterVec
	hooks    *prometheus.CounterVec
}

func newMetrics() figures {
	f := figures{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "tillpost", Name: "http_request_seconds", Help: "Time to answer a request, by route and status.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30},
		}, []string{"method", "route", "status"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "tillpost", Name: "live_streams", Help: "Open pages that are fed with changes.",
		}),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "tillpost", Name: "logins_total", Help: "Tries to sign in, by result.",
		}, []string{"result"}),
		hooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "tillpost", Name: "hooks_rejected_total", Help: "Webhooks of providers with a bad signature, by kind of account.",
		}, []string{"kind"}),
	}
	f.registry.MustRegister(
		f.requests, f.streams, f.logins, f.hooks,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return f
}

// MetricsHandler shows the process's own figures to Prometheus.
func MetricsHandler() http.Handler {
	return promhttp.HandlerFor(metrics.registry, promhttp.HandlerOpts{})
}

// answered counts a request that was answered.
func (f figures) answered(c *fiber.Ctx, took time.Duration) {
	route, status := c.Route().Path, c.Response().StatusCode()
	if status == fiber.StatusNotFound {
		route = "none" // what does not exist must not make new series
	}
	f.requests.WithLabelValues(knownMethod(c.Method()), route, strconv.Itoa(status)).Observe(took.Seconds())
}

// knownMethod keeps invented methods from making new series.
func knownMethod(method string) string {
	switch method {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPatch, fiber.MethodPut, fiber.MethodDelete, fiber.MethodOptions:
		return method
	default:
		return "other"
	}
}
