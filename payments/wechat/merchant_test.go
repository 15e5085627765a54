package wechat

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

func block(kind string, raw []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
}

// Keys are taken in the forms in which people have them.
func TestKeys(t *testing.T) {
	t.Parallel()
	key := merchantKey()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve8, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	curvePKIX, err := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	bare := base64.StdEncoding.EncodeToString
	for name, text := range map[string]string{
		"PKCS#8": block("PRIVATE KEY", pkcs8), "PKCS#1": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
		"bare": bare(pkcs8), "in two lines": bare(pkcs8)[:64] + "\n" + bare(pkcs8)[64:], "with space around": "\n " + block("PRIVATE KEY", pkcs8) + "\n\n",
		"without its last line end": strings.TrimSpace(block("PRIVATE KEY", pkcs8)),
	} {
		if got, err := privateKey(text); err != nil || !got.Equal(key) {
			t.Errorf("private key %s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"PKIX": block("PUBLIC KEY", pkix), "a certificate": block("CERTIFICATE", certificate), "bare": bare(pkix),
	} {
		if got, err := publicKey(text); err != nil || !got.Equal(&key.PublicKey) {
			t.Errorf("public key %s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "words": "my key", "a public key": block("PUBLIC KEY", pkix), "another kind": block("PRIVATE KEY", curve8),
		"too short": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short)),
	} {
		if _, err := privateKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("private key of %s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "words": "my key", "a private key": block("PRIVATE KEY", pkcs8), "another kind": block("PUBLIC KEY", curvePKIX),
		"too short": bare(x509.MarshalPKCS1PublicKey(&short.PublicKey)),
	} {
		if _, err := publicKey(text); err == nil {
			t.Errorf("public key of %s passes", name)
		}
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"", "https://api.mch.weixin.qq.com", true},
		{"https://api2.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com", true},
		{"http://127.0.0.1:8090/wechat", "http://127.0.0.1:8090/wechat", true},
		{"https://user:secret@proxy.example/wechat/v3/", "https://proxy.example/wechat", true},
		{"ftp://127.0.0.1", "", false},
		{"http://[::1", "", false},
		{"proxy.example", "", false},
	}
	for _, tt := range tests {
		got, err := base(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("base(%q) = %q, %v", tt.in, got, err)
		}
	}
}

func TestSecretsInEveryForm(t *testing.T) {
	t.Parallel()
	m := testMerchant(t)
	key := privatePEM(merchantKey())
	lines := strings.Split(key, "\n")
	for _, text := range []string{key, strings.ReplaceAll(key, "\n", `\n`), lines[3], "0123456789abcdef0123456789abcdef"} {
		if got := m.mask([]byte("<" + text + ">")); strings.Contains(got, strings.TrimSpace(text)) || strings.Contains(got, lines[3]) {
			t.Errorf("%q is not masked: %q", text, got)
		}
	}
	if got := scriptedAccount(t, "").LogValue().String(); got != "gwa_1" {
		t.Errorf("log = %q", got)
	}
}
