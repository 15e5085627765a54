package paypal

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"hash/crc32"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

// The reference's vector: the checksum of {"id":"WH-1"} as unsigned decimal.
func TestMessage(t *testing.T) {
	t.Parallel()
	if got := crc32.ChecksumIEEE([]byte(`{"id":"WH-1"}`)); got != 838965618 {
		t.Fatalf("checksum = %d", got)
	}
	sent := transmission{id: "69cd13f0-d67a-11e5-baa3-778b53f4ae55", time: "2026-11-25T10:00:00Z"}
	const want = "69cd13f0-d67a-11e5-baa3-778b53f4ae55|2026-11-25T10:00:00Z|1JE4291016473214C|838965618"
	if got := string(sent.message("1JE4291016473214C", []byte(`{"id":"WH-1"}`))); got != want {
		t.Errorf("message = %s", got)
	}
}

const certURL = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"

// authority signs certificates; making keys takes a while, so tests share them.
var authority = sync.OnceValue(func() (a struct {
	root, leaf *rsa.PrivateKey
	cert       *x509.Certificate
},
) {
	for _, key := range []**rsa.PrivateKey{&a.root, &a.leaf} {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		*key = made
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.root.PublicKey, a.root)
	if err != nil {
		panic(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		panic(err)
	}
	return a
})

// chain is a certificate for a name, in PEM.
func chain(t *testing.T, name string, until time.Time) []byte {
	t.Helper()
	a := authority()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.leaf.PublicKey, a.root)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// paypals stands for PayPal's hosts, whatever the address.
type paypals struct {
	chain   []byte
	status  int    // of the certificate; 200 when 0
	verdict string // of the verification API
	fetched atomic.Int64
	asked   atomic.Int64
	body    []byte
}

func (p *paypals) RoundTrip(r *http.Request) (*http.Response, error) {
	status, text := http.StatusOK, []byte(`{"access_token":"t","token_type":"Bearer","expires_in":1000}`)
	switch {
	case strings.HasPrefix(r.URL.Path, certPath):
		p.fetched.Add(1)
		if r.Header.Get("Authorization") != "" {
			return nil, errors.New("the certificate's host was sent a token")
		}
		text = p.chain
		if p.status != 0 {
			status = p.status
		}
	case strings.HasSuffix(r.URL.Path, "/verify-webhook-signature"):
		p.asked.Add(1)
		p.body, _ = io.ReadAll(r.Body)
		text = []byte(p.verdict)
		if r.URL.Host != "paypal.test" {
			return nil, errors.New("another host was asked: " + r.URL.Host)
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text)), Request: r,
	}, nil
}

