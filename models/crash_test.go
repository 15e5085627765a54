package models_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// crashEnv and its companions make the test binary a process that is killed.
const (
	crashEnv         = "TILLPOST_TEST_CRASH_DATABASE"
	crashMerchantEnv = "TILLPOST_TEST_CRASH_MERCHANT"
	crashKey         = "the-key"
)

// crash begins an order under an idempotency key and kills its own process
// before the transaction ends.
func crash() {
	ctx := context.Background()
	db, err := models.Open(ctx, os.Getenv(crashEnv))
	if err != nil {
		panic(err)
	}
	merchant := os.Getenv(crashMerchantEnv)
	_, err = db.Idempotent(ctx, merchant, crashKey, "body", func(tx *models.Tx) (models.Answer, error) {
		if _, err := tx.CreateOrder(crashOrder(merchant, tx), nil); err != nil {
			return models.Answer{}, err
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return models.Answer{}, err
		}
		select {}
	})
	panic(fmt.Sprint("survived: ", err))
}

func crashOrder(merchantID string, tx *models.Tx) models.Order {
	return models.Order{MerchantID: merchantID, Number: "C-1", Currency: "EUR", Amount: 100, PlacedAt: tx.Now()}
}

// A process that is killed within a request leaves nothing of it, and the
// client's repetition under the same key does the work once.
func TestIdempotentAfterAKill(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(testing.TB) string{"sqlite": modelstest.SQLiteURL, "postgres": modelstest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := address(t)
			db, err := models.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			m := modelstest.Merchant(t, db)
			victim := exec.CommandContext(t.Context(), os.Args[0])
			victim.Env = append(os.Environ(), crashEnv+"="+url, crashMerchantEnv+"="+m.ID)
			out, err := victim.CombinedOutput()
			if status, ok := victim.ProcessState.Sys().(syscall.WaitStatus); err == nil || !ok || status.Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, out)
			}
			if n := count(t, db, "orders"); n != 0 {
				t.Fatalf("%d orders are left of the killed process", n)
			}
			for _, replayed := range []bool{false, true} {
				answer, err := repeatCrashed(t, db, m.ID)
				if err != nil || answer.Replayed != replayed || string(answer.Body) != "made" {
					t.Errorf("repeated: %+v, %v, want replayed = %v", answer, err, replayed)
				}
			}
			if n := count(t, db, "orders"); n != 1 {
				t.Errorf("%d orders, want 1", n)
			}
		})
	}
}

// repeatCrashed does what a client does: while the killed request's key is in
// use, since the server has not noticed yet that its connection is gone, it
// comes again.
func repeatCrashed(t *testing.T, db *models.DB, merchantID string) (models.Answer, error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, err := db.Idempotent(t.Context(), merchantID, crashKey, "body", func(tx *models.Tx) (models.Answer, error) {
			_, err := tx.CreateOrder(crashOrder(merchantID, tx), nil)
			return models.Answer{Status: 201, Body: []byte("made")}, err
		})
		if inUse := (&models.Error{Code: "idempotency_key_in_use"}); !errors.Is(err, inUse) {
			return answer, err
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			return answer, err
		}
	}
}
