package handlers

import (
	"context"
	"sync"
	"time"
)

// How many live streams may be open: browsers hold one for each visible tab.
const (
	streamsPerUser = 6
	streamsPerNode = 10_000
)

// checkSessions is how often the sessions of open streams are looked up.
const checkSessions = 4 * time.Second

// streams are the live streams of this node.
type streams struct {
	mu   sync.Mutex
	open map[*stream]struct{}
	of   map[string]int // by user
}

func newStreams() *streams {
	return &streams{open: map[*stream]struct{}{}, of: map[string]int{}}
}

// enter counts a stream in, or says that there are too many.
func (s *streams) enter(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= streamsPerNode || s.of[st.user] >= streamsPerUser {
		return false
	}
	s.open[st] = struct{}{}
	s.of[st.user]++
	return true
}

func (s *streams) leave(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.open[st]; !open {
		return
	}
	delete(s.open, st)
	if s.of[st.user]--; s.of[st.user] == 0 {
		delete(s.of, st.user)
	}
}

// sessions are the hashes of the sessions that have streams.
func (s *streams) sessions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	var hashes []string
	for st := range s.open {
		if !seen[st.session] {
			seen[st.session] = true
			hashes = append(hashes, st.session)
		}
	}
	return hashes
}

// end closes the streams of sessions that keep does not hold.
func (s *streams) end(checked []string, keep map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := map[string]bool{}
	for _, hash := range checked {
		gone[hash] = !keep[hash]
	}
	for st := range s.open {
		if gone[st.session] {
			select {
			case <-st.ended:
			default:
				close(st.ended)
			}
		}
	}
}

// watchSessions ends the streams of sessions that were ended, on this node or
// on another, until ctx ends.
func (s *server) watchSessions(ctx context.Context) {
	tick := time.NewTicker(checkSessions)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		hashes := s.streams.sessions()
		if len(hashes) == 0 {
			continue
		}
		alive, err := s.DB.SessionsAlive(ctx, hashes)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.WarnContext(ctx, "sessions of live streams were not checked", "error", err)
			}
			continue
		}
		s.streams.end(hashes, alive)
	}
}
