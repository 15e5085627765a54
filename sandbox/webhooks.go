package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	webhookQueue   = 1024
	webhookWorkers = 4
	webhookTries   = 5
	webhookMax     = 10_000                 // accounts with a webhook
	webhookPause   = 200 * time.Millisecond // doubled after each try
)

// webhook is where an account wants to hear of its charges.
type webhook struct {
	Account string `json:"account"`
	URL     string `json:"url"`
	Secret  string `json:"secret"`
}

// webhooks tells accounts what became of their charges after the answer. As
// with real providers, a notification can be lost: when the receiver keeps
// failing, or the queue is full.
type webhooks struct {
	opts    Options
	journal *journal
	queue   chan notification
	cancel  context.CancelFunc
	done    sync.WaitGroup

	mu        sync.Mutex
	byAccount map[string]webhook
}

type notification struct {
	to   webhook
	body []byte
}

func newWebhooks(opts Options, j *journal) *webhooks {
	return &webhooks{
		opts: opts, journal: j, queue: make(chan notification, webhookQueue),
		byAccount: make(map[string]webhook),
	}
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

// register sets an account's webhook; it reports false when there is no room for another.
func (h *webhooks) register(hook webhook) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.byAccount[hook.Account]; !known && len(h.byAccount) >= webhookMax {
		return false
	}
	h.byAccount[hook.Account] = hook
	h.journal.write(entry{Webhook: &hook})
	return true
}

// notify queues the news of a charge of the sandbox's own format.
func (h *webhooks) notify(c charge) {
	if c.API != apiNative {
		return
	}
	h.mu.Lock()
	to, ok := h.byAccount[c.Account]
	h.mu.Unlock()
	if !ok {
		to = webhook{URL: h.opts.WebhookURL, Secret: h.opts.WebhookSecret}
	}
	if to.URL == "" {
		return
	}
	body, err := json.Marshal(map[string]any{
		"id": "evt_" + rand.Text(), "type": "charge." + string(c.Status), "created": h.opts.Now().Unix(),
		"data": map[string]any{"charge": nativeView(c, "")},
	})
	if err != nil {
		panic(err) // only plain structs and maps come here
	}
	select {
	case h.queue <- notification{to, body}:
	default:
		h.opts.Logger.Warn("sandbox webhook queue is full; a notification is lost", "charge", c.ID)
	}
}

func (h *webhooks) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-h.queue:
			h.deliver(ctx, n)
		}
	}
}

func (h *webhooks) deliver(ctx context.Context, n notification) {
	pause := webhookPause
	for try := 1; ; try++ {
		err := h.post(ctx, n)
		if err == nil || ctx.Err() != nil {
			return
		}
		if try == webhookTries {
			h.opts.Logger.Warn("sandbox webhook given up", "url", n.to.URL, "tries", try, "error", err)
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause *= 2
	}
}

func (h *webhooks) post(ctx context.Context, n notification) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.to.URL, bytes.NewReader(n.body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sandbox-Signature", Sign(n.to.Secret, h.opts.Now(), n.body))
	resp, err := h.opts.WebhookClient.Do(req)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("receiver answered %d", resp.StatusCode)
	}
	return nil
}

// Sign returns the Sandbox-Signature header of a notification:
// t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

func (h *webhooks) snapshot() []webhook {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]webhook, 0, len(h.byAccount))
	for _, hook := range h.byAccount {
		all = append(all, hook)
	}
	return all
}
