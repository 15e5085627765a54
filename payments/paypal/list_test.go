package paypal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// PayPal tells the newest first, page by page; they are wanted the other way round.
func TestWebhooksInOrder(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	const events = 900 // four a minute
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/oauth2/token" {
			_, _ = fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":1000}`)
			return
		}
		var from, until time.Time
		var offset int
		q := r.URL.Query()
		from, _ = time.Parse(time.RFC3339, q.Get("start_time"))
		until, _ = time.Parse(time.RFC3339, q.Get("end_time"))
		_, _ = fmt.Sscan(q.Get("offset"), &offset)
		page, links := []map[string]any{}, []link{}
		for i := events - 1; i >= 0; i-- {
			at := start.Add(time.Duration(i) * 30 * time.Second)
			if at.Before(from) || !at.Before(until) {
				continue
			}
			if offset > 0 {
				offset--
				continue
			}
			if len(page) == eventsPage {
				q.Set("offset", fmt.Sprint(len(page)+atoi(r.URL.Query().Get("offset"))))
				links = append(links, link{"https://elsewhere.example/v1/notifications/webhooks-events?" + q.Encode(), "next"})
				break
			}
			page = append(page, map[string]any{"id": fmt.Sprintf("WH-%d", i), "event_type": "X", "create_time": at.Format(time.RFC3339)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"events": page, "links": links})
	}))
	t.Cleanup(web.Close)
	account := payments.Account{BaseURL: web.URL, Fields: map[string]string{"client_id": "a", "client_secret": "b"}}
	p := New(http.DefaultClient)
	p.now = func() time.Time { return start.Add(events * 30 * time.Second) }
	next, calls := 0, 0
	for cursor := ""; ; calls++ {
		bodies, more, err := p.Webhooks(t.Context(), account, start, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			var e event
			if err := json.Unmarshal(body, &e); err != nil {
				t.Fatal(err)
			}
			if e.ID != fmt.Sprintf("WH-%d", next) {
				t.Fatalf("event %d is %s", next, e.ID)
			}
			next++
		}
		if cursor = more; cursor == "" {
			break
		}
	}
	if next != events || calls == 0 {
		t.Errorf("%d events in %d calls", next, calls+1)
	}
	if _, _, err := p.Webhooks(t.Context(), account, start, "yesterday"); err == nil {
		t.Error("a cursor of somebody else's passes")
	}
}

func atoi(text string) (n int) {
	_, _ = fmt.Sscan(text, &n)
	return n
}

// However long the past is, a bounded number of calls reaches its end.
func TestWebhooksOfALongPast(t *testing.T) {
	t.Parallel()
	_, account := script(t, map[string][]fixture{listPath: {{200, "no_events"}}})
	p := New(http.DefaultClient)
	since, calls := time.Now().Add(-30*24*time.Hour), 1
	for cursor := ""; ; calls++ {
		_, next, err := p.Webhooks(t.Context(), account, since, cursor)
		if err != nil {
			t.Fatal(err)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if calls > maxWindows+1 {
		t.Errorf("%d calls", calls)
	}
}