// signed is a webhook signed by the leaf's key.
func signed(t *testing.T, url, webhookID string, body []byte) payments.Webhook {
	t.Helper()
	now := time.Now()
	sent := transmission{id: "69cd13f0", time: now.UTC().Format(time.RFC3339), certURL: url}
	digest := sha256.Sum256(sent.message(webhookID, body))
	signature, err := rsa.SignPKCS1v15(rand.Reader, authority().leaf, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("PAYPAL-TRANSMISSION-ID", sent.id)
	h.Set("PAYPAL-TRANSMISSION-TIME", sent.time)
	h.Set("PAYPAL-TRANSMISSION-SIG", base64.StdEncoding.EncodeToString(signature))
	h.Set("PAYPAL-CERT-URL", url)
	h.Set("PAYPAL-AUTH-ALGO", "SHA256withRSA")
	return payments.Webhook{Header: h, Body: body, ReceivedAt: now}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const (
		yes, no, broken = `{"verification_status":"SUCCESS"}`, `{"verification_status":"FAILURE"}`, `{}`
		name            = "messageverificationcerts.paypal.com"
	)
	hour := time.Now().Add(time.Hour)
	set := func(header, value string) func(*payments.Webhook) {
		return func(w *payments.Webhook) { w.Header.Set(header, value) }
	}
	tests := []struct {
		name        string
		chain       []byte
		status      int
		verdict     string
		strangers   bool // the root is not trusted
		change      func(*payments.Webhook)
		want        string // good, bad or later
		wantFetched int64
		wantAsked   int64
	}{
		{name: "by PayPal's certificate", chain: chain(t, name, hour), want: "good", wantFetched: 1},
		{name: "a byte of the body flipped", chain: chain(t, name, hour), verdict: yes, want: "bad", wantFetched: 1, change: func(w *payments.Webhook) { w.Body[7] ^= 1 }},
		{name: "a byte of the signature flipped", chain: chain(t, name, hour), verdict: yes, want: "bad", wantFetched: 1, change: func(w *payments.Webhook) {
			s := []byte(w.Header.Get("Paypal-Transmission-Sig"))
			s[10] ^= 1
			w.Header.Set("Paypal-Transmission-Sig", string(s))
		}},
		{name: "another transmission", chain: chain(t, name, hour), verdict: yes, want: "bad", wantFetched: 1, change: set("Paypal-Transmission-Id", "69cd13f1")},
		{name: "the certificate has expired", chain: chain(t, name, time.Now().Add(-time.Minute)), verdict: yes, want: "good", wantFetched: 1, wantAsked: 1},
		{name: "the certificate is somebody else's", chain: chain(t, "paypal.com.evil.example", hour), verdict: no, want: "bad", wantFetched: 1, wantAsked: 1},
		{name: "the certificate is nobody's", chain: []byte("-"), verdict: no, want: "bad", wantFetched: 1, wantAsked: 1},
		{name: "the root is not trusted", chain: chain(t, name, hour), strangers: true, verdict: no, want: "bad", wantFetched: 1, wantAsked: 1},
		{name: "the certificate cannot be had", status: 503, verdict: yes, want: "good", wantFetched: 1, wantAsked: 1},
		{name: "the certificate cannot be had, nor the verdict", status: 503, verdict: broken, want: "later", wantFetched: 1, wantAsked: 1},
		{name: "another host's certificate", chain: chain(t, name, hour), verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Cert-Url", "https://paypal.com.evil.example"+certPath+"C")},
		{name: "a host that only ends alike", verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Cert-Url", "https://evilpaypal.com"+certPath+"C")},
		{name: "a certificate without TLS", verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Cert-Url", "http://api.paypal.com"+certPath+"C")},
		{name: "a user in the address", verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Cert-Url", "https://api.paypal.com@evil.example"+certPath+"C")},
		{name: "another port", verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Cert-Url", "https://api.paypal.com:8443"+certPath+"C")},
		{name: "another path", verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Cert-Url", "https://www.paypal.com/upload/C")},
		{name: "another algorithm", verdict: no, want: "bad", wantAsked: 1, change: set("Paypal-Auth-Algo", "SHA1withRSA")},
		{name: "no signature", verdict: yes, want: "bad", change: func(w *payments.Webhook) { w.Header.Del("Paypal-Transmission-Sig") }},
		{name: "no headers", verdict: yes, want: "bad", change: func(w *payments.Webhook) { w.Header = http.Header{} }},
		{name: "not JSON", verdict: yes, want: "bad", change: func(w *payments.Webhook) { w.Body = []byte(`{}},"webhook_id":"x"`) }},
		{name: "too old", verdict: yes, want: "bad", change: func(w *payments.Webhook) { w.ReceivedAt = w.ReceivedAt.Add(5 * 24 * time.Hour) }},
		{name: "of the future", verdict: yes, want: "bad", change: func(w *payments.Webhook) { w.ReceivedAt = w.ReceivedAt.Add(-time.Hour) }},
		{name: "of no time", verdict: yes, want: "bad", change: set("Paypal-Transmission-Time", "now")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			hosts := &paypals{chain: tt.chain, status: tt.status, verdict: tt.verdict}
			p := New(&http.Client{Transport: hosts})
			p.certificates.roots = x509.NewCertPool()
			if !tt.strangers {
				p.certificates.roots.AddCert(authority().cert)
			}
			w := signed(t, certURL, "1JE4291016473214C", []byte(`{"id":"WH-1"}`))
			if tt.change != nil {
				tt.change(&w)
			}
			err := p.Verify(t.Context(), paypalTest(), w)
			good := map[string]bool{"good": err == nil, "bad": errors.Is(err, payments.ErrSignature), "later": err != nil && !errors.Is(err, payments.ErrSignature)}
			if !good[tt.want] {
				t.Errorf("Verify = %v, want %s", err, tt.want)
			}
			if hosts.fetched.Load() != tt.wantFetched || hosts.asked.Load() != tt.wantAsked {
				t.Errorf("the certificate was fetched %d times, PayPal asked %d times", hosts.fetched.Load(), hosts.asked.Load())
			}
		})
	}
}

func paypalTest() payments.Account {
	return payments.Account{ID: "gwa_1", BaseURL: "https://paypal.test", Fields: map[string]string{
		"client_id": "AeA1", "client_secret": "EGnHDxD_q", "webhook_id": "1JE4291016473214C",
	}}
}

func TestCertificateIsKept(t *testing.T) {
	t.Parallel()
	hosts := &paypals{chain: chain(t, "messageverificationcerts.paypal.com", time.Now().Add(30*time.Minute))}
	p := New(&http.Client{Transport: hosts})
	p.certificates.roots = x509.NewCertPool()
	p.certificates.roots.AddCert(authority().cert)
	verify := func() error {
		return p.Verify(t.Context(), paypalTest(), signed(t, certURL, "1JE4291016473214C", []byte(`{"id":"WH-1"}`)))
	}
	for range 3 {
		if err := verify(); err != nil {
			t.Fatal(err)
		}
	}
	if got := hosts.fetched.Load(); got != 1 {
		t.Errorf("fetched %d times", got)
	}
	p.now = func() time.Time { return time.Now().Add(31 * time.Minute) }
	hosts.verdict = `{"verification_status":"FAILURE"}`
	if err := verify(); !errors.Is(err, payments.ErrSignature) || hosts.fetched.Load() != 2 {
		t.Errorf("after its end: %v, fetched %d times", err, hosts.fetched.Load())
	}
}

// PayPal is asked with the very bytes that came: the checksum is of them.
func TestVerifyAsksWithTheBodyAsItCame(t *testing.T) {
	t.Parallel()
	hosts := &paypals{verdict: `{"verification_status":"SUCCESS"}`}
	body := []byte("{ \"id\" : \"WH-1\",\n \"note\":\"<&>\", \"n\":1.50 }")
	w := signed(t, "https://sandbox.invalid/certs/1", "1JE4291016473214C", body)
	if err := New(&http.Client{Transport: hosts}).Verify(t.Context(), paypalTest(), w); err != nil {
		t.Fatal(err)
	}
	var question map[string]json.RawMessage
	if err := json.Unmarshal(hosts.body, &question); err != nil {
		t.Fatal(err)
	}
	if got := string(question["webhook_event"]); got != string(body) {
		t.Errorf("event = %s", got)
	}
	delete(question, "webhook_event")
	got := map[string]string{}
	for name, value := range question {
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			t.Fatal(err)
		}
		got[name] = text
	}
	want := map[string]string{
		"auth_algo": "SHA256withRSA", "cert_url": "https://sandbox.invalid/certs/1", "transmission_id": "69cd13f0",
		"transmission_sig": w.Header.Get("Paypal-Transmission-Sig"), "transmission_time": w.Header.Get("Paypal-Transmission-Time"),
		"webhook_id": "1JE4291016473214C",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("question (-want +got):\n%s", diff)
	}
}

// An account without a webhook id cannot verify, which is not the webhook's fault.
func TestVerifyWithoutWebhookID(t *testing.T) {
	t.Parallel()
	account := paypalTest()
	delete(account.Fields, "webhook_id")
	err := New(http.DefaultClient).Verify(t.Context(), account, payments.Webhook{})
	if err == nil || errors.Is(err, payments.ErrSignature) {
		t.Errorf("Verify = %v", err)
	}
}
