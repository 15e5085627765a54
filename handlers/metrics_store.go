package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tillpost/tillpost/models"
)

// Bounds of what a scrape asks the database.
const (
	watchTimeout = 5 * time.Second
	watchEvery   = 10 * time.Second // scrapes within it get the same figures
)

// OpsHandler serves what machines ask of a node, apart from the pages because it
// is not for the public: /metrics, and /healthz and /readyz also of a node
// without pages.
func OpsHandler(d Deps) http.Handler {
	if d.Draining == nil {
		d.Draining = func() bool { return false }
	}
	s := &server{Deps: d}
	own := prometheus.NewRegistry()
	own.MustRegister(&storeFigures{db: d.DB, log: d.Log})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{metrics.registry, own}, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerHealth(w, http.StatusOK, healthy) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, text := s.readiness(r.Context())
		answerHealth(w, status, text)
	})
	return mux
}

func answerHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"status":"` + text + `"}`)) // whoever asks and leaves gets nothing
}

// storeFigures are figures of what is stored. They are the same on every node
// of a database, so that over nodes the largest counts and not the sum.
type storeFigures struct {
	db  *models.DB
	log *slog.Logger

	mu    sync.Mutex
	asked time.Time
	last  models.Watch
	ok    bool
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tillpost_"+name, help, labels, nil)
}

var (
	storeUp        = describe("store_up", "Whether the figures of the database could be read.")
	jobsCount      = describe("jobs", "Background jobs, counted up to 10000.", "queue", "state")
	jobsOldest     = describe("jobs_oldest_seconds", "How long the oldest job that could run has been waiting.", "queue")
	attemptsOpen   = describe("attempts_open", "Payment attempts that may still move money, counted up to 10000.", "status")
	attention      = describe("attention", "What waits for a human, counted up to 1000.", "what")
	carriersHalted = describe("carrier_accounts_stopped", "Enabled carrier accounts whose credentials were refused.")
	breakersOpen   = describe("gateway_breakers_open", "Enabled payment accounts whose provider is not called for a while.")
)

// Describe implements prometheus.Collector.
func (f *storeFigures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeUp, jobsCount, jobsOldest, attemptsOpen, attention, carriersHalted, breakersOpen} {
		to <- d
	}
}

// Collect implements prometheus.Collector. A database that does not answer takes
// nothing from the process's own figures.
func (f *storeFigures) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	w, ok := f.read()
	if !ok {
		gauge(storeUp, 0)
		return
	}
	gauge(storeUp, 1)
	for _, j := range w.Jobs {
		gauge(jobsCount, float64(j.Count), j.Queue, j.State)
		if j.State == "available" {
			gauge(jobsOldest, j.Oldest.Seconds(), j.Queue)
		}
	}
	for status, n := range w.OpenAttempts {
		gauge(attemptsOpen, float64(n), string(status))
	}
	for what, n := range map[string]int{
		"payments_failed": w.Attention.FailedPayments, "payments_unknown": w.Attention.UnknownPayments,
		"payments_needs_review": w.Attention.ReviewPayments, "parcels": w.Attention.Parcels,
		"deliveries_retrying": w.Attention.FailingDeliveries, "deliveries_exhausted": w.Attention.LostDeliveries,
	} {
		gauge(attention, float64(n), what)
	}
	gauge(carriersHalted, float64(w.Stopped))
	gauge(breakersOpen, float64(w.BreakersOpen))
}

// read asks the database, unless it was asked just now.
func (f *storeFigures) read() (models.Watch, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.asked) < watchEvery {
		return f.last, f.ok
	}
	ctx, cancel := context.WithTimeout(context.Background(), watchTimeout)
	defer cancel()
	w, err := f.db.Watch(ctx)
	if err != nil {
		f.log.WarnContext(ctx, "figures of the database cannot be read", "error", err)
	}
	f.asked, f.last, f.ok = time.Now(), w, err == nil
	return f.last, f.ok
}
