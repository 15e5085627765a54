package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

type received struct {
	signature string
	body      []byte
}

// receiver collects notifications and refuses the first of them.
func receiver(t *testing.T) (string, chan received) {
	t.Helper()
	got := make(chan received, 10)
	var calls atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		got <- received{r.Header.Get("Sandbox-Signature"), body}
	}))
	t.Cleanup(web.Close)
	return web.URL, got
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	b := start(t, Options{Now: func() time.Time { return at }})
	target, got := receiver(t)
	b.post("/v1/webhooks", "", map[string]string{"url": target, "secret": "whs_1"}).want(t, 200)
	b.post("/v1/webhooks", "", map[string]string{"url": "ftp://x/", "secret": "whs_1"}).want(t, 400)

	processing := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_processing")).want(t, 200)
	expect(t, got, at, processing.text("id"), "charge.succeeded")

	asked := b.post("/v1/charges", "k2", chargeBody("att_2", "pay_2", "tok_action_required")).want(t, 200)
	b.post("/v1/charges/"+asked.text("id")+"/complete", "", map[string]string{"result": "failed"}).want(t, 200)
	expect(t, got, at, asked.text("id"), "charge.failed")
}

func TestWebhookOfTheOptions(t *testing.T) {
	t.Parallel()
	target, got := receiver(t)
	at := time.Unix(1_700_000_000, 0)
	b := start(t, Options{WebhookURL: target, WebhookSecret: "whs_1", Now: func() time.Time { return at }})
	a := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_processing")).want(t, 200)
	expect(t, got, at, a.text("id"), "charge.succeeded")
}

func expect(t *testing.T, got chan received, at time.Time, charge, kind string) {
	t.Helper()
	var n received
	select {
	case n = <-got:
	case <-time.After(5 * time.Second):
		t.Fatalf("no %s came", kind)
	}
	if want := Sign("whs_1", at, n.body); n.signature != want {
		t.Errorf("signature = %q, want %q", n.signature, want)
	}
	var event struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		Created int64  `json:"created"`
		Data    struct {
			Charge nativeCharge `json:"charge"`
		} `json:"data"`
	}
	if err := json.Unmarshal(n.body, &event); err != nil {
		t.Fatal(err)
	}
	if event.Type != kind || event.Data.Charge.ID != charge || event.Created != at.Unix() || !strings.HasPrefix(event.ID, "evt_") {
		t.Errorf("event = %s", n.body)
	}
}

func TestSign(t *testing.T) {
	t.Parallel()
	// printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac secret
	const want = "t=1700000000,v1=af784f27423c462e20039559cd4264140f7b7ed4c9090e26fd663faa5eeb8dda"
	if got := Sign("secret", time.Unix(1_700_000_000, 0), []byte(`{"id":"evt_1"}`)); got != want {
		t.Errorf("Sign = %q, want %q", got, want)
	}
}
