package alerts

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/tillpost/tillpost/models"
)

// outbox is what is under way on this node, one message at a time to each target,
// so that one that hangs keeps none but its own waiting.
type outbox struct {
	mu        sync.Mutex
	targets   map[string]bool
	merchants int // of them
	// failing are the targets whose last try failed, each with the how manyth
	// failure of all that was.
	failing  map[string]int
	failures int
}

// take notes that a message is under way to its target, unless one is already or
// there is no place.
func (o *outbox) take(m *models.AlertMessage) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := len(o.targets) >= sendAtOnce || m.MerchantID != nil && o.merchants >= merchantsAtOnce
	if full || o.targets[m.Target] {
		return false
	}
	o.targets[m.Target] = true
	if m.MerchantID != nil {
		o.merchants++
	}
	return true
}

func (o *outbox) leave(m *models.AlertMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.targets, m.Target)
	if m.MerchantID != nil {
		o.merchants--
	}
}

// busy are the targets that a message is under way to.
func (o *outbox) busy() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Keys(o.targets))
}

// judge notes how a try went.
func (o *outbox) judge(target string, well bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.failing, target)
	if !well {
		o.failures++
		o.failing[target] = o.failures
	}
}

// order puts targets that fail behind the others, the one that failed last at the
// end: as many as there are places, each with a backlog that is older than what
// the others wait for, would take all of them again and again. Operators' stay
// before merchants'.
func (o *outbox) order(due []models.AlertMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	whose := func(m models.AlertMessage) int {
		if m.MerchantID != nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(due, func(a, b models.AlertMessage) int {
		return cmp.Or(whose(a)-whose(b), o.failing[a.Target]-o.failing[b.Target])
	})
}
