package notify

import (
	"math/rand/v2"
	"sync"
	"time"
)

// perEndpoint is how many deliveries to one endpoint are under way at once in
// this process, so that a slow one leaves workers to the others.
const perEndpoint = 8

// Bounds of the wait of a delivery whose endpoint was busy.
const (
	shortestWait = time.Second
	longestWait  = 30 * time.Second
)

// busy counts deliveries under way, and those sent away, by endpoint.
type busy struct {
	mu      sync.Mutex
	count   map[string]int
	waiting map[string]int
}

func newBusy() *busy { return &busy{count: map[string]int{}, waiting: map[string]int{}} }

// enter takes a place, or says how long to wait for one: the longer the more
// wait already, so that a long queue of a slow endpoint does not come back
// every second.
func (b *busy) enter(endpointID string) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count[endpointID] < perEndpoint {
		b.count[endpointID]++
		b.waiting[endpointID]--
		if b.waiting[endpointID] <= 0 {
			delete(b.waiting, endpointID)
		}
		return 0, true
	}
	b.waiting[endpointID]++
	rounds := b.waiting[endpointID] / perEndpoint
	wait = min(shortestWait+time.Duration(rounds)*shortestWait/4, longestWait)
	return wait + time.Duration(rand.Int64N(int64(wait/4))), false
}

func (b *busy) leave(endpointID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count[endpointID]--
	if b.count[endpointID] <= 0 {
		delete(b.count, endpointID)
	}
}
