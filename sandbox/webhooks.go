package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	webhookQueue   = 4096
	webhookPast    = 10_000 // news that are kept, for those who ask later
	webhookWorkers = 4
	webhookTries   = 5
	webhookPause   = 200 * time.Millisecond // doubled after each try
)

// webhooks tells accounts what became of their charges and parcels. As with real
// providers a webhook can be lost, when the receiver keeps failing or the queue
// is full; the knobs make that, and worse, happen more often.
type webhooks struct {
	server *Server
	queue  chan func() []letter // they are written when their turn comes
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	knobs webhookKnobs
	past  []news // oldest first
}

// letter is a webhook on its way.
type letter struct {
	format  format // how it is signed and acknowledged
	account string
	url     string // where it goes instead of where the account's go; may be empty
	body    []byte
}

// webhookKnobs are shares of all webhooks, from 0 to 1, with which something is done.
type webhookKnobs struct {
	Drop      float64 `json:"drop"`      // never sent
	Duplicate float64 `json:"duplicate"` // sent twice
	Delay     float64 `json:"delay"`     // sent late, after those that came later
	DelayMS   int64   `json:"delay_ms"`  // how late; 2 s when 0
}

func (k webhookKnobs) valid() bool {
	share := func(v float64) bool { return v >= 0 && v <= 1 }
	return share(k.Drop) && share(k.Duplicate) && share(k.Delay) && k.DelayMS >= 0 && k.DelayMS <= 600_000
}

func newWebhooks(s *Server) *webhooks {
	return &webhooks{server: s, queue: make(chan func() []letter, webhookQueue)}
}

func (h *webhooks) start() {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	for range webhookWorkers {
		h.done.Go(func() { h.work(ctx) })
	}
}

func (h *webhooks) stop() {
	h.cancel()
	h.done.Wait()
}

// tell queues the news of a charge, if its format has webhooks.
func (h *webhooks) tell(n news) {
	c, f := n.Charge, formatOf(n.Charge.API)
	if f.news == nil {
		return
	}
	n.ID, n.At = rand.Text(), h.server.opts.Now().UTC()
	h.remember(n)
	if h.target(c.Account, c.NotifyURL).URL == "" {
		return
	}
	h.enqueue(c.ID, func() []letter {
		var letters []letter
		for _, body := range f.bodies(h.server, n) {
			letters = append(letters, letter{format: f, account: c.Account, url: c.NotifyURL, body: body})
		}
		return letters
	})
}

// enqueue has letters about something sent, if there is room for them.
func (h *webhooks) enqueue(about string, write func() []letter) {
	select {
	case h.queue <- write:
	default:
		h.server.opts.Logger.Warn("sandbox webhook queue is full; one is lost", "about", about)
	}
}

func (h *webhooks) remember(n news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.past) >= webhookPast {
		h.past = slices.Clone(h.past[len(h.past)/2:])
	}
	h.past = append(h.past, n)
}

// pastOf returns the webhooks of an account's charges, oldest first, sent or not.
func (h *webhooks) pastOf(f format, account string) [][]byte {
	h.mu.Lock()
	past := slices.Clone(h.past)
	h.mu.Unlock()
	var bodies [][]byte
	for _, n := range past {
		if n.Charge.API == f.name && n.Charge.Account == account {
			bodies = append(bodies, f.bodies(h.server, n)...)
		}
	}
	return bodies
}

// target is where an account's webhooks go, or one that has an address of its own.
func (h *webhooks) target(account, url string) settings {
	to, ok := h.server.accounts.of(account)
	if !ok {
		to = settings{URL: h.server.opts.WebhookURL, Secret: h.server.opts.WebhookSecret}
	}
	to.URL = cmp.Or(url, to.URL)
	return to
}

func (h *webhooks) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case write := <-h.queue:
			for _, l := range write() {
				h.send(ctx, l)
			}
		}
	}
}

// send delivers one webhook, as the knobs say.
func (h *webhooks) send(ctx context.Context, l letter) {
	h.mu.Lock()
	knobs := h.knobs
	h.mu.Unlock()
	chance := func(share float64) bool { return share > 0 && mathrand.Float64() < share }
	if chance(knobs.Drop) {
		return
	}
	if chance(knobs.Delay) {
		late := time.Duration(cmp.Or(knobs.DelayMS, 2000)) * time.Millisecond
		h.done.Go(func() {
			if wait(ctx, late) {
				h.deliver(ctx, l)
			}
		})
		return
	}
	h.deliver(ctx, l)
	if chance(knobs.Duplicate) {
		h.deliver(ctx, l)
	}
}

func (h *webhooks) deliver(ctx context.Context, l letter) {
	to := h.target(l.account, l.url)
	pause := webhookPause
	for try := 1; ; try++ {
		err := h.post(ctx, l.format, to, l.body)
		if err == nil || ctx.Err() != nil {
			return
		}
		if try == webhookTries {
			h.server.opts.Logger.Warn("sandbox webhook given up", "url", to.URL, "tries", try, "error", err)
			return
		}
		if !wait(ctx, pause) {
			return
		}
		pause *= 2
	}
}

func (h *webhooks) post(ctx context.Context, f format, to settings, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", cmp.Or(f.newsType, "application/json"))
	f.sign(h.server, req.Header, to.Secret, body)
	resp, err := h.server.opts.WebhookClient.Do(req)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("receiver answered %d", resp.StatusCode)
	}
	if f.ack == "" {
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if string(answer) != f.ack {
		return fmt.Errorf("receiver did not answer %q", f.ack)
	}
	return nil
}

// wait pauses unless the context ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (h *webhooks) showKnobs(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	writeJSON(w, http.StatusOK, h.knobs)
}

func (h *webhooks) setKnobs(w http.ResponseWriter, r *http.Request) {
	var knobs webhookKnobs
	if fault := readJSON(w, r, &knobs); fault != "" {
		writeReply(w, badRequest("parameter_invalid", fault))
		return
	}
	if !knobs.valid() {
		writeReply(w, badRequest("parameter_invalid", "drop, duplicate and delay are between 0 and 1, delay_ms at most 600000"))
		return
	}
	h.mu.Lock()
	h.knobs = knobs
	h.mu.Unlock()
	writeJSON(w, http.StatusOK, knobs)
}
