package handlers

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/monitor"
)

// Times of a live stream.
const (
	heartbeat     = 15 * time.Second // a reader that is gone is noticed by failing heartbeats
	writeDeadline = 10 * time.Second
	streamLimit   = 30 * time.Minute // then the browser connects again
	streamRetry   = "2000"           // milliseconds until it does
)

// livePath is where pages listen.
const livePath = "/live"

func (s *server) liveRoutes() []route {
	return []route{{fiber.MethodGet, livePath, signedIn, s.streamHints}}
}

// stream is one open connection to a page.
type stream struct {
	user    string
	session string        // hash of its id
	ended   chan struct{} // closed when the session has ended, or newer streams take its place
	once    sync.Once     // closes ended
	sub     *live.Subscription
	conn    net.Conn
	log     *slog.Logger
}

// end asks the stream to stop.
func (st *stream) end() { st.once.Do(func() { close(st.ended) }) }

// streamHints keeps a connection open over which the page hears what changed.
// A message names a topic and an id ("event: payment", "data: pay_…"), nothing
// else: the page fetches what it shows anew, with the viewer's own rights. The
// event "sync" means that hints were lost.
func (s *server) streamHints(c *fiber.Ctx, v *viewer) error {
	st := &stream{
		user: v.User.ID, session: v.session.row.IDHash, ended: make(chan struct{}), conn: c.Context().Conn(), log: s.Log,
	}
	if !s.streams.enter(st) {
		s.Figures.Refused(monitor.RefusedStream)
		return tooMany(30 * time.Second)
	}
	lastID := s.Hub.LastID()
	st.sub = s.Hub.Subscribe(v.Scope, c.Get("Last-Event-ID"))
	c.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "no-store, no-transform")
	c.Set("X-Accel-Buffering", "no")
	// From here on c is not used: the writer outlives it.
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer s.Figures.Streaming()()
		defer s.streams.leave(st)
		defer st.sub.Close()
		defer func() { // a panic here would end the process
			if p := recover(); p != nil {
				st.log.Error("live stream panicked", "panic", p, "stack", string(debug.Stack()))
			}
		}()
		st.run(s.AppContext, w, lastID)
	})
	return nil
}

// run writes until the reader, the session, the process or the time is gone.
func (st *stream) run(app context.Context, w *bufio.Writer, lastID string) {
	defer endDeadline(st.conn)
	send := func(text []byte) bool {
		if err := st.conn.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil {
			return false
		}
		if _, err := w.Write(text); err != nil {
			return false
		}
		return w.Flush() == nil
	}
	// The headers go out with the first bytes.
	if !send([]byte("id: " + lastID + "\nretry: " + streamRetry + "\n\n")) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	limit := time.NewTimer(streamLimit)
	defer limit.Stop()
	for {
		select {
		case <-app.Done():
			return
		case <-st.ended:
			return
		case <-limit.C:
			return
		case <-beat.C:
			if !send([]byte(": still here\n\n")) {
				return
			}
		case message, open := <-st.sub.C:
			if !open || !send(encode(message, st.sub.C)) {
				return
			}
		}
	}
}

// endDeadline lifts the deadline of a stream's writes from its connection: the
// next request on it is answered without one, and its answer would be lost.
func endDeadline(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Time{}) // fails only on a connection that is closed
}

// encode writes a message and those that wait behind it, each hint once.
func encode(first live.Message, more <-chan live.Message) []byte {
	var text bytes.Buffer
	seen := map[string]bool{}
	write := func(m live.Message) {
		event := "event: " + line(m.Topic) + "\ndata: " + line(m.ID) + "\n"
		if seen[event] {
			return
		}
		seen[event] = true
		text.WriteString("id: " + m.Number + "\n" + event + "\n")
	}
	write(first)
	for {
		select {
		case m, open := <-more:
			if !open {
				return text.Bytes()
			}
			write(m)
		default:
			return text.Bytes()
		}
	}
}

// line keeps a value from ending its line.
func line(value string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == 0 {
			return -1
		}
		return r
	}, value)
}
