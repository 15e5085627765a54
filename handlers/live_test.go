package handlers

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// node is the application behind a real listener.
type node struct {
	db   *models.DB
	hub  *live.Hub
	app  *fiber.App
	url  string
	stop context.CancelFunc

	watched *watchedListener
}

// watchedListener remembers its connections.
type watchedListener struct {
	net.Listener

	mu    sync.Mutex
	conns []*watchedConn
}

func (l *watchedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	watched := &watchedConn{Conn: conn}
	l.conns = append(l.conns, watched)
	return watched, nil
}

// deadlines are how often connections got a deadline, and how many have one now.
func (l *watchedListener) deadlines() (set, left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		set += int(conn.set.Load())
		if conn.limited.Load() {
			left++
		}
	}
	return set, left
}

// watchedConn remembers its deadline for writes.
type watchedConn struct {
	net.Conn

	set     atomic.Int64
	limited atomic.Bool
}

func (c *watchedConn) SetWriteDeadline(at time.Time) error {
	c.limited.Store(!at.IsZero())
	if !at.IsZero() {
		c.set.Add(1)
	}
	return c.Conn.SetWriteDeadline(at)
}

func newNode(t *testing.T, db *models.DB) *node {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{db: db, hub: live.New(slog.New(slog.DiscardHandler)), stop: cancel}
	db.OnCommit = n.hub.Publish
	n.app = New(Deps{DB: db, Hub: n.hub, Log: slog.New(slog.DiscardHandler), AppContext: ctx, BaseURL: "http://tillpost.test"})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.watched = &watchedListener{Listener: ln}
	n.url = "http://" + ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- n.app.Listener(Listener(n.watched, 100, nil)) }()
	t.Cleanup(func() {
		cancel()
		if err := n.app.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return n
}

// session makes a user of the role with a session and returns its cookie.
func (n *node) session(t *testing.T, role, merchantID string) (cookie *http.Cookie, user *models.User) {
	t.Helper()
	u := models.User{Email: models.NewID("u") + "@example.com", Role: role, PasswordHash: "unusable"}
	if merchantID != "" {
		u.MerchantID = &merchantID
	}
	id := randomToken()
	data, err := json.Marshal(sessionData{CSRF: randomToken()})
	if err != nil {
		t.Fatal(err)
	}
	modelstest.Write(t, n.db, func(tx *models.Tx) (err error) {
		if user, err = tx.CreateUser(u); err != nil {
			return err
		}
		return tx.CreateSession(models.Session{
			IDHash: hashID(id), UserID: user.ID, Data: string(data), ExpiresAt: tx.Now().Add(time.Hour),
		})
	})
	return &http.Cookie{Name: cookieName("tillpost_session", false), Value: id}, user
}

// listen opens a stream and returns what it says, a block an element, until it ends.
func (n *node) listen(t *testing.T, cookie *http.Cookie, lastID string) (<-chan string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+livePath, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(cookie)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	blocks := make(chan string, 100)
	go func() {
		defer close(blocks)
		var block strings.Builder
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if lines.Text() == "" {
				blocks <- block.String()
				block.Reset()
				continue
			}
			block.WriteString(lines.Text() + "\n")
		}
	}()
	return blocks, res
}

// block waits for the next block of a stream.
func block(t *testing.T, blocks <-chan string) string {
	t.Helper()
	select {
	case b, open := <-blocks:
		if !open {
			t.Fatal("the stream ended")
		}
		return b
	case <-time.After(20 * time.Second):
		t.Fatal("the stream says nothing")
	}
	return ""
}

// ended waits for the end of a stream.
func ended(t *testing.T, blocks <-chan string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case _, open := <-blocks:
			if !open {
				return
			}
		case <-limit:
			t.Fatal("the stream does not end")
		}
	}
}

