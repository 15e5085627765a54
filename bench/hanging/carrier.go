package hanging

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// first is the base path of the account that hangs.
const first = "/0/"

// carrier is the server of all accounts, in the sandbox carrier's format. Of
// each parcel it has news whenever it is asked, so that it is asked for again
// after the same time.
type carrier struct {
	url    string
	hangs  atomic.Bool
	server *http.Server
	done   chan struct{}
	end    sync.Once

	mu            sync.Mutex
	asked         map[string][]time.Time // by number
	hanging, most int                    // calls, now and at the same time
	calls         int                    // that hung
}

func open() (*carrier, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &carrier{url: "http://" + listener.Addr().String(), done: make(chan struct{}), asked: map[string][]time.Time{}}
	c.server = &http.Server{Handler: http.HandlerFunc(c.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = c.server.Serve(listener) }() // until close
	return c, nil
}

func (c *carrier) close() {
	c.end.Do(func() {
		close(c.done)
		_ = c.server.Close() // nothing of it is kept
	})
}

func (c *carrier) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, first) && c.hangs.Load() {
		c.hang(r)
		return
	}
	parcels := []map[string]any{}
	for number := range strings.SplitSeq(r.URL.Query().Get("numbers"), ",") {
		if number != "" {
			parcels = append(parcels, c.news(number))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"parcels": parcels, "errors": []any{}}) // the client may be gone
}

// hang keeps a call until its caller gives up.
func (c *carrier) hang(r *http.Request) {
	c.mu.Lock()
	c.calls++
	c.hanging++
	c.most = max(c.most, c.hanging)
	c.mu.Unlock()
	select {
	case <-r.Context().Done():
	case <-c.done:
	}
	c.mu.Lock()
	c.hanging--
	c.mu.Unlock()
}

// news is the parcel with one more event than before.
func (c *carrier) news(number string) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[number] = append(c.asked[number], time.Now())
	var events []map[string]any
	for i, at := range c.asked[number] {
		events = append(events, map[string]any{
			"id": fmt.Sprintf("%s-%d", number, i), "time": at.UTC().Format(time.RFC3339Nano), "status": carriers.StatusException,
			"reason": carriers.ReasonAddressProblem, "description": fmt.Sprintf("Inquiry %d with the recipient", i+1),
		})
	}
	return map[string]any{
		"number": number, "status": carriers.StatusException, "reason": carriers.ReasonAddressProblem,
		"status_at": events[len(events)-1]["time"], "events": events,
	}
}

// gaps are the times between two questions for a parcel of the accounts that
// answer: those that were over before the moment, and the others. A parcel that
// waits for its next question counts with how long it has waited, if that is
// longer than any time between two.
func (c *carrier) gaps(moment time.Time) (before, after []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for number, asked := range c.asked {
		if account(number) == 0 {
			continue
		}
		longest := time.Duration(0)
		for i := 1; i < len(asked); i++ {
			gap := asked[i].Sub(asked[i-1])
			longest = max(longest, gap)
			if asked[i].Before(moment) {
				before = append(before, gap)
			} else {
				after = append(after, gap)
			}
		}
		if waits := now.Sub(asked[len(asked)-1]); waits > longest {
			after = append(after, waits)
		}
	}
	return before, after
}

// hung says how many calls hung, and how many at most at the same time.
func (c *carrier) hung() (calls, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls, c.most
}
