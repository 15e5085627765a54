package notify

import (
	"sync"
	"time"
)

// perEndpoint is how many deliveries to one endpoint are under way at once in
// this process, so that a slow one leaves workers to the others.
const perEndpoint = 8

// busyWait is when a delivery is looked at again whose endpoint was busy.
const busyWait = time.Second

// busy counts deliveries under way by endpoint.
type busy struct {
	mu    sync.Mutex
	count map[string]int
}

func newBusy() *busy { return &busy{count: map[string]int{}} }

func (b *busy) enter(endpointID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count[endpointID] >= perEndpoint {
		return false
	}
	b.count[endpointID]++
	return true
}

func (b *busy) leave(endpointID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count[endpointID]--; b.count[endpointID] <= 0 {
		delete(b.count, endpointID)
	}
}
