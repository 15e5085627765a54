// Package live tells open pages what has changed: a hub of hints inside the
// process, and LISTEN/NOTIFY between nodes that share PostgreSQL.
package live

import (
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/models"
)

// SyncTopic is the topic of a hint that stands for hints that were lost: the
// page renews all that it shows.
const SyncTopic = "sync"

const (
	backlog = 64               // messages that a subscriber may be behind
	memory  = 1024             // hints that are kept for those who reconnect
	grace   = 15 * time.Second // what changed between a page's rendering and its first connection
)

// Message is a hint with its place in the hub's sequence.
type Message struct {
	models.Hint

	Number string // this message's id, unlike the hint's ID
}

// Hub hands hints to those whose scope sees them. It never waits for a reader.
type Hub struct {
	log *slog.Logger
	id  string // tells this hub's sequence from those of other nodes and earlier runs
	now func() time.Time

	mu      sync.Mutex
	subs    map[*Subscription]struct{}
	recent  []past // the newest memory hints, oldest first
	last    uint64 // sequence number of the newest hint
	closed  bool
	forward func(hints []models.Hint) // to the other nodes; nil when alone
	heard   func(hints []models.Hint) // of other nodes; nil when nobody asked
}

// past is a hint that was handed out.
type past struct {
	sequence uint64
	at       time.Time
	hint     models.Hint
}

// New makes a hub without subscribers.
func New(log *slog.Logger) *Hub {
	return &Hub{log: log, id: models.NewID("hub"), now: time.Now, subs: map[*Subscription]struct{}{}}
}

// Publish hands committed hints to the subscribers of this node and to the
// other nodes. It is made for models.DB.OnCommit and does not block.
func (h *Hub) Publish(hints []models.Hint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliver(hints)
	if h.forward != nil {
		h.forward(hints)
	}
}

// Overhear hands hints of other nodes, and the sync after some were lost, to
// more than subscribers. The function must not block.
func (h *Hub) Overhear(heard func(hints []models.Hint)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = heard
}

// publishHere hands hints of another node to the subscribers of this one.
func (h *Hub) publishHere(hints []models.Hint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deliver(hints)
	if h.heard != nil {
		h.heard(hints)
	}
}

func (h *Hub) deliver(hints []models.Hint) {
	for _, hint := range hints {
		h.last++
		if len(h.recent) == memory {
			h.recent = append(h.recent[:0], h.recent[memory/2:]...)
		}
		h.recent = append(h.recent, past{h.last, h.now(), hint})
		for sub := range h.subs {
			sub.offer(hint)
		}
	}
}

// relay makes Publish forward hints to other nodes; nil ends it.
func (h *Hub) relay(forward func(hints []models.Hint)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forward = forward
}

// Subscribe starts to collect the hints that the scope sees, after the message
// with the given id: those that were missed come first, or one sync when they
// are forgotten. Without an id it begins a few seconds ago. The caller closes
// the subscription. From a closed hub it comes closed.
func (h *Hub) Subscribe(scope models.Scope, lastID string) *Subscription {
	messages := make(chan Message, backlog)
	sub := &Subscription{C: messages, hub: h, messages: messages, scope: scope}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(messages)
		return sub
	}
	h.subs[sub] = struct{}{}
	h.replay(sub, lastID)
	return sub
}

func (h *Hub) replay(sub *Subscription, lastID string) {
	var missed func(p past) bool
	if lastID == "" {
		since := h.now().Add(-grace)
		missed = func(p past) bool { return p.at.After(since) }
	} else {
		seen, ok := h.sequence(lastID)
		if !ok || len(h.recent) > 0 && seen+1 < h.recent[0].sequence {
			sub.offer(models.Hint{Topic: SyncTopic})
			return
		}
		missed = func(p past) bool { return p.sequence > seen }
	}
	for _, p := range h.recent {
		if missed(p) {
			sub.offer(p.hint)
		}
	}
}

// sequence is the number in an id that this hub has given.
func (h *Hub) sequence(id string) (uint64, bool) {
	hub, number, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	return n, err == nil && hub == h.id && n <= h.last
}

// LastID is the id of the newest message; the next connection goes on from it.
func (h *Hub) LastID() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lastID()
}

func (h *Hub) lastID() string { return h.id + "-" + strconv.FormatUint(h.last, 10) }

// Subscribers is how many subscriptions are open.
func (h *Hub) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}

// Close ends all subscriptions, present and future.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for sub := range h.subs {
		h.drop(sub)
	}
}

// drop closes a subscription; the caller holds the lock, under which alone
// messages are sent, so that nothing is sent on a closed channel.
func (h *Hub) drop(sub *Subscription) {
	if _, open := h.subs[sub]; open {
		delete(h.subs, sub)
		close(sub.messages)
	}
}
