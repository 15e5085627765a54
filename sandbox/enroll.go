package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Enrollment is an account that the sandbox knows, as its owner enters it.
type Enrollment struct {
	API    string            // the payment format, which is the kind of the account
	Path   string            // of the base URL, after the sandbox's own address
	Fields map[string]string // by the names of the account kind's form

	credential, secret, publicKey string
}

// merchantKeyBits is the size of merchants' own keys.
const merchantKeyBits = 2048

// Enroll makes an account of a payment format with credentials of its own. The
// seed names it: the same one gives the same account, but for keys in PEM form.
func (s *Server) Enroll(api, seed string) (Enrollment, error) {
	sum := sha256.Sum256([]byte(api + " " + seed))
	text := hex.EncodeToString(sum[:])
	e := Enrollment{API: api, Path: "/" + api}
	switch api {
	case apiNative:
		e.Path, e.credential, e.secret = "", "sk_sandbox_"+text[:24], "whs_"+text[24:56]
		e.Fields = map[string]string{"secret_key": e.credential, "webhook_secret": e.secret}
	case apiStripe:
		e.credential, e.secret = "sk_test_"+text[:24], "whsec_"+text[24:56]
		e.Fields = map[string]string{"secret_key": e.credential, "webhook_secret": e.secret}
	case apiAdyen:
		e.credential, e.secret = "AQE"+text[:40], strings.ToUpper(text)
		e.Fields = map[string]string{"api_key": e.credential, "merchant_account": "Shop" + text[:8], "hmac_key": e.secret}
	case apiPaypal:
		e.credential, e.secret = "A"+text[:30], strings.ToUpper(text[30:47])
		e.Fields = map[string]string{"client_id": e.credential, "client_secret": "sk_sandbox_" + text[:24], "webhook_id": e.secret}
	case apiAlipay, apiWeChat:
		return s.enrollSigned(e, text)
	default:
		return e, fmt.Errorf("the sandbox speaks no payment format %q", api)
	}
	return e, s.Hook(e, "")
}

// enrollSigned makes an account of a format whose requests are signed.
func (s *Server) enrollSigned(e Enrollment, text string) (Enrollment, error) {
	key, err := rsa.GenerateKey(rand.Reader, merchantKeyBits)
	if err != nil {
		return e, fmt.Errorf("merchant's key: %w", err)
	}
	if e.publicKey, err = publicPEM(&key.PublicKey); err != nil {
		return e, err
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	number := strings.Map(func(r rune) rune { return '0' + r%10 }, text)
	if e.API == apiAlipay {
		own, err := publicPEM(&s.alipay.private().PublicKey)
		e.credential = "2021" + number[:12]
		e.Fields = map[string]string{"app_id": e.credential, "private_key": private, "alipay_public_key": own}
		return e, errors.Join(err, s.Hook(e, ""))
	}
	own, err := publicPEM(&s.wechat.private().PublicKey)
	e.credential, e.secret = "19"+number[:8], text[:32]
	e.Fields = map[string]string{
		"mchid": e.credential, "appid": "wx" + text[:16], "serial_no": strings.ToUpper(text[:40]), "private_key": private,
		"apiv3_key": e.secret, "platform_public_key": own, "platform_public_key_id": s.wechat.id(),
	}
	return e, errors.Join(err, s.Hook(e, ""))
}

// Hook sets where an account's webhooks go; nowhere when the address is empty.
func (s *Server) Hook(e Enrollment, address string) error {
	f, ok := formatByName(e.API)
	if !ok {
		return fmt.Errorf("the sandbox speaks no payment format %q", e.API)
	}
	one := settings{Account: f.account(e.credential), URL: address, Secret: e.secret, PublicKey: e.publicKey}
	if !s.accounts.set(one) {
		return errors.New("no room for another account")
	}
	return nil
}

func publicPEM(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
