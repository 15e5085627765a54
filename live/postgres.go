package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tillpost/tillpost/models"
)

// channel is the name of the NOTIFY channel.
const channel = "tillpost_live"

// maxPayload keeps a notification below PostgreSQL's limit of 8000 bytes.
const maxPayload = 7500

const (
	gather       = 40 * time.Millisecond // hints of this time go out together: NOTIFY takes a lock of the whole database
	outgoing     = 1024                  // batches that may wait to go out
	checkEvery   = 30 * time.Second      // a silent connection is asked whether it lives
	sendTimeout  = 5 * time.Second
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
)

// message is the payload of a notification.
type message struct {
	Node  string     `json:"n"`
	Hints []wireHint `json:"h"`
}

// wireHint is a models.Hint in few bytes.
type wireHint struct {
	Topic      string `json:"t"`
	ID         string `json:"i"`
	MerchantID string `json:"m"`
	New        bool   `json:"n,omitempty"`
	Endpoint   string `json:"e,omitempty"`
}

// relay joins a hub with those of the other nodes.
type relay struct {
	node string
	pool *pgxpool.Pool
	hub  *Hub
	out  chan []models.Hint
	log  *slog.Logger
}

// Listen joins the hub with those of the other nodes until ctx ends. It returns
// at once on SQLite, which has one node only. A connection that breaks is made
// anew, after which every page renews itself, since hints may have been missed.
func Listen(ctx context.Context, db *models.DB, hub *Hub) {
	if db.Pool() == nil {
		return
	}
	r := &relay{
		node: models.NewID("node"), pool: db.Pool(), hub: hub,
		out: make(chan []models.Hint, outgoing), log: hub.log,
	}
	hub.relay(r.enqueue)
	defer hub.relay(nil)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		r.send(ctx)
	}()
	r.receive(ctx)
	<-sent
}

// enqueue takes hints to be sent; when too many wait, it drops these, and the
// others' pages show the change at their next sync.
func (r *relay) enqueue(hints []models.Hint) {
	select {
	case r.out <- hints:
	default:
	}
}

func (r *relay) send(ctx context.Context) {
	for {
		var batch []models.Hint
		select {
		case <-ctx.Done():
			return
		case batch = <-r.out:
		}
		batch = append(batch, r.gathered(ctx)...)
		for _, payload := range payloads(r.node, unique(batch)) {
			if err := r.notify(ctx, payload); err != nil && ctx.Err() == nil {
				r.log.Warn("hints to other nodes were lost", "error", err)
			}
		}
	}
}

// gathered waits a moment for what else is to be sent.
func (r *relay) gathered(ctx context.Context) []models.Hint {
	var more []models.Hint
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return more
		case <-timer.C:
			return more
		case hints := <-r.out:
			more = append(more, hints...)
		}
	}
}

func (r *relay) notify(ctx context.Context, payload string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if _, err := r.pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

func (r *relay) receive(ctx context.Context) {
	pause := firstPause
	for again := false; ; again = true {
		err := r.listen(ctx, func() {
			pause = firstPause
			if again {
				r.hub.publishHere([]models.Hint{{Topic: SyncTopic}})
			}
		})
		if ctx.Err() != nil {
			return
		}
		r.log.Warn("listening to other nodes broke off", "error", err, "again_in", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, longestPause)
	}
}

// listen hands on notifications until the connection breaks; it calls ready
// when it hears.
func (r *relay) listen(ctx context.Context, ready func()) error {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		// It is closed, not reused: it listens, and may be broken.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := conn.Conn().Close(closing); err != nil {
			r.log.Debug("close listening connection", "error", err)
		}
		conn.Release()
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	ready()
	for {
		waiting, cancel := context.WithTimeout(ctx, checkEvery)
		notification, err := conn.Conn().WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			r.hear(notification.Payload)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			if err := r.alive(ctx, conn); err != nil {
				return err
			}
		default:
			return fmt.Errorf("wait: %w", err)
		}
	}
}

func (r *relay) alive(ctx context.Context, conn *pgxpool.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := conn.Ping(ctx); err != nil {
		return fmt.Errorf("silent connection: %w", err)
	}
	return nil
}

func (r *relay) hear(payload string) {
	var m message
	if err := json.Unmarshal([]byte(payload), &m); err != nil {
		r.log.Warn("unreadable notification", "error", err)
		return
	}
	if m.Node == r.node {
		return
	}
	hints := make([]models.Hint, len(m.Hints))
	for i, hint := range m.Hints {
		hints[i] = models.Hint(hint)
	}
	r.hub.publishHere(hints)
}

// payloads encodes hints as messages that each fit into a notification.
func payloads(node string, hints []models.Hint) []string {
	if len(hints) == 0 {
		return nil
	}
	wire := make([]wireHint, len(hints))
	for i, hint := range hints {
		wire[i] = wireHint(hint)
	}
	body, err := json.Marshal(message{Node: node, Hints: wire})
	switch {
	case err != nil:
		return nil // hints are strings and cannot fail
	case len(body) <= maxPayload || len(hints) == 1:
		return []string{string(body)}
	default:
		half := len(hints) / 2
		return append(payloads(node, hints[:half]), payloads(node, hints[half:])...)
	}
}

// unique drops repeated hints, keeping the order of the first.
func unique(hints []models.Hint) []models.Hint {
	seen := make(map[models.Hint]bool, len(hints))
	kept := hints[:0]
	for _, hint := range hints {
		if !seen[hint] {
			seen[hint] = true
			kept = append(kept, hint)
		}
	}
	return kept
}
