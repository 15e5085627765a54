package handlers

import (
	"context"
	"slices"
	"sync"
	"time"
)

// How many live streams may be open. Browsers hold one for each visible tab; a
// page that was left holds its own until a heartbeat to it fails.
const (
	streamsPerUser = 12
	streamsPerNode = 10_000
)

// checkSessions is how often the sessions of open streams are looked up.
const checkSessions = 4 * time.Second

// streams are the live streams of this node.
type streams struct {
	mu   sync.Mutex
	open map[*stream]struct{}
	of   map[string][]*stream // by user, the oldest first
}

func newStreams() *streams {
	return &streams{open: map[*stream]struct{}{}, of: map[string][]*stream{}}
}

// enter takes a stream in, or says that the node has too many. Of a user who
// has too many the oldest ends: most likely its page is gone, and nobody who
// walks quickly through pages may be left without news.
func (s *streams) enter(st *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= streamsPerNode {
		return false
	}
	s.open[st] = struct{}{}
	s.of[st.user] = append(s.of[st.user], st)
	if mine := s.of[st.user]; len(mine) > streamsPerUser {
		mine[0].end()
		s.of[st.user] = mine[1:]
	}
	return true
}

func (s *streams) leave(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.open[st]; !open {
		return
	}
	delete(s.open, st)
	s.of[st.user] = slices.DeleteFunc(s.of[st.user], func(other *stream) bool { return other == st })
	if len(s.of[st.user]) == 0 {
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
			st.end()
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
