// Package monitor is what a process tells those who watch it: figures for
// Prometheus, traces, and of which request or job a line of the log is.
package monitor

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// namespace begins the name of each figure.
const namespace = "tillpost"

// Figures are what one process counts. Whoever does something worth counting
// tells them in the words of its trade; nil counts nothing.
type Figures struct {
	registry *prometheus.Registry

	requests     *prometheus.HistogramVec
	logins       *prometheus.CounterVec
	denied       *prometheus.CounterVec
	refused      *prometheus.CounterVec
	hooks        *prometheus.CounterVec
	providers    *prometheus.HistogramVec
	guarded      *prometheus.CounterVec
	carriers     *prometheus.HistogramVec
	carrierFails *prometheus.CounterVec
	webhooks     *prometheus.CounterVec
	webhookTimes prometheus.Histogram
	jobTimes     *prometheus.HistogramVec

	connections, streams atomic.Int64

	runs runs
}

// Times in seconds that the histograms tell apart.
var (
	requestTimes = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 30}
	callTimes    = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40}
	jobTimes     = []float64{.01, .05, .25, 1, 5, 20, 60}
)

// New makes figures that are all 0.
func New() *Figures {
	f := &Figures{registry: prometheus.NewRegistry(), runs: newRuns()}
	f.requests = f.times("http_request_seconds", "Time to answer a request, by route and status.", requestTimes, "method", "route", "status")
	f.logins = f.counts("logins_total", "Tries to sign in, by result: ok or refused.", "result")
	f.denied = f.counts("authz_denied_total", "Requests by somebody who may not make them: role, key, scope or form.", "why")
	f.refused = f.counts("connections_refused_total", "Connections that had to wait or were not taken: limit, system or stream.", "why")
	f.hooks = f.counts("hooks_rejected_total", "Webhooks of providers with a bad signature, by kind of account.", "kind")
	f.providers = f.times("provider_call_seconds", "Time that a payment provider took, by its outcome.", callTimes, "provider", "outcome")
	f.guarded = f.counts("double_charge_guard_total", "Charges that were held back because another might have been made, by guard.", "guard")
	f.carriers = f.times("carrier_call_seconds", "Time that a carrier took for one question, by its result.", callTimes, "carrier", "result")
	f.carrierFails = f.counts("carrier_errors_total", "Questions that a carrier did not answer, by kind of error.", "carrier", "class")
	f.webhooks = f.counts("webhook_attempts_total", "Webhooks that were sent to merchants, by result.", "result")
	f.webhookTimes = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "webhook_attempt_seconds", Help: "Time that merchants' endpoints took to answer.", Buckets: requestTimes,
	})
	f.jobTimes = f.times("job_seconds", "Time that a background job took, by kind and result.", jobTimes, "kind", "result")
	f.zero()
	f.gauges("connections", "Open connections to the pages and the API.", &f.connections)
	f.gauges("live_streams", "Open pages that are fed with changes.", &f.streams)
	f.registry.MustRegister(f.webhookTimes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector(),
	)
	return f
}

// zero makes the series exist whose values are known beforehand: a rate cannot
// tell a counter that begins at 1 from one that was not there.
func (f *Figures) zero() {
	for counter, values := range map[*prometheus.CounterVec][]string{
		f.logins: {"ok", "refused"}, f.denied: {DeniedRole, DeniedKey, DeniedScope, DeniedForm},
		f.refused: {RefusedLimit, RefusedSystem, RefusedStream}, f.guarded: {GuardTaken, GuardOpen, GuardAmount},
		f.webhooks: {"delivered", "refused", "gone", "timeout", "unreachable"},
	} {
		for _, value := range values {
			counter.WithLabelValues(value)
		}
	}
}

func (f *Figures) counts(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	f.registry.MustRegister(c)
	return c
}

func (f *Figures) times(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	f.registry.MustRegister(h)
	return h
}

func (f *Figures) gauges(name, help string, of *atomic.Int64) {
	f.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help},
		func() float64 { return float64(of.Load()) }))
}

// Handler shows the figures, and those of the further collectors.
func (f *Figures) Handler(further ...prometheus.Collector) http.Handler {
	own := prometheus.NewRegistry()
	own.MustRegister(further...)
	return promhttp.HandlerFor(prometheus.Gatherers{f.registry, own}, promhttp.HandlerOpts{})
}

// otherLabel stands for a value that is none of a known few.
const otherLabel = "other"

// longestLabel is shorter than any id.
const longestLabel = 24

// label keeps ids, addresses and what strangers say from becoming series: the
// values of labels are short words of this program.
func label(value string) string {
	if value == "" || len(value) > longestLabel {
		return otherLabel
	}
	for i := range len(value) {
		switch c := value[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '.':
		default:
			return otherLabel
		}
	}
	return value
}
