package models_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestIdempotent(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m, other := modelstest.Merchant(t, db), modelstest.Merchant(t, db)
		runs := 0
		ask := func(merchantID, key, fingerprint string, err error) (models.Answer, error) {
			return db.Idempotent(t.Context(), merchantID, key, fingerprint, func(tx *models.Tx) (models.Answer, error) {
				runs++
				if err := note(tx, "asked"); err != nil {
					return models.Answer{}, err
				}
				body := fmt.Sprintf("{\"run\": %d, \"text\": \"\\u0000 é 王\"}\n", runs)
				return models.Answer{Status: 202, Location: "/api/v1/payments/pay_1", Body: []byte(body)}, err
			})
		}
		// An error leaves nothing: the key is free for another try.
		if _, err := ask(m.ID, "k", "f", models.Invalid("amount", "required")); err == nil {
			t.Error("an error was lost")
		}
		if n := count(t, db, "idempotency_keys") + count(t, db, "audit_entries"); n != 0 {
			t.Errorf("an error left %d rows", n)
		}
		first, err := ask(m.ID, "k", "f", nil)
		if err != nil || first.Replayed || runs != 2 {
			t.Fatalf("first: %+v, %v", first, err)
		}
		again, err := ask(m.ID, "k", "f", nil)
		if err != nil || !again.Replayed || again.Status != 202 || again.Location != first.Location || runs != 2 {
			t.Errorf("again: %+v, %v", again, err)
		}
		if !bytes.Equal(first.Body, again.Body) {
			t.Errorf("the answer changed from %q to %q", first.Body, again.Body)
		}
		var refused *models.Error
		if _, err := ask(m.ID, "k", "another body", nil); !errors.As(err, &refused) ||
			refused.Kind != models.KindInvalid || refused.Code != "idempotency_key_reused" {
			t.Errorf("another body under the key: %v", err)
		}
		if answer, err := ask(other.ID, "k", "another body", nil); err != nil || answer.Replayed {
			t.Errorf("another merchant's same key: %+v, %v", answer, err)
		}
		for range 2 {
			if answer, err := ask(m.ID, "", "f", nil); err != nil || answer.Replayed {
				t.Errorf("without a key: %+v, %v", answer, err)
			}
		}
	})
}

// Of many requests with one key on two nodes one runs; the others are told to
// wait or get its answer.
func TestIdempotentByManyAtOnce(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := address(t)
			nodes := make([]*models.DB, 2)
			for i := range nodes {
				db, err := models.Open(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
				nodes[i] = db
			}
			m := modelstest.Merchant(t, nodes[0])
			var (
				mu    sync.Mutex
				fresh int
				first []byte
			)
			together(t, 30, func(i int) error {
				answer, err := nodes[i%2].Idempotent(t.Context(), m.ID, "k", "f", func(tx *models.Tx) (models.Answer, error) {
					return models.Answer{Status: 201, Body: fmt.Appendf(nil, "made by %d", i)}, note(tx, "once")
				})
				if err != nil {
					if !errors.Is(err, models.Conflict("idempotency_key_in_use", "")) {
						t.Error(err)
					}
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				if !answer.Replayed {
					fresh++
				}
				if first == nil {
					first = answer.Body
				}
				if !bytes.Equal(first, answer.Body) {
					t.Errorf("answers differ: %q and %q", first, answer.Body)
				}
				return nil
			})
			if n := count(t, nodes[0], "audit_entries"); fresh != 1 || n != 1 {
				t.Errorf("%d answers were fresh, the work was done %d times", fresh, n)
			}
		})
	}
}
