package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testMchID    = "1900000109"
	testAPIv3Key = "0123456789abcdef0123456789abcdef"
)

var (
	testMerchantKey = sync.OnceValue(testKey)
	testPlatformKey = sync.OnceValue(testKey)
)

func testKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, wechatKeyBits)
	if err != nil {
		panic(err)
	}
	return key
}

// merchant is a bundle that a merchant of WeChat Pay uses.
type merchant struct {
	*bundle

	key *rsa.PrivateKey
	now func() time.Time
}

func startWeChat(t *testing.T, opts Options) *merchant {
	t.Helper()
	if opts.WeChatKey == nil && opts.Journal == "" {
		opts.WeChatKey = testPlatformKey()
	}
	m := &merchant{bundle: start(t, opts), key: testMerchantKey(), now: time.Now}
	m.register("")
	return m
}

func (m *merchant) register(webhookURL string) {
	m.t.Helper()
	raw, err := x509.MarshalPKIXPublicKey(&testMerchantKey().PublicKey)
	if err != nil {
		m.t.Fatal(err)
	}
	m.post("/settings", "", map[string]string{
		"api": "wechat", "credential": testMchID, "url": webhookURL, "secret": testAPIv3Key,
		"public_key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})),
	}).want(m.t, 200)
}

// authorize signs a request; the path is that of WeChat Pay's own API.
func (m *merchant) authorize(method, path, body string) string {
	m.t.Helper()
	seconds := strconv.FormatInt(m.now().Unix(), 10)
	digest := sha256.Sum256([]byte(method + "\n" + path + "\n" + seconds + "\nnonce1\n" + body + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, m.key, crypto.SHA256, digest[:])
	if err != nil {
		m.t.Fatal(err)
	}
	return fmt.Sprintf(`%s mchid=%q,nonce_str="nonce1",timestamp=%q,serial_no="51",signature=%q`,
		wechatScheme, testMchID, seconds, base64.StdEncoding.EncodeToString(signature))
}

// try sends a signed request whose answer may not come.
func (m *merchant) try(method, path string, body any, header ...string) (answer, error) {
	m.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			m.t.Fatal(err)
		}
	}
	signed := []string{"Authorization", m.authorize(method, path, string(text))}
	return m.send(method, "/wechat"+path, "application/json", "", string(text), append(signed, header...)...)
}

func (m *merchant) call(method, path string, body any, header ...string) answer {
	m.t.Helper()
	return m.must(m.try(method, path, body, header...))
}

func orderBody(number string, total int64) map[string]any {
	return map[string]any{
		"appid": "wx8888888888888888", "mchid": testMchID, "description": "Order A-7", "out_trade_no": number, "attach": "pay_" + number,
		"notify_url": "https://notify.invalid/", "amount": map[string]any{"total": total, "currency": "CNY"},
	}
}

func (m *merchant) order(number string, total int64) answer {
	m.t.Helper()
	return m.call("POST", "/v3/pay/transactions/native", orderBody(number, total))
}

func (m *merchant) query(number string) answer {
	m.t.Helper()
	return m.call("GET", "/v3/pay/transactions/out-trade-no/"+number+"?mchid="+testMchID, nil)
}

func (m *merchant) close(number string) answer {
	m.t.Helper()
	return m.call("POST", "/v3/pay/transactions/out-trade-no/"+number+"/close", map[string]string{"mchid": testMchID})
}

func (m *merchant) scan(code, result string) answer {
	m.t.Helper()
	return m.post("/wechat/scan?"+url.Values{"code_url": {code}}.Encode(), "", map[string]string{"result": result})
}

func (m *merchant) paid(number string) {
	m.t.Helper()
	m.scan(m.order(number, 1250).want(m.t, 200).text("code_url"), "succeeded").want(m.t, 200)
}

func (m *merchant) refund(number, order string, amount, total int64) answer {
	m.t.Helper()
	return m.call("POST", "/v3/refund/domestic/refunds", map[string]any{
		"out_trade_no": order, "out_refund_no": number, "reason": "damaged",
		"amount": map[string]any{"refund": amount, "total": total, "currency": "CNY"},
	})
}

// wantSigned wants headers that the sandbox's public key proves.
func (m *merchant) wantSigned(header http.Header, body string) {
	m.t.Helper()
	signature, err := base64.StdEncoding.DecodeString(header.Get("Wechatpay-Signature"))
	if err != nil {
		m.t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(header.Get("Wechatpay-Timestamp") + "\n" + header.Get("Wechatpay-Nonce") + "\n" + body + "\n"))
	published := m.get("/wechat/public_key.pem").want(m.t, 200)
	key, err := wechatMerchantKey(published.body)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
		m.t.Errorf("the answer %q is not signed: %v", body, err)
	}
	if id := header.Get("Wechatpay-Serial"); !strings.HasPrefix(id, "PUB_KEY_ID_") || id != published.header.Get("Wechatpay-Serial") {
		m.t.Errorf("key id = %q", id)
	}
}

