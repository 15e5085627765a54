package notify

import (
	"sync"

	"github.com/tillpost/tillpost/models"
)

// ears gather of which endpoints something was heard, until the dispatcher asks.
type ears struct {
	rang chan struct{} // holds one while there is something

	mu        sync.Mutex
	endpoints map[string]struct{}
	look      bool // hints were lost, or an endpoint changed: look at all
}

func newEars() *ears {
	return &ears{rang: make(chan struct{}, 1), endpoints: map[string]struct{}{}}
}

// hear notes the endpoints that hints name. A hint of another topic than these
// two is either of no concern or stands for hints that were lost.
func (e *ears) hear(hints []models.Hint) {
	e.mu.Lock()
	for _, hint := range hints {
		switch {
		case hint.Endpoint != "":
			e.endpoints[hint.Endpoint] = struct{}{}
		case hint.Topic == models.TopicEndpoint:
			e.endpoints[hint.ID] = struct{}{}
		case hint.ID == "":
			e.look = true
		}
	}
	anything := len(e.endpoints) > 0 || e.look
	e.mu.Unlock()
	if !anything {
		return
	}
	select {
	case e.rang <- struct{}{}:
	default:
	}
}

// heard hands over what was gathered.
func (e *ears) heard() (endpoints map[string]struct{}, look bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	endpoints, look = e.endpoints, e.look
	e.endpoints, e.look = map[string]struct{}{}, false
	return endpoints, look
}
