package live

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/models"
)

func newHub() *Hub { return New(slog.New(slog.DiscardHandler)) }

func hint(merchant, id string) models.Hint {
	return models.Hint{Topic: "payment", ID: id, MerchantID: merchant}
}

// waiting takes what waits in a subscription, without waiting for more.
func waiting(s *Subscription) []string {
	var ids []string
	for {
		select {
		case m, open := <-s.C:
			if !open {
				return append(ids, "closed")
			}
			if m.Topic == SyncTopic {
				ids = append(ids, SyncTopic)
			} else {
				ids = append(ids, m.ID)
			}
		default:
			return ids
		}
	}
}

func want(t *testing.T, s *Subscription, ids ...string) {
	t.Helper()
	if diff := cmp.Diff(ids, waiting(s)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestHub(t *testing.T) {
	t.Parallel()

	t.Run("a hint reaches those whose scope sees it", func(t *testing.T) {
		t.Parallel()
		h := newHub()
		one, two, all := h.Subscribe(models.MerchantScope("m1"), ""), h.Subscribe(models.MerchantScope("m2"), ""), h.Subscribe(models.AllMerchants(), "")
		nobody := h.Subscribe(models.Scope{}, "")
		h.Publish([]models.Hint{hint("m1", "pay_1"), hint("m2", "pay_2")})
		want(t, one, "pay_1")
		want(t, two, "pay_2")
		want(t, all, "pay_1", "pay_2")
		want(t, nobody)
	})

	t.Run("a reader that falls behind is told to renew everything", func(t *testing.T) {
		t.Parallel()
		h := newHub()
		slow, quick := h.Subscribe(models.AllMerchants(), ""), h.Subscribe(models.AllMerchants(), "")
		for i := range backlog {
			h.Publish([]models.Hint{hint("m1", fmt.Sprint(i))})
			waiting(quick)
		}
		h.Publish([]models.Hint{hint("m1", "late"), hint("m1", "later")})
		want(t, slow, SyncTopic, "later")
		want(t, quick, "late", "later")
	})

	t.Run("a new page gets what changed on its way", func(t *testing.T) {
		t.Parallel()
		h := newHub()
		now := time.Now()
		h.now = func() time.Time { return now }
		h.Publish([]models.Hint{hint("m1", "old")})
		now = now.Add(grace + time.Second)
		h.Publish([]models.Hint{hint("m1", "fresh"), hint("m2", "foreign")})
		want(t, h.Subscribe(models.MerchantScope("m1"), ""), "fresh")
	})

	t.Run("a page that reconnects gets what it missed", func(t *testing.T) {
		t.Parallel()
		h := newHub()
		first := h.Subscribe(models.AllMerchants(), "")
		h.Publish([]models.Hint{hint("m1", "seen")})
		seen := <-first.C
		first.Close()
		h.Publish([]models.Hint{hint("m1", "missed")})
		want(t, h.Subscribe(models.AllMerchants(), seen.Number), "missed")
		want(t, h.Subscribe(models.AllMerchants(), h.LastID()))
	})

	t.Run("a page that was away for too long renews everything", func(t *testing.T) {
		t.Parallel()
		h := newHub()
		start := h.LastID()
		for i := range memory + 1 {
			h.Publish([]models.Hint{hint("m1", fmt.Sprint(i))})
		}
		want(t, h.Subscribe(models.AllMerchants(), start), SyncTopic)
	})

	t.Run("a page from another node renews everything", func(t *testing.T) {
		t.Parallel()
		want(t, newHub().Subscribe(models.AllMerchants(), newHub().LastID()), SyncTopic)
		want(t, newHub().Subscribe(models.AllMerchants(), "nonsense"), SyncTopic)
	})

	t.Run("closing ends all subscriptions, twice too", func(t *testing.T) {
		t.Parallel()
		h := newHub()
		open, closed := h.Subscribe(models.AllMerchants(), ""), h.Subscribe(models.AllMerchants(), "")
		closed.Close()
		closed.Close()
		h.Close()
		h.Close()
		want(t, open, "closed")
		want(t, h.Subscribe(models.AllMerchants(), ""), "closed")
		h.Publish([]models.Hint{hint("m1", "nobody")})
		if n := h.Subscribers(); n != 0 {
			t.Errorf("%d subscribers after closing", n)
		}
	})
}

// TestHubRace lets publishers, readers and closers at the hub at once.
func TestHubRace(t *testing.T) {
	t.Parallel()
	h := newHub()
	var all sync.WaitGroup
	for p := range 4 {
		all.Go(func() {
			for i := range 500 {
				h.Publish([]models.Hint{hint("m1", fmt.Sprint(p, i)), hint("m2", fmt.Sprint(p, i))})
			}
		})
	}
	for range 8 {
		all.Go(func() {
			for range 50 {
				sub := h.Subscribe(models.MerchantScope("m1"), "")
				for range 3 {
					select {
					case m, open := <-sub.C:
						if open && m.Topic != SyncTopic && m.MerchantID != "m1" {
							t.Errorf("a foreign hint: %+v", m)
						}
					case <-time.After(time.Millisecond):
					}
				}
				sub.Close()
			}
		})
	}
	all.Go(func() {
		time.Sleep(5 * time.Millisecond)
		h.Close()
	})
	all.Wait()
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	var hints []models.Hint
	for i := range 500 {
		hints = append(hints, hint("mer_06fk0000000000000000000000", fmt.Sprintf("pay_%026d", i)), hint("mer_x", "same"))
	}
	hints = unique(hints)
	if len(hints) != 501 {
		t.Fatalf("%d hints are left, want 501", len(hints))
	}
	h := newHub()
	sub := h.Subscribe(models.AllMerchants(), "")
	r := &relay{node: "here", hub: h, log: h.log}
	got := 0
	for _, payload := range payloads("there", hints) {
		if len(payload) > maxPayload {
			t.Errorf("a payload of %d bytes", len(payload))
		}
		r.hear(payload)
		got += len(waiting(sub))
	}
	if got < 300 { // some batches exceed the subscriber's backlog and become a sync
		t.Errorf("%d messages arrived", got)
	}
	r.hear("{")
	for _, payload := range payloads("here", hints[:1]) {
		r.hear(payload)
	}
	want(t, sub)
}