func TestWeChatOrder(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{})
	m.query("att_000001").wantCode(t, 404, "ORDER_NOT_EXIST")
	made := m.order("att_000001", 1250).want(t, 200)
	m.wantSigned(made.header, made.body)
	code := made.text("code_url")
	if !strings.HasPrefix(code, "weixin://wxpay/bizpayurl?pr=") {
		t.Fatalf("code = %q", code)
	}
	if again := m.order("att_000001", 1250).want(t, 200); again.text("code_url") != code {
		t.Errorf("the same order has the codes %q and %q", code, again.text("code_url"))
	}
	m.order("att_000001", 1251).wantCode(t, 403, "OUT_TRADE_NO_USED")
	open := m.query("att_000001").want(t, 200)
	if open.text("trade_state") != "NOTPAY" || open.text("transaction_id") != "" || m.charges("") != 0 {
		t.Errorf("open = %s", open.body)
	}

	page := m.get("/wechat/scan?"+url.Values{"code_url": {code}}.Encode()).want(t, 303)
	if got := m.get(page.header.Get("Location")).want(t, 200).document(t).Find("button").Length(); got != 2 {
		t.Errorf("the page has %d buttons", got)
	}
	m.scan(code, "succeeded").want(t, 200)
	m.scan(code, "succeeded").want(t, 409)
	paid := m.query("att_000001").want(t, 200)
	for path, want := range map[string]string{
		"trade_state": "SUCCESS", "trade_type": "NATIVE", "out_trade_no": "att_000001", "mchid": testMchID, "appid": "wx8888888888888888",
		"attach": "pay_att_000001",
	} {
		if got := paid.text(path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	if paid.text("amount", "total") != "1250" || len(paid.text("transaction_id")) != 28 {
		t.Errorf("paid = %s", paid.body)
	}
	m.call("GET", "/v3/pay/transactions/id/"+paid.text("transaction_id")+"?mchid="+testMchID, nil).want(t, 200)
	m.order("att_000001", 1250).wantCode(t, 403, "OUT_TRADE_NO_USED")
	m.close("att_000001").wantCode(t, 400, "ORDERPAID")
	if ledger := m.Ledger("pay_att_000001"); len(ledger.Charges) != 1 || ledger.Charges[0].Currency != "CNY" || ledger.Charges[0].API != "wechat" {
		t.Errorf("ledger = %+v", ledger)
	}
}

func (a answer) wantCode(t *testing.T, status int, code string) {
	t.Helper()
	a.want(t, status)
	if a.text("code") != code || a.text("message") == "" {
		t.Errorf("answer = %s, want %s", a.body, code)
	}
}

func TestWeChatClose(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{})
	m.close("att_000001").wantCode(t, 404, "ORDER_NOT_EXIST")
	code := m.order("att_000001", 1250).want(t, 200).text("code_url") // closing what is not there keeps nothing away
	for range 2 {
		closed := m.close("att_000001").want(t, 204)
		m.wantSigned(closed.header, "")
	}
	m.scan(code, "succeeded").want(t, 409)
	m.order("att_000001", 1250).wantCode(t, 400, "ORDER_CLOSED")
	if got := m.query("att_000001").want(t, 200).text("trade_state"); got != "CLOSED" {
		t.Errorf("state = %s", got)
	}

	m.scan(m.order("att_000002", 1250).want(t, 200).text("code_url"), "failed").want(t, 200)
	if got := m.query("att_000002").want(t, 200).text("trade_state"); got != "PAYERROR" {
		t.Errorf("state = %s", got)
	}
	m.close("att_000002").want(t, 204)
	m.order("att_000002", 1250).wantCode(t, 400, "INVALID_REQUEST")
	if m.charges("") != 0 {
		t.Error("something was charged")
	}
}

// After its time an order can be closed, but not paid.
func TestWeChatOrderExpires(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	m := startWeChat(t, Options{Now: clock})
	m.now = clock
	body := orderBody("att_000001", 1250)
	body["time_expire"] = now.Add(time.Hour).Format(time.RFC3339)
	code := m.call("POST", "/v3/pay/transactions/native", body).want(t, 200).text("code_url")
	mu.Lock()
	now = now.Add(2 * time.Hour)
	mu.Unlock()
	m.call("POST", "/v3/pay/transactions/native", body).wantCode(t, 400, "PARAM_ERROR")
	m.scan(code, "succeeded").want(t, 409)
	if got := m.query("att_000001").want(t, 200).text("trade_state"); got != "NOTPAY" {
		t.Errorf("state = %s", got)
	}
	m.close("att_000001").want(t, 204)
}

// The platform's key, open orders and their customers survive a restart.
func TestWeChatRestart(t *testing.T) {
	t.Parallel()
	journal := journalPath(t)
	m := startWeChat(t, Options{Journal: journal, SettleAfter: time.Hour})
	key := m.get("/wechat/public_key.pem").want(t, 200)
	m.order("att_000001", 1201).want(t, 200)
	m.paid("att_000002")
	m.refund("ref_1", "att_000002", 300, 1250).want(t, 200)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(time.Hour) }
	m = &merchant{bundle: start(t, Options{Journal: journal, Now: later}), key: testMerchantKey(), now: later}
	if again := m.get("/wechat/public_key.pem").want(t, 200); again.body != key.body {
		t.Error("the key is another one")
	}
	eventually(t, "the customer pays", func() bool { return m.query("att_000001").text("trade_state") == "SUCCESS" })
	if got := m.call("GET", "/v3/refund/domestic/refunds/ref_1", nil).want(t, 200).text("status"); got != "SUCCESS" {
		t.Errorf("the refund is %s", got)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = &merchant{bundle: start(t, Options{Journal: journal, Now: later}), key: testMerchantKey(), now: later} // from the compacted journal
	if again := m.get("/wechat/public_key.pem").want(t, 200); again.body != key.body {
		t.Error("the key is another one after another restart")
	}
}
