package alerts

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// Of many nodes that evaluate at once one does, and of two that believe it is
// their turn the later one counts: one incident, one message.
func TestManyEvaluators(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			runs int
		)
		refused := []signal{broken(GatewayRefused, "gwa_1", "")}
		for range 8 {
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx *models.Tx) error {
					_, ours, err := tx.ClaimAlertTurn("node", 10*time.Second)
					if ours {
						mu.Lock()
						runs++
						mu.Unlock()
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if err := b.noteOnce(t.Context(), refused); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if runs != 1 {
			t.Errorf("%d nodes got the turn", runs)
		}
		for range 8 { // and all look for what is due
			wg.Go(func() {
				if err := b.SendDue(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		b.deliverAll()
		if n := len(b.incidents()); n != 1 {
			t.Errorf("%d incidents", n)
		}
		if n := len(b.subjects()); n != 1 {
			t.Errorf("%d mails: %q", n, b.subjects())
		}
	})
}

// A node whose turn is over stores nothing: what it saw is old.
func TestLateEvaluator(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		late := int64(0)
		modelstest.Write(t, db, func(tx *models.Tx) (err error) {
			late, _, err = tx.ClaimAlertTurn("slow", 0)
			return err
		})
		b.note(broken(GatewayRefused, "gwa_1", ""))
		b.after(time.Hour)
		rules := map[string]Adjusted{}
		for _, r := range Rules() {
			rules[r.Kind] = r.adjust(nil)
		}
		if held, err := b.apply(t.Context(), late, state{rules: rules}); held || err != nil {
			t.Fatal(err)
		}
		if i := b.incidents()[0]; i.ClearSince != nil {
			t.Errorf("a late node has moved %+v", i)
		}
	})
}

var errCrash = errors.New("crash")

// An incident and the messages about it are there together or not at all; a node
// that dies while it sends leaves the message to be sent, under the same id.
func TestCrashes(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		refused := broken(GatewayRefused, "gwa_1", "")
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			book, err := b.newBook(tx)
			if err != nil {
				return err
			}
			if err := book.note(state{signals: []signal{refused}}); err != nil {
				return err
			}
			return errCrash
		})
		if !errors.Is(err, errCrash) || len(b.incidents()) != 0 {
			t.Fatalf("%v, %d incidents", err, len(b.incidents()))
		}
		if due, err := db.DueAlerts(t.Context(), nil, 10); err != nil || len(due) != 0 {
			t.Fatalf("messages of a transaction that was not committed: %+v, %v", due, err)
		}
		b.note(refused)
		due, err := db.DueAlerts(t.Context(), nil, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("due: %+v, %v", due, err)
		}
		m := due[0]
		modelstest.Write(t, db, func(tx *models.Tx) error {
			ours, err := tx.ClaimAlert(&m, sendLease)
			if err == nil && !ours {
				err = errCrash
			}
			return err
		})
		if err := b.deliver(t.Context(), &m); err != nil { // sent, and the node dies before that is stored
			t.Fatal(err)
		}
		b.deliverAll()
		if n := len(b.subjects()); n != 1 {
			t.Fatalf("sent while another node holds it: %q", b.subjects())
		}
		b.after(sendLease + time.Second)
		b.deliverAll()
		mails := b.sink.Mails()
		if len(mails) != 2 || mails[0].Header.Get("Message-Id") != mails[1].Header.Get("Message-Id") {
			t.Errorf("%d mails, of %q", len(mails), mails[0].Header.Get("Message-Id"))
		}
		b.after(time.Hour)
		b.deliverAll()
		if n := len(b.sink.Mails()); n != 2 {
			t.Errorf("%d mails in the end", n)
		}
	})
}

