package handlers

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestAPIIdempotency(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		site := newSite(t, db)
		shop, other := site.newClient(t), site.newClient(t)
		const path = "/api/v1/orders"
		first := shop.call("POST", path, minimal("", ""), idempotencyHeader, "key 1").want(t, http.StatusCreated)

		t.Run("the same request gets the same bytes", func(t *testing.T) {
			again := shop.call("POST", path, minimal("", ""), idempotencyHeader, "key 1").want(t, http.StatusCreated)
			if again.body != first.body || again.header.Get("Location") != first.header.Get("Location") ||
				again.header.Get("Content-Type") != first.header.Get("Content-Type") {
				t.Errorf("%v %s\nwas %v %s", again.header, again.body, first.header, first.body)
			}
			if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
				t.Error("Idempotent-Replayed does not tell them apart")
			}
		})
		t.Run("spaces and the order of fields do not count", func(t *testing.T) {
			body := "{\n \"number\": \"1001\", \"amount\": 4990,\n \"currency\": \"EUR\" }"
			if again := shop.call("POST", path, body, idempotencyHeader, "key 1").want(t, http.StatusCreated); again.body != first.body {
				t.Errorf("another answer: %s", again.body)
			}
		})
		t.Run("another body is refused", func(t *testing.T) {
			shop.call("POST", path, minimal("number", `"1002"`), idempotencyHeader, "key 1").
				problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
		})
		t.Run("another path is refused", func(t *testing.T) {
			shop.call("POST", path+"/"+first.id(t)+"/cancel", "", idempotencyHeader, "key 1").
				problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
		})
		t.Run("a key of another merchant is another key", func(t *testing.T) {
			if id := other.call("POST", path, minimal("", ""), idempotencyHeader, "key 1").want(t, http.StatusCreated).id(t); id == first.id(t) {
				t.Error("the other merchant's order came back")
			}
		})
		t.Run("an error is not kept", func(t *testing.T) {
			shop.call("POST", path, minimal("", ""), idempotencyHeader, "key 2").problem(t, http.StatusConflict, "order_number_taken")
			shop.call("POST", path, minimal("number", `"1003"`), idempotencyHeader, "key 2").want(t, http.StatusCreated)
		})
		t.Run("without a key each request is a new one", func(t *testing.T) {
			shop.call("POST", path, minimal("number", `"1004"`)).want(t, http.StatusCreated)
			shop.call("POST", path, minimal("number", `"1004"`)).problem(t, http.StatusConflict, "order_number_taken")
		})
	})
}

func TestAPIIdempotencyInParallel(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		body := paymentBody(shop.order(4990), 4990)
		const callers = 24
		replies := make([]reply, callers)
		start := make(chan struct{})
		var group sync.WaitGroup
		for i := range replies {
			group.Go(func() {
				<-start
				for { // as a client that is told to wait
					replies[i] = shop.call("POST", "/api/v1/payments", body, idempotencyHeader, "once")
					if status := replies[i].status; status != http.StatusConflict && status != http.StatusTooManyRequests {
						return
					}
					<-time.After(100 * time.Millisecond)
				}
			})
		}
		close(start)
		group.Wait()
		fresh := 0
		for _, r := range replies {
			r.want(t, http.StatusAccepted)
			if r.body != replies[0].body {
				t.Errorf("different answers:\n%s\n%s", r.body, replies[0].body)
			}
			if r.header.Get("Idempotent-Replayed") == "" {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%d requests were carried out", fresh)
		}
		payments, _, err := db.Payments(t.Context(), models.AllMerchants(), models.PaymentFilter{}, models.Page{})
		if err != nil || len(payments) != 1 {
			t.Errorf("%d payments, %v", len(payments), err)
		}
	})
}

func TestAPIIdempotencyKeyInUse(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		running, finish := make(chan struct{}), make(chan struct{})
		first := make(chan error, 1)
		go func() {
			_, err := db.Idempotent(t.Context(), shop.merchant.ID, "busy", "anything", func(*models.Tx) (models.Answer, error) {
				close(running)
				<-finish
				return models.Answer{Status: http.StatusCreated}, nil
			})
			first <- err
		}()
		<-running
		r := shop.call("POST", "/api/v1/orders", minimal("", ""), idempotencyHeader, "busy")
		close(finish)
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		r.problem(t, http.StatusConflict, "idempotency_key_in_use")
		if got := r.header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After %q", got)
		}
	})
}

func TestAPISecretOfReplay(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newSite(t, db).newClient(t)
		const path, body = "/api/v1/webhook-endpoints", `{"url":"https://shop.example.com/hooks"}`
		created := shop.call("POST", path, body, idempotencyHeader, "create").want(t, http.StatusCreated)
		secret, _ := created.object(t)["secret"].(string)
		if !strings.HasPrefix(secret, "whsec_") {
			t.Fatalf("secret %q", secret)
		}
		rotate := path + "/" + created.id(t) + "/rotate-secret"
		rotated := shop.call("POST", rotate, "", idempotencyHeader, "rotate").want(t, http.StatusOK)
		if rotated.object(t)["secret"] == secret {
			t.Error("rotation kept the secret")
		}
		if again := shop.call("POST", path, body, idempotencyHeader, "create").want(t, http.StatusCreated); again.body != created.body {
			t.Errorf("replayed creation differs:\n%s\n%s", again.body, created.body)
		}
		if again := shop.call("POST", rotate, "", idempotencyHeader, "rotate").want(t, http.StatusOK); again.body != rotated.body {
			t.Errorf("replayed rotation differs:\n%s\n%s", again.body, rotated.body)
		}
		for _, key := range []string{"create", "rotate"} {
			var stored string
			row := db.SQL().QueryRowContext(t.Context(), "SELECT body FROM idempotency_keys WHERE key = '"+key+"'")
			if err := row.Scan(&stored); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(stored, "whsec_") {
				t.Errorf("the secret is stored in clear: %s", stored)
			}
		}
		if got := shop.get(path+"/"+created.id(t)).want(t, http.StatusOK); strings.Contains(got.body, "secret") {
			t.Errorf("GET shows a secret: %s", got.body)
		}
	})
}
