package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is what goes wrong with one request or its answer.
type Fault string

// The faults, chosen by token, by the request header Sandbox-Fault, or drawn at a rate set at /faults.
const (
	FaultLatency       Fault = "latency"                // 400 to 1600 ms, then as usual
	FaultTimeoutBefore Fault = "timeout_before_charge"  // hangs; nothing is done
	FaultTimeoutAfter  Fault = "timeout_after_charge"   // done; no answer
	FaultResetBefore   Fault = "reset_before_charge"    // connection reset; nothing is done
	FaultResetAfter    Fault = "reset_after_charge"     // done; connection reset
	FaultErrorBefore   Fault = "500_before_charge"      // 500; nothing is done
	FaultErrorAfter    Fault = "500_after_charge"       // done; 500
	FaultErrorStored   Fault = "500_stored"             // done; 500, which is also what a replay gets
	FaultRateLimited   Fault = "429"                    // 429 with Retry-After: 1; nothing is done
	FaultLostAnswer    Fault = "lost_answer"            // done; connection closed in good order, without an answer
	FaultHTMLAfter     Fault = "html_after_charge"      // done; 502 with a web page
	FaultHalfJSONAfter Fault = "half_json_after_charge" // done; the answer breaks off
)

var allFaults = []Fault{
	FaultLatency, FaultTimeoutBefore, FaultTimeoutAfter, FaultResetBefore, FaultResetAfter, FaultErrorBefore,
	FaultErrorAfter, FaultRateLimited, FaultLostAnswer, FaultHTMLAfter, FaultHalfJSONAfter,
}

// before reports whether the fault keeps the request from being executed.
func (f Fault) before() bool {
	switch f {
	case FaultTimeoutBefore, FaultResetBefore, FaultErrorBefore, FaultRateLimited:
		return true
	default:
		return false
	}
}

// chaos draws faults at a rate.
type chaos struct {
	mu    sync.Mutex
	rate  float64
	kinds []Fault
	seed  uint64
	rand  *rand.Rand
}

func (c *chaos) draw() Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rate == 0 || c.rand.Float64() >= c.rate {
		return ""
	}
	return c.kinds[c.rand.IntN(len(c.kinds))]
}

type faultSettings struct {
	Rate  float64 `json:"rate"`
	Kinds []Fault `json:"kinds"`
	Seed  uint64  `json:"seed"`
}

func (s *Server) showFaults(w http.ResponseWriter, _ *http.Request) {
	s.chaos.mu.Lock()
	settings := faultSettings{Rate: s.chaos.rate, Kinds: slices.Clone(s.chaos.kinds), Seed: s.chaos.seed}
	s.chaos.mu.Unlock()
	writeJSON(w, http.StatusOK, settings)
}

func (s *Server) setFaults(w http.ResponseWriter, r *http.Request) {
	var settings faultSettings
	if fault := readJSON(w, r, &settings); fault != "" {
		writeReply(w, badRequest("parameter_invalid", fault))
		return
	}
	if settings.Rate < 0 || settings.Rate > 1 {
		writeReply(w, badRequest("parameter_invalid", "rate must be between 0 and 1"))
		return
	}
	for _, kind := range settings.Kinds {
		if !slices.Contains(allFaults, kind) {
			writeReply(w, badRequest("parameter_invalid", fmt.Sprintf("unknown fault %q; known are %v", kind, allFaults)))
			return
		}
	}
	if len(settings.Kinds) == 0 {
		settings.Kinds = []Fault{FaultLatency, FaultTimeoutAfter, FaultResetBefore, FaultErrorAfter, FaultRateLimited}
	}
	s.chaos.mu.Lock()
	s.chaos.rate, s.chaos.kinds, s.chaos.seed = settings.Rate, settings.Kinds, settings.Seed
	s.chaos.rand = rand.New(rand.NewPCG(settings.Seed, 0))
	s.chaos.mu.Unlock()
	writeJSON(w, http.StatusOK, settings)
}

// send answers, or lets the fault decide what becomes of the answer.
func (s *Server) send(w http.ResponseWriter, r *http.Request, f format, rep reply, fault Fault) {
	switch fault {
	case FaultTimeoutBefore, FaultTimeoutAfter:
		s.wait(r, s.opts.HangMax)
		panic(http.ErrAbortHandler)
	case FaultResetBefore, FaultResetAfter:
		cutConnection(w, true)
	case FaultLostAnswer:
		cutConnection(w, false)
	case FaultErrorBefore, FaultErrorAfter, FaultErrorStored:
		writeReply(w, f.fault(faultInternal, ""))
	case FaultRateLimited:
		rep = f.fault(faultRateLimited, "")
		rep.header = map[string]string{"Retry-After": "1"}
		writeReply(w, rep)
	case FaultHTMLAfter:
		page := []byte("<html><body><h1>502 Bad Gateway</h1></body></html>")
		writeReply(w, reply{status: http.StatusBadGateway, body: page, header: map[string]string{"Content-Type": "text/html"}})
	case FaultHalfJSONAfter:
		rep.body = rep.body[:len(rep.body)/2]
		writeReply(w, rep)
	default:
		writeReply(w, rep)
	}
}

// wait pauses until the time is over, the client has left or the server closes.
func (s *Server) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closing:
	}
}

func (s *Server) slow() time.Duration {
	return s.opts.SlowMin + rand.N(s.opts.SlowMax-s.opts.SlowMin+1)
}

// cutConnection ends the connection without an answer, by a reset or in good order.
func cutConnection(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2: ends the stream, the nearest thing to it
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // a close in good order still loses the answer
	}
	_ = conn.Close() // the client is to see a broken connection either way
}