// A mail server that is away is tried again until it is back, and given up after
// hours; the page says why.
func TestOutbox(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		away := true
		var mu sync.Mutex
		b.sink.Respond(func(command string) string {
			mu.Lock()
			defer mu.Unlock()
			if away && command == "." {
				return "451 later"
			}
			return ""
		})
		b.note(broken(GatewayRefused, "gwa_1", ""))
		b.deliverAll()
		first := b.messages()[0]
		if kind, detail := Reason(first.Error); first.State != models.AlertQueued || first.Tries != 1 || kind != string(FailureMail) || detail == "" {
			t.Errorf("after the first try: %+v", first)
		}
		mu.Lock()
		away = false
		mu.Unlock()
		b.after(15 * time.Second)
		b.deliverAll()
		if m := b.messages()[0]; m.State != models.AlertSent || m.Tries != 2 || m.Error != "" {
			t.Errorf("after the second try: %+v", m)
		}
		mu.Lock()
		away = true
		mu.Unlock()
		b.after(5 * time.Hour)
		b.note(broken(GatewayRefused, "gwa_1", ""))
		for range 80 { // all waits with their jitter, and ten minutes for each
			b.deliverAll()
			b.after(10 * time.Minute)
		}
		if m := b.messages()[0]; m.Kind != models.AlertReminder || m.State != models.AlertFailed || m.Tries != len(waits)+1 {
			t.Errorf("in the end: %+v", m)
		}
	})
}

// A mail of which nobody knows whether it was taken is sent again, under the same
// id; one that the server refuses is not.
func TestMailsOfUnclearFateAreSentAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answer string
		state        string
		mails        int
	}{
		{"the server hangs up after the text", "close", models.AlertSent, 2},
		{"the server refuses the mail", "554 no", models.AlertFailed, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, modelstest.SQLite(t), Options{})
			b.user(models.RoleAdmin, "")
			b.sink.Respond(func(command string) string {
				if command == "." {
					return test.answer
				}
				return ""
			})
			b.note(broken(GatewayRefused, "gwa_1", ""))
			b.deliverAll()
			b.sink.Respond(nil)
			b.after(time.Minute)
			b.deliverAll()
			ids := map[string]bool{}
			for _, m := range b.sink.Mails() {
				ids[m.Header.Get("Message-Id")] = true
			}
			if m := b.messages()[0]; m.State != test.state || len(b.sink.Mails()) != test.mails || len(ids) > 1 {
				t.Errorf("%s %q after %d mails of the ids %v", m.State, m.Error, len(b.sink.Mails()), ids)
			}
		})
	}
}

// messages are those about the first incident, newest first.
func (b *bench) messages() []models.AlertMessage {
	b.t.Helper()
	all, err := b.db.IncidentAlerts(b.t.Context(), b.incidents()[0].ID)
	if err != nil || len(all) == 0 {
		b.t.Fatalf("messages: %+v, %v", all, err)
	}
	return all
}

// A loop outlives a panic of its work, and ends with its context.
func TestLoop(t *testing.T) {
	t.Parallel()
	b := newBench(t, modelstest.SQLite(t), Options{})
	b.log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.loop(ctx, "test", time.Millisecond, nil, func(context.Context) error {
			calls++
			if calls == 3 {
				cancel()
			}
			panic("broken")
		})
	}()
	<-done
	if calls != 3 {
		t.Errorf("%d calls", calls)
	}
}

// A database that does not answer holds neither loop.
func TestASilentDatabaseHoldsNoLoop(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		b.note(broken(GatewayRefused, "gwa_1", ""))
		tx, err := db.SQL().BeginTx(t.Context(), nil) // on SQLite it holds whoever writes
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if db.Dialect == models.Postgres {
			if _, err := tx.ExecContext(t.Context(), "LOCK TABLE alert_clock, alert_messages IN ACCESS EXCLUSIVE MODE"); err != nil {
				t.Fatal(err)
			}
		}
		b.patience = 200 * time.Millisecond
		for name, loop := range map[string]func(context.Context) error{"evaluate": b.Evaluate, "send": b.SendDue} {
			done := make(chan error, 1)
			go func() { done <- loop(t.Context()) }()
			select {
			case err := <-done:
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", name, err)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("%s still waits", name)
			}
		}
	})
}
