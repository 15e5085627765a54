package monitor

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tillpost/tillpost/models"
)

// Bounds of what a scrape asks the database.
const (
	watchTimeout = 5 * time.Second
	watchEvery   = 10 * time.Second // scrapes within it get the same figures
)

// Store are figures of what is stored. They are the same on every node of a
// database, so that over nodes the largest counts and not the sum.
type Store struct {
	db  *models.DB
	log *slog.Logger

	mu    sync.Mutex
	asked time.Time
	last  models.Watch
	ok    bool
}

// NewStore makes figures of what a database holds.
func NewStore(db *models.DB, log *slog.Logger) *Store { return &Store{db: db, log: log} }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

var (
	dbUp           = describe("db_up", "Whether the figures of the database could be read.")
	dbSync         = describe("db_replication_sync", "Whether commits wait for a standby; absent without standbys.")
	dbStandbys     = describe("db_standbys", "Standbys that PostgreSQL copies to: sync or async.", "state")
	dbTimeline     = describe("db_timeline", "Timeline of PostgreSQL's write-ahead log, higher after each fail-over.")
	leader         = describe("leader", "The node that plans the periodic jobs.", "node")
	nodes          = describe("nodes", "Nodes that serve (web) or work jobs (workers), and are alive or lost.", "role", "state")
	jobsCount      = describe("jobs", "Background jobs, counted up to 10000.", "queue", "state")
	jobsOldest     = describe("jobs_oldest_seconds", "How long the oldest job that could run has been waiting.", "queue")
	lastSuccess    = describe("worker_last_success_timestamp_seconds", "When a periodic job last succeeded on any node; 0: never.", "job")
	payments       = describe("payments", "Payments in states that they do not stay in, counted up to 10000.", "state")
	unknownOldest  = describe("payments_unknown_oldest_seconds", "How long the outcome of a charge has been unknown.")
	attemptsOpen   = describe("attempts_open", "Payment attempts that may still move money, counted up to 10000.", "status")
	attention      = describe("attention", "What waits for a human, counted up to 1000.", "what")
	outboxOldest   = describe("outbox_oldest_seconds", "How long the first webhook to a merchant has been due that nobody sends.")
	pollLag        = describe("carrier_poll_lag_seconds", "How long a parcel has been due to be asked for, by carrier.", "carrier")
	carriersHalted = describe("carrier_accounts_stopped", "Enabled carrier accounts whose credentials were refused.")
	breakersOpen   = describe("gateway_breakers_open", "Enabled payment accounts whose provider is not called for a while.")
)

// Describe implements prometheus.Collector.
func (*Store) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		dbUp, dbSync, dbStandbys, dbTimeline, leader, nodes, jobsCount, jobsOldest, lastSuccess, payments, unknownOldest, attemptsOpen, attention,
		outboxOldest, pollLag, carriersHalted, breakersOpen,
	} {
		to <- d
	}
}

// gauges sends the values of gauges.
type gauges chan<- prometheus.Metric

func (to gauges) set(d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

// Collect implements prometheus.Collector. A database that does not answer takes
// nothing from the process's own figures.
func (s *Store) Collect(metrics chan<- prometheus.Metric) {
	to := gauges(metrics)
	w, ok := s.read()
	if !ok {
		to.set(dbUp, 0)
		return
	}
	to.set(dbUp, 1)
	to.work(&w)
	to.cluster(&w, s.db.Now())
	for status, n := range w.OpenPayments {
		to.set(payments, float64(n), string(status))
	}
	to.set(unknownOldest, w.UnknownFor.Seconds())
	for status, n := range w.OpenAttempts {
		to.set(attemptsOpen, float64(n), string(status))
	}
	for what, n := range map[string]int{
		"payments_failed": w.Attention.FailedPayments, "payments_unknown": w.Attention.UnknownPayments,
		"payments_needs_review": w.Attention.ReviewPayments, "payments_issue": w.Attention.IssuePayments,
		"disputes": w.Attention.Disputes, "parcels": w.Attention.Parcels,
		"deliveries_retrying": w.Attention.FailingDeliveries, "deliveries_exhausted": w.Attention.LostDeliveries,
	} {
		to.set(attention, float64(n), what)
	}
	to.set(carriersHalted, float64(w.Stopped))
	to.set(breakersOpen, float64(w.BreakersOpen))
}

// work are the figures of what is to be done.
func (to gauges) work(w *models.Watch) {
	for _, j := range w.Jobs {
		to.set(jobsCount, float64(j.Count), j.Queue, j.State)
		if j.State == "available" {
			to.set(jobsOldest, j.Oldest.Seconds(), j.Queue)
		}
	}
	for _, j := range w.Periodic {
		at := float64(0)
		if j.SucceededAt != nil {
			at = float64(j.SucceededAt.UnixMilli()) / 1000
		}
		to.set(lastSuccess, at, label(j.Kind))
	}
	to.set(outboxOldest, w.DeliveryLag.Seconds())
	for carrier, lag := range w.PollLag {
		to.set(pollLag, lag.Seconds(), label(carrier))
	}
}

// cluster are the figures of the nodes and of the database's own.
func (to gauges) cluster(w *models.Watch, now time.Time) {
	counts := map[[2]string]int{
		{"web", "alive"}: 0, {"web", "lost"}: 0, {"workers", "alive"}: 0, {"workers", "lost"}: 0,
	}
	for i := range w.Nodes {
		n := &w.Nodes[i]
		if n.StoppedAt != nil {
			continue
		}
		state := "alive"
		if n.Lost(now) {
			state = "lost"
		}
		if n.Web {
			counts[[2]string{"web", state}]++
		}
		if n.Workers {
			counts[[2]string{"workers", state}]++
		}
	}
	for of, n := range counts {
		to.set(nodes, float64(n), of[0], of[1])
	}
	if w.Leader != "" {
		to.set(leader, 1, w.Leader)
	}
	if !w.Replicas.Shown {
		return
	}
	to.set(dbTimeline, float64(w.Replicas.Timeline))
	to.set(dbStandbys, float64(w.Replicas.InSync), "sync")
	to.set(dbStandbys, float64(w.Replicas.Behind), "async")
	switch {
	case w.Replicas.Lossy():
		to.set(dbSync, 0)
	case w.Replicas.InSync > 0:
		to.set(dbSync, 1)
	}
}

// read asks the database, unless it was asked just now.
func (s *Store) read() (models.Watch, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.asked) < watchEvery {
		return s.last, s.ok
	}
	ctx, cancel := context.WithTimeout(context.Background(), watchTimeout)
	defer cancel()
	w, err := s.db.Watch(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "figures of the database cannot be read", "error", err)
	}
	s.asked, s.last, s.ok = time.Now(), w, err == nil
	return s.last, s.ok
}
