package wechat

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

const (
	scheme = "WECHATPAY2-SHA256-RSA2048"
	// drift is how far a signature's time may be from ours.
	drift = 300 * time.Second
)

var (
	errUnsigned   = errors.New("it is not signed")
	errForged     = errors.New("its signature is wrong")
	errOld        = errors.New("its signature is not of this time")
	errForeignKey = errors.New("it is signed with another key")
)

// sign returns the Authorization header of a request. The target is the path
// with its query, as it is sent.
func (m *merchant) sign(method, target string, at time.Time, nonce string, body []byte) (string, error) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	digest := sha256.Sum256([]byte(method + "\n" + target + "\n" + seconds + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, m.key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign request: %w", err)
	}
	return fmt.Sprintf(`%s mchid=%q,nonce_str=%q,timestamp=%q,serial_no=%q,signature=%q`,
		scheme, m.mchid, nonce, seconds, m.serial, base64.StdEncoding.EncodeToString(signature)), nil
}

// verify checks that an answer or a notice is WeChat Pay's, and of this time.
// WeChat Pay now and then sends notices with a wrong signature on purpose, to
// see them refused.
func (m *merchant) verify(header http.Header, body []byte, now time.Time) error {
	text, serial := header.Get("Wechatpay-Signature"), header.Get("Wechatpay-Serial")
	if text == "" || serial == "" {
		return errUnsigned
	}
	if kind := header.Get("Wechatpay-Signature-Type"); kind != "" && kind != scheme {
		return fmt.Errorf("%w: of another kind", errForeignKey)
	}
	if serial != m.platformID {
		return fmt.Errorf("%w: %s, but the account has %s", errForeignKey, nameOf(serial), nameOf(m.platformID))
	}
	seconds := header.Get("Wechatpay-Timestamp")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return errForged
	}
	if age := now.Sub(time.Unix(unix, 0)); age.Abs() >= drift {
		return errOld
	}
	signature, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return errForged
	}
	digest := sha256.Sum256([]byte(seconds + "\n" + header.Get("Wechatpay-Nonce") + "\n" + string(body) + "\n"))
	if rsa.VerifyPKCS1v15(m.platform, crypto.SHA256, digest[:], signature) != nil {
		return errForged
	}
	return nil
}

var keyName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// nameOf is a key's name, fit to be shown.
func nameOf(serial string) string {
	if !keyName.MatchString(serial) {
		return "one without a proper name"
	}
	return serial
}

func isForeignKey(err error) bool { return errors.Is(err, errForeignKey) }
