package live

import (
	"context"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// next waits for the next message.
func next(t *testing.T, s *Subscription) Message {
	t.Helper()
	select {
	case m, open := <-s.C:
		if !open {
			t.Fatal("the subscription ended")
		}
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no message came")
	}
	return Message{}
}

// nodes are two hubs that share a database, listening.
func nodes(t *testing.T, db *models.DB) (here, there *Hub) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	here, there = newHub(), newHub()
	ended := make(chan struct{}, 2)
	for _, h := range []*Hub{here, there} {
		go func() {
			Listen(ctx, db, h)
			ended <- struct{}{}
		}()
	}
	t.Cleanup(func() {
		cancel()
		for range 2 {
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Error("listening does not end")
			}
		}
	})
	waitListening(t, db, 2)
	return here, there
}

// listening counts connections that wait for notifications.
const listening = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %' AND state = 'idle'"

func waitListening(t *testing.T, db *models.DB, want int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var n int
		if err := db.Pool().QueryRow(t.Context(), "SELECT count(*) "+listening).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == want {
			return
		}
	}
	t.Fatalf("the nodes do not listen")
}

func TestListen(t *testing.T) {
	t.Parallel()
	db := modelstest.Postgres(t)
	here, there := nodes(t, db)
	mine, theirs := here.Subscribe(models.MerchantScope("m1"), ""), there.Subscribe(models.MerchantScope("m1"), "")

	here.Publish([]models.Hint{hint("m1", "pay_1"), hint("m2", "pay_2")})
	if m := next(t, theirs); m.ID != "pay_1" {
		t.Errorf("the other node heard %+v", m)
	}
	if m := next(t, mine); m.ID != "pay_1" {
		t.Errorf("this node heard %+v", m)
	}
	there.Publish([]models.Hint{hint("m1", "pay_3")})
	if m := next(t, mine); m.ID != "pay_3" {
		t.Errorf("a hint came twice to where it came from: %+v", m)
	}
	next(t, theirs)

	// Connections break: hints may have been missed meanwhile.
	if _, err := db.Pool().Exec(t.Context(), "SELECT pg_terminate_backend(pid) "+listening); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Subscription{mine, theirs} {
		if m := next(t, s); m.Topic != SyncTopic {
			t.Errorf("after a broken connection came %+v, want a sync", m)
		}
	}
	here.Publish([]models.Hint{hint("m1", "pay_4")})
	if m := next(t, theirs); m.ID != "pay_4" {
		t.Errorf("after reconnecting came %+v", m)
	}
}

func TestListenOnSQLite(t *testing.T) {
	t.Parallel()
	Listen(t.Context(), modelstest.SQLite(t), newHub()) // returns: there is no other node
}
