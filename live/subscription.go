package live

import "github.com/tillpost/tillpost/models"

// Subscription is one reader's messages.
type Subscription struct {
	// C yields messages until the subscription or the hub is closed.
	C <-chan Message

	hub      *Hub
	messages chan Message
	scope    models.Scope
}

// Close ends the subscription; it may be called twice.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.drop(s)
}

// offer adds a hint that the scope sees; the caller holds the hub's lock. For a
// reader that is too far behind, one sync takes the place of all that waits.
func (s *Subscription) offer(hint models.Hint) {
	if hint.Topic != SyncTopic && !s.scope.Sees(hint.MerchantID) {
		return
	}
	select {
	case s.messages <- Message{Hint: hint, Number: s.hub.lastID()}:
		return
	default:
	}
	for empty := false; !empty; {
		select {
		case <-s.messages:
		default:
			empty = true
		}
	}
	// It was emptied, and only the holder of the lock sends: this cannot block.
	s.messages <- Message{Hint: models.Hint{Topic: SyncTopic}, Number: s.hub.lastID()}
}