func TestLiveStream(t *testing.T) {
	t.Parallel()
	n := newNode(t, modelstest.SQLite(t))
	m, other := modelstest.Merchant(t, n.db), modelstest.Merchant(t, n.db)
	cookie, _ := n.session(t, models.RoleMerchant, m.ID)
	blocks, res := n.listen(t, cookie, "")
	hello := block(t, blocks)
	if !strings.Contains(hello, "retry: ") || !strings.HasPrefix(hello, "id: ") {
		t.Errorf("the stream begins with %q", hello)
	}
	for name, want := range map[string]string{
		fiber.HeaderContentType: "text/event-stream; charset=utf-8", fiber.HeaderCacheControl: "no-store, no-transform",
		"X-Accel-Buffering": "no",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	modelstest.Order(t, n.db, other.ID, 100)
	o := modelstest.Order(t, n.db, m.ID, 100)
	said := block(t, blocks)
	if !strings.Contains(said, "event: order\ndata: "+o.ID+"\n") {
		t.Errorf("the stream says %q, want the merchant's own order %s", said, o.ID)
	}

	lastID := strings.TrimPrefix(strings.SplitN(said, "\n", 2)[0], "id: ")
	missed := modelstest.Order(t, n.db, m.ID, 100)
	again, _ := n.listen(t, cookie, lastID)
	block(t, again)
	if said := block(t, again); !strings.Contains(said, missed.ID) || strings.Contains(said, o.ID) {
		t.Errorf("after reconnecting the stream says %q, want %s only", said, missed.ID)
	}
	away, _ := n.listen(t, cookie, "hub_elsewhere-9")
	block(t, away)
	if said := block(t, away); !strings.Contains(said, "event: sync\n") {
		t.Errorf("a page of another node is told %q, want a sync", said)
	}
}

func TestLiveStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	n := newNode(t, modelstest.SQLite(t))
	ending, user := n.session(t, models.RoleSupport, "")
	staying, _ := n.session(t, models.RoleSupport, "")
	gone, _ := n.listen(t, ending, "")
	kept, _ := n.listen(t, staying, "")
	block(t, gone)
	block(t, kept)
	modelstest.Write(t, n.db, func(tx *models.Tx) error { return tx.DisableUser(user.ID) })
	ended(t, gone)
	if _, left := n.watched.deadlines(); left != 1 {
		t.Errorf("%d connections have a deadline, and one stream is open", left)
	}
	n.hub.Publish([]models.Hint{{Topic: "payment", ID: "pay_1", MerchantID: "m"}})
	if said := block(t, kept); !strings.Contains(said, "pay_1") {
		t.Errorf("the other session's stream says %q", said)
	}
}

// A page that only listens lets its session run out.
func TestListeningIsNoActivity(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	var late atomic.Int64
	db.Now = func() time.Time { return time.Date(2026, 1, 15, 9, 30, 0, 0, time.UTC).Add(time.Duration(late.Load())) }
	n := newNode(t, db)
	cookie, _ := n.session(t, models.RoleSupport, "")
	before, err := db.Session(t.Context(), hashID(cookie.Value))
	if err != nil {
		t.Fatal(err)
	}
	late.Store(int64(10 * time.Minute))
	blocks, _ := n.listen(t, cookie, "")
	block(t, blocks)
	after, err := db.Session(t.Context(), hashID(cookie.Value))
	if err != nil || !after.ExpiresAt.Equal(before.ExpiresAt) || !after.SeenAt.Equal(before.SeenAt) {
		t.Errorf("opening a stream moves the expiry from %v to %v (%v)", before.ExpiresAt, after.ExpiresAt, err)
	}
}

func TestStoppingEndsStreamsAtOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t, modelstest.SQLite(t))
	cookie, _ := n.session(t, models.RoleAdmin, "")
	blocks, _ := n.listen(t, cookie, "")
	block(t, blocks)
	n.stop()
	start := time.Now()
	if err := n.app.ShutdownWithTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	ended(t, blocks)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("stopping with an open stream took %v", took)
	}
}

func TestUsersStreamsAreLimited(t *testing.T) {
	t.Parallel()
	s := newStreams()
	var mine []*stream
	for range streamsPerUser + 1 {
		st := &stream{user: "u1", session: "a", ended: make(chan struct{})}
		if !s.enter(st) {
			t.Fatal("a stream was refused")
		}
		mine = append(mine, st)
	}
	select {
	case <-mine[0].ended:
	default:
		t.Error("the oldest stream goes on")
	}
	for _, st := range mine {
		s.leave(st)
		s.leave(st)
	}
	if len(s.open) != 0 || len(s.of) != 0 {
		t.Errorf("%d streams are left, of %d users", len(s.open), len(s.of))
	}
}
