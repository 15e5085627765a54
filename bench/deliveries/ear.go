package deliveries

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

// mostFailures is how often an event is failed: the schedule ends after ten.
const mostFailures = 6

// ear is the merchants' server of a run that loses webhooks: it verifies what
// comes, and fails some of it.
type ear struct {
	verifiers []*standardwebhooks.Webhook
	rate      float64

	mu     sync.Mutex
	random *rand.Rand
	heard  map[string]*heard // by webhook-id
	taken  int               // events that were
	wrong  []string
}

// heard is what came of one event.
type heard struct {
	body                                 string
	number                               string // of the order
	requests, refused, dropped, answered int
}

func (h *heard) failed() int { return h.refused + h.dropped }
func (h *heard) taken() int  { return h.dropped + h.answered }

// serve answers at an address until the end is called.
func serve(addr string, handler http.Handler) (url string, end func(), err error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()                                      // until end
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil // nothing of it is kept
}

// know tells which secrets the endpoints have.
func (e *ear) know(shops []shop) error {
	for _, s := range shops {
		verifier, err := standardwebhooks.NewWebhook(s.secret)
		if err != nil {
			return err
		}
		e.verifiers = append(e.verifiers, verifier)
	}
	return nil
}

// ServeHTTP takes a webhook.
func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off by a death: nothing was taken
	}
	endpoint, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err == nil {
		err = e.verifiers[endpoint].Verify(body, r.Header)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	id := r.Header.Get(notify.HeaderID)
	h := e.heard[id]
	if h == nil {
		h = &heard{body: string(body)}
		e.heard[id] = h
		err = errors.Join(err, h.read())
	}
	if err != nil {
		e.wrong = append(e.wrong, fmt.Sprintf("event %s: %v", id, err))
	}
	if h.body != string(body) {
		e.wrong = append(e.wrong, fmt.Sprintf("event %s came with another body", id))
	}
	h.requests++
	switch chance := e.random.Float64(); {
	case h.failed() >= mostFailures || chance >= e.rate:
		h.answered++
		e.take(h)
	case chance < e.rate/3: // taken, but nobody hears of it
		h.dropped++
		e.take(h)
		panic(http.ErrAbortHandler)
	default:
		h.refused++
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// take counts an event when it was taken for the first time.
func (e *ear) take(h *heard) {
	if h.taken() == 1 {
		e.taken++
	}
}

// read finds the order that the event is of.
func (h *heard) read() error {
	var event struct {
		Type string `json:"type"`
		Data struct {
			Number string `json:"number"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(h.body), &event); err != nil {
		return err
	}
	if h.number = event.Data.Number; event.Type != models.EventOrderCreated || h.number == "" {
		return fmt.Errorf("of type %q and order %q", event.Type, h.number)
	}
	return nil
}

// await waits until so many events were taken.
func (e *ear) await(ctx context.Context, n int) error {
	for deadline := time.Now().Add(lossLimit); ; time.Sleep(5 * time.Millisecond) {
		e.mu.Lock()
		taken := e.taken
		e.mu.Unlock()
		switch {
		case taken >= n:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return fmt.Errorf("%d of %d events arrived in %s", taken, n, lossLimit)
		}
	}
}
