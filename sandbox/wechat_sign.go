package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	wechatScheme  = "WECHATPAY2-SHA256-RSA2048"
	wechatDrift   = 5 * time.Minute // how old a request's signature may be
	wechatKeyBits = 2048
)

// wechatKeys holds the key that stands for WeChat Pay: that of the options, that
// of the journal, or one made when it is first needed.
type wechatKeys struct {
	journal *journal

	mu  sync.Mutex
	key *rsa.PrivateKey
}

func (k *wechatKeys) private() *rsa.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, wechatKeyBits)
		if err != nil {
			panic(err) // rand.Reader never fails
		}
		k.key = key
		k.journal.write(entry{WeChatKey: x509.MarshalPKCS1PrivateKey(key)})
	}
	return k.key
}

// restore takes the journal's key, unless the options have named one.
func (k *wechatKeys) restore(der []byte) error {
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return fmt.Errorf("WeChat Pay's key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		k.key = key
	}
	return nil
}

// stored is the key for the journal; nil when none was needed yet.
func (k *wechatKeys) stored() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		return nil
	}
	return x509.MarshalPKCS1PrivateKey(k.key)
}

// id names the key as WeChat Pay names its own.
func (k *wechatKeys) id() string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&k.private().PublicKey))
	return "PUB_KEY_ID_" + strings.ToUpper(hex.EncodeToString(sum[:16]))
}

// sign returns the headers that prove a body's origin.
func (k *wechatKeys) sign(now time.Time, body []byte) map[string]string {
	seconds, nonce := strconv.FormatInt(now.Unix(), 10), rand.Text()
	digest := sha256.Sum256([]byte(seconds + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // the key is long enough
	}
	return map[string]string{
		"Wechatpay-Timestamp": seconds, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": k.id(),
		"Wechatpay-Signature": base64.StdEncoding.EncodeToString(signature), "Wechatpay-Signature-Type": wechatScheme,
	}
}

// wechatSigned signs every answer of an endpoint. As with WeChat Pay, who could
// not be believed gets an answer that is not signed.
func (s *Server) wechatSigned(serve endpoint) endpoint {
	return func(q *request) reply {
		rep := serve(q)
		rep.header = s.wechat.sign(s.opts.Now(), rep.body)
		return rep
	}
}

// wechatPublicKey hands out the key that the sandbox signs with; its id stands
// in the header Wechatpay-Serial.
func (s *Server) wechatPublicKey(w http.ResponseWriter, _ *http.Request) {
	raw, err := x509.MarshalPKIXPublicKey(&s.wechat.private().PublicKey)
	if err != nil {
		panic(err) // an RSA key
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Wechatpay-Serial", s.wechat.id())
	_, _ = w.Write(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})) // a client that has left is none of ours
}

var wechatAuthorization = regexp.MustCompile(
	`^` + wechatScheme + ` mchid="([^"]+)",nonce_str="([^"]+)",timestamp="([^"]+)",serial_no="[^"]+",signature="([^"]+)"$`)

// wechatCaller knows a merchant by the signature of the request, which the
// public key proves that was set for it.
func wechatCaller(s *Server, r *http.Request, body []byte) (string, bool) {
	part := wechatAuthorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if part == nil {
		return "", false
	}
	account := wechatAccount(part[1])
	set, ok := s.accounts.of(account)
	if !ok {
		return "", false
	}
	unix, err := strconv.ParseInt(part[3], 10, 64)
	if err != nil || s.opts.Now().Sub(time.Unix(unix, 0)).Abs() > wechatDrift {
		return "", false
	}
	key, err := wechatMerchantKey(set.PublicKey)
	if err != nil {
		return "", false
	}
	signature, err := base64.StdEncoding.DecodeString(part[4])
	if err != nil {
		return "", false
	}
	target := strings.TrimPrefix(r.URL.RequestURI(), wechatPrefix)
	digest := sha256.Sum256([]byte(r.Method + "\n" + target + "\n" + part[3] + "\n" + part[2] + "\n" + string(body) + "\n"))
	return account, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}

// wechatMerchantKey reads what a merchant left at /settings: PEM or bare base64.
func wechatMerchantKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		block = &pem.Block{Bytes: raw}
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("public key: not RSA")
	}
	return key, nil
}
