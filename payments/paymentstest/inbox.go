package paymentstest

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Inbox is an address for webhooks that keeps what it is sent.
type Inbox struct {
	URL string

	mu       sync.Mutex
	webhooks []payments.Webhook
}

// NewInbox serves an inbox until the test ends; it answers as the provider wants.
func NewInbox(t *testing.T, ack payments.Acknowledgment) *Inbox {
	t.Helper()
	inbox := &Inbox{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		inbox.mu.Lock()
		inbox.webhooks = append(inbox.webhooks, payments.Webhook{Header: r.Header.Clone(), Body: body, ReceivedAt: time.Now()})
		inbox.mu.Unlock()
		if ack.ContentType != "" {
			w.Header().Set("Content-Type", ack.ContentType)
		}
		w.WriteHeader(cmp.Or(ack.Status, http.StatusOK))
		_, _ = io.WriteString(w, ack.Body) // a fake that has left sends it again
	}))
	t.Cleanup(web.Close)
	inbox.URL = web.URL
	return inbox
}

// Webhooks are all that came so far.
func (i *Inbox) Webhooks() []payments.Webhook {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.webhooks)
}
