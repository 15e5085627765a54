package handlers

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tillpost/tillpost/monitor"
)

// OpsHandler serves what machines ask of a node, apart from the pages because it
// is not for the public: /metrics, and /healthz and /readyz also of a node
// without pages.
func OpsHandler(d Deps) http.Handler {
	if d.Draining == nil {
		d.Draining = func() bool { return false }
	}
	s := &server{Deps: d}
	if d.Figures == nil {
		d.Figures = monitor.New()
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", d.Figures.Handler(d.collectors()...))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerHealth(w, http.StatusOK, healthy) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, text := s.readiness(r.Context())
		answerHealth(w, status, text)
	})
	return mux
}

// collectors are the figures beside those that the process counts.
func (d *Deps) collectors() []prometheus.Collector {
	collectors := []prometheus.Collector{monitor.NewStore(d.DB, d.Log)}
	if d.Machine != nil {
		collectors = append(collectors, d.Machine)
	}
	return collectors
}

func answerHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"status":"` + text + `"}`)) // whoever asks and leaves gets nothing
}
