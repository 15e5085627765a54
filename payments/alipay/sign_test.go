package alipay

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func TestContent(t *testing.T) {
	t.Parallel()
	params := url.Values{
		"method": {"alipay.trade.query"}, "app_id": {"1"}, "sign": {"x"}, "sign_type": {"RSA2"}, "notify_url": {""},
		"biz_content": {`{"a":"b&c=d 中"}`},
	}
	const all = `app_id=1&biz_content={"a":"b&c=d 中"}&method=alipay.trade.query`
	if got := content(params, "sign"); got != all+"&sign_type=RSA2" {
		t.Errorf("of a request: %s", got)
	}
	if got := content(params, "sign", "sign_type"); got != all {
		t.Errorf("of a notification: %s", got)
	}
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The vectors were signed by openssl dgst -sha256 -sign.
func TestAnswerVector(t *testing.T) {
	t.Parallel()
	account := changed(testAccount(""), "alipay_public_key", string(fixture(t, "vector_public_key.pem")))
	s, wrong := open(account)
	if wrong != nil {
		t.Fatal(wrong.message)
	}
	body := fixture(t, "vector_answer.json")
	read := func(body []byte) *exchange {
		x := &exchange{session: s, body: body}
		x.read("alipay_trade_query_response")
		return x
	}
	x := read(body)
	if !x.succeeded() || x.answer.OutTradeNo != "att_1" || x.answer.TotalAmount != "88.88" || x.state() != statePaid {
		t.Fatalf("answer = %+v, verified %v", x.answer, x.verified)
	}
	from, to := bytes.IndexByte(body, ':')+1, bytes.Index(body, []byte(`,"sign"`))
	for i := from; i < to; i++ {
		flipped := bytes.Clone(body)
		flipped[i] ^= 1
		if read(flipped).verified {
			t.Fatalf("byte %d is not signed: %s", i, flipped)
		}
	}
	sign := bytes.Index(body, []byte(`"sign":"`)) + len(`"sign":"`)
	for i := sign; i < len(body)-len(`=="}`)-1; i++ { // the last digit has bits to spare
		flipped := bytes.Clone(body)
		flipped[i] ^= 1
		if read(flipped).verified {
			t.Fatalf("byte %d of the signature does not matter", i)
		}
	}
	for name, other := range map[string]string{
		"no signature":      string(body[:to]) + "}",
		"another's answer":  strings.Replace(string(body), "alipay_trade_query_response", "alipay_trade_pay_response", 1),
		"re-encoded":        strings.Replace(string(body), `\u8ba2`, "订", 1),
		"an object as sign": strings.Replace(string(body), `"sign":"`, `"sign":{},"other":"`, 1),
	} {
		if read([]byte(other)).verified {
			t.Errorf("%s is believed", name)
		}
	}
}

func TestNotificationVector(t *testing.T) {
	t.Parallel()
	account := changed(testAccount(""), "alipay_public_key", string(fixture(t, "vector_public_key.pem")))
	provider := New(noNetwork())
	body := fixture(t, "vector_notification.txt")
	check := func(account payments.Account, body []byte) error {
		return provider.Verify(t.Context(), account, payments.Webhook{Body: body, ReceivedAt: time.Now()})
	}
	if err := check(account, body); err != nil {
		t.Fatal(err)
	}
	if err := check(account, append(bytes.Clone(body), "&alipay_cert_sn=abc"...)); err != nil {
		t.Errorf("with a certificate's number: %v", err)
	}
	original, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := range body {
		flipped := bytes.Clone(body)
		flipped[i] ^= 1
		params, err := url.ParseQuery(string(flipped))
		if err == nil && content(params, "sign", "sign_type") == content(original, "sign", "sign_type") {
			continue // a byte of what is not signed, or of the signature
		}
		if err := check(account, flipped); !errors.Is(err, payments.ErrSignature) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	if err := check(changed(account, "app_id", "2021000000000002"), body); !errors.Is(err, payments.ErrSignature) {
		t.Errorf("another app's: %v", err)
	}
	if err := check(changed(account, "alipay_public_key", ""), body); err == nil || errors.Is(err, payments.ErrSignature) {
		t.Errorf("without a key: %v", err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key := merchantKey()
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	forms := func(der []byte, kind string) map[string]string {
		framed := string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
		bare := base64.StdEncoding.EncodeToString(der)
		return map[string]string{
			kind + " PEM": framed, kind + " bare": bare, kind + " in lines": "\n" + bare[:64] + "\r\n  " + bare[64:] + " \n",
			kind + " with spaces": strings.ReplaceAll(framed, "\n", "\r\n"),
		}
	}
	for _, private := range []map[string]string{forms(pkcs1, "RSA PRIVATE KEY"), forms(pkcs8, "PRIVATE KEY")} {
		for name, text := range private {
			if got, err := readPrivateKey(text); err != nil || !got.Equal(key) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, public := range []map[string]string{forms(x509.MarshalPKCS1PublicKey(&key.PublicKey), "RSA PUBLIC KEY"), forms(pkix, "PUBLIC KEY")} {
		for name, text := range public {
			if got, err := readPublicKey(text); err != nil || !got.Equal(&key.PublicKey) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, text := range []string{"", " ", "secret!", "c2VjcmV0", string(pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: []byte("secret")}))} {
		if _, err := readPrivateKey(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("private key %q: %v", text, err)
		}
		if _, err := readPublicKey(text); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("public key %q: %v", text, err)
		}
	}
}
