package sandbox

import (
	"net/http"
	"sync"
	"time"
)

// gate stands before the carriers: it keeps count of how they are called, turns
// away who calls too often, and is what an outage closes.
type gate struct {
	now  func() time.Time
	rate int // calls a second that a credential may make; 0: any number

	mu       sync.Mutex
	outage   outage
	windows  map[string]*window // by credential
	calls    int
	refused  int // for the rate
	unserved int // for an outage
	busiest  int
}

// window counts the calls of one second.
type window struct {
	second int64
	calls  int
}

// outage is a time in which the carriers do not serve.
type outage struct {
	Until time.Time `json:"until"`
	Kind  string    `json:"kind"` // 503, html, hang or reset
}

// maxCredentials bounds the windows that are kept.
const maxCredentials = 10_000

// The ways in which carriers fail.
const (
	outageError = "503"
	outageHTML  = "html"
	outageHang  = "hang"
	outageReset = "reset"
)

// guard lets a call through to serve, or refuses it.
func (g *gate) guard(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		credential := r.Header.Get("Authorization") + r.Header.Get("DHL-API-Key")
		out, over := g.count(credential, g.now())
		switch {
		case out != "":
			fail(w, r, out)
		case over:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusTooManyRequests, "rate_limited", "Too many calls in one second.")
		default:
			serve(w, r)
		}
	}
}

// count notes a call and says whether an outage or the rate keeps it from being served.
func (g *gate) count(credential string, now time.Time) (out string, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	if g.windows == nil || len(g.windows) > maxCredentials {
		g.windows = map[string]*window{}
	}
	one := g.windows[credential]
	if one == nil {
		one = &window{}
		g.windows[credential] = one
	}
	if second := now.Unix(); one.second != second {
		one.second, one.calls = second, 0
	}
	one.calls++
	g.busiest = max(g.busiest, one.calls)
	if now.Before(g.outage.Until) {
		g.unserved++
		return g.outage.Kind, false
	}
	over = g.rate > 0 && one.calls > g.rate
	if over {
		g.refused++
	}
	return "", over
}

// fail serves a call as a carrier does that is out of order.
func fail(w http.ResponseWriter, r *http.Request, kind string) {
	switch kind {
	case outageHTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><body><h1>We will be back soon</h1></body></html>")) // the caller may have left
	case outageHang:
		<-r.Context().Done()
	case outageReset:
		panic(http.ErrAbortHandler)
	default:
		refuse(w, http.StatusServiceUnavailable, "unavailable", "Out of order.")
	}
}

// usage tells how the carriers were called.
func (g *gate) usage(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{
		"calls": g.calls, "refused_for_rate": g.refused, "unserved_in_outages": g.unserved, "busiest_second": g.busiest,
		"rate": g.rate, "outage": g.outage,
	})
}

// setOutage begins an outage of some seconds, or ends one.
func (g *gate) setOutage(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Seconds float64 `json:"seconds"`
		Kind    string  `json:"kind"`
	}
	if fault := readJSON(w, r, &in); fault != "" {
		writeReply(w, badRequest("parameter_invalid", fault))
		return
	}
	switch in.Kind {
	case "":
		in.Kind = outageError
	case outageError, outageHTML, outageHang, outageReset:
	default:
		writeReply(w, badRequest("parameter_invalid", "kind is one of 503, html, hang, reset"))
		return
	}
	if in.Seconds < 0 || in.Seconds > 24*60*60 {
		writeReply(w, badRequest("parameter_invalid", "seconds is from 0 to a day"))
		return
	}
	g.mu.Lock()
	g.outage = outage{g.now().Add(time.Duration(in.Seconds * float64(time.Second))), in.Kind}
	g.mu.Unlock()
	g.usage(w, r)
}
