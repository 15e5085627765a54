package alerts

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// chats is a platform of which some channels hang, some fail, and the others fail
// for a while.
type chats struct {
	mu   sync.Mutex
	down bool
	held chan struct{} // hangs until it is closed
	told chan string   // each that was taken
}

func (c *chats) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/hangs") {
		<-c.held
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down || strings.HasPrefix(r.URL.Path, "/down") {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.told <- r.URL.Path
}

func (b *bench) chat(merchant *string, url string) {
	b.t.Helper()
	modelstest.Write(b.t, b.db, func(tx *models.Tx) error {
		_, _, err := b.CreateChannel(tx, merchant, KindWebhook, ChannelEdit{Name: url, Values: map[string]string{"url": url}, Enabled: true}, modelstest.Actor())
		return err
	})
}

// A merchant's channels that hang keep nobody else's messages waiting.
func TestHangingChannelsHoldUpNobody(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		c := &chats{held: make(chan struct{}), told: make(chan string, 9)}
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		m := modelstest.Merchant(t, db)
		for i := range 20 {
			b.chat(&m.ID, server.URL+"/hangs/"+string(rune('a'+i)))
		}
		b.note(broken(EndpointDisabled, "whe_1", m.ID), broken(EndpointDisabled, "whe_2", m.ID))
		var running sync.WaitGroup
		if _, err := b.begin(t.Context(), &running, func(error) {}); err != nil {
			t.Fatal(err)
		}
		b.chat(nil, server.URL+"/ops")
		b.note(broken(EndpointDisabled, "whe_1", m.ID), broken(EndpointDisabled, "whe_2", m.ID), broken(GatewayRefused, "gwa_1", ""))
		if _, err := b.begin(t.Context(), &running, func(error) {}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-c.told:
		case <-time.After(5 * time.Second):
			t.Error("the operators' message waits for the merchant's channels")
		}
		close(c.held)
		running.Wait()
	})
}

// However much waits for a channel that hangs, the others' messages are seen.
func TestABacklogHidesNobody(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{AllowNets: loopback})
		c := &chats{held: make(chan struct{}), told: make(chan string, 9)}
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		b.chat(nil, server.URL+"/hangs")
		b.note(broken(GatewayRefused, "gwa_1", ""))
		b.remind(600)
		b.after(time.Second)
		b.chat(nil, server.URL+"/ops")
		b.note(broken(GatewayRefused, "gwa_1", ""), broken(GatewayRefused, "gwa_2", ""))
		var running sync.WaitGroup
		if _, err := b.begin(t.Context(), &running, func(error) {}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-c.told:
		case <-time.After(5 * time.Second):
			t.Error("the message waits behind those of a channel that hangs")
		}
		close(c.held)
		running.Wait()
	})
}

// remind makes so many messages more as the first one.
func (b *bench) remind(n int) {
	b.t.Helper()
	m := b.messages()[0]
	modelstest.Write(b.t, b.db, func(tx *models.Tx) error {
		for i := range n {
			if err := tx.QueueAlert(models.AlertMessage{IncidentID: m.IncidentID, Kind: models.AlertReminder, Number: i, Target: m.Target}); err != nil {
				return err
			}
		}
		return nil
	})
}

// As many channels that fail as there are places, each with a backlog that is
// older, do not keep one that works from its turn.
func TestFailingChannelsKeepNobodyFromTheirTurn(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{AllowNets: loopback})
		c := &chats{told: make(chan string, 99)}
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		for i := range sendAtOnce {
			b.chat(nil, server.URL+"/down/"+string(rune('a'+i)))
		}
		refused := []signal{broken(GatewayRefused, "gwa_1", ""), broken(GatewayRefused, "gwa_2", "")}
		b.note(refused...)
		b.after(time.Second)
		b.chat(nil, server.URL+"/ops")
		b.note(append(refused, broken(GatewayRefused, "gwa_3", ""))...)
		for range 2 {
			var running sync.WaitGroup
			if _, err := b.begin(t.Context(), &running, func(err error) { t.Error(err) }); err != nil {
				t.Fatal(err)
			}
			running.Wait()
		}
		if len(c.told) != 1 {
			t.Errorf("the channel that works was told %d times", len(c.told))
		}
	})
}

// Nobody hears that something is wrong after they heard that it is over.
func TestOpenedIsNotToldAfterResolved(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		c := &chats{down: true, told: make(chan string, 9)}
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		b.chat(nil, server.URL+"/ops")
		b.note(broken(GatewayRefused, "gwa_1", ""))
		b.deliverAll()
		c.down = false
		b.note()
		b.deliverAll()
		b.after(time.Hour)
		b.deliverAll()
		if n := len(c.told); n != 1 {
			t.Errorf("%d messages, want the one that it is over", n)
		}
	})
}
