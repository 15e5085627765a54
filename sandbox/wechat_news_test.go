package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// told is a notice as it came, decrypted.
type told struct {
	header http.Header
	body   string
	event  string
	what   map[string]any
}

func notices(t *testing.T) (string, chan told) {
	t.Helper()
	got := make(chan told, 20)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		n := told{header: r.Header, body: string(body)}
		var outer struct {
			EventType string            `json:"event_type"`
			Resource  map[string]string `json:"resource"`
		}
		if err := json.Unmarshal(body, &outer); err != nil {
			t.Error(err)
		}
		sealed, err := base64.StdEncoding.DecodeString(outer.Resource["ciphertext"])
		if err != nil {
			t.Error(err)
		}
		block, err := aes.NewCipher([]byte(testAPIv3Key))
		if err != nil {
			t.Error(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Error(err)
		}
		text, err := gcm.Open(nil, []byte(outer.Resource["nonce"]), sealed, []byte(outer.Resource["associated_data"]))
		if err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(text, &n.what); err != nil {
			t.Error(err)
		}
		n.event = outer.EventType
		w.WriteHeader(http.StatusNoContent)
		got <- n
	}))
	t.Cleanup(web.Close)
	return web.URL, got
}

func TestWeChatNotices(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{SettleAfter: 50 * time.Millisecond})
	target, got := notices(t)
	next := func(event, field, want string) {
		t.Helper()
		select {
		case n := <-got:
			m.wantSigned(n.header, n.body)
			if value, _ := n.what[field].(string); n.event != event || value != want {
				t.Errorf("notice = %s: %v, want %s with %s %q", n.event, n.what, event, field, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no %s came", event)
		}
	}
	m.register(target)
	m.paid("att_000001")
	next("TRANSACTION.SUCCESS", "out_trade_no", "att_000001")
	m.refund("ref_1", "att_000001", 300, 1250).want(t, 200)
	next("REFUND.SUCCESS", "refund_status", "SUCCESS")
	for ending, want := range map[int64]string{6: "SUCCESS", 7: "CLOSED", 8: "ABNORMAL"} {
		order := fmt.Sprintf("att_00000%d", ending)
		m.order(order, 1200+ending).want(t, 200)
		next("TRANSACTION.SUCCESS", "out_trade_no", order)
		m.refund("ref_"+order, order, 300, 1200+ending).want(t, 200)
		next("REFUND."+want, "out_refund_no", "ref_"+order)
	}

	m.register("") // from here on only orders with an address of their own are told of
	body := orderBody("att_000009", 1250)
	body["notify_url"] = target
	m.paid("att_000010")
	m.scan(m.call("POST", "/v3/pay/transactions/native", body).want(t, 200).text("code_url"), "succeeded").want(t, 200)
	next("TRANSACTION.SUCCESS", "out_trade_no", "att_000009")
}
