package wechat

import (
	"crypto/rsa"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

const (
	// apiv3KeyLength is the length of the key that encrypts notices.
	apiv3KeyLength = 32
	// shortestSecret is how long a part of a key must be not to be found in an answer by chance.
	shortestSecret = 16
)

// merchant is an account, made ready to sign and to verify.
type merchant struct {
	base       string // scheme, host and path in front of /v3
	mchid      string
	appid      string
	serial     string          // of the merchant's certificate
	key        *rsa.PrivateKey // signs requests
	platform   *rsa.PublicKey  // verifies answers and notices
	platformID string
	secrets    []string
}

// problem is why nothing need be sent to know that it is wrong.
type problem struct{ code, message string }

func (p problem) result() payments.Result {
	return payments.Result{Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: p.code, Message: p.message}
}

// unknown is what a look-up says that cannot ask.
func (p problem) unknown() payments.Result {
	r := p.result()
	r.Outcome = payments.OutcomeUnknown
	return r
}

func newMerchant(account payments.Account) (*merchant, *problem) {
	f := account.Fields
	for _, field := range []struct{ name, words string }{
		{"mchid", "merchant number (mchid)"},
		{"appid", "app id (appid)"},
		{"serial_no", "serial number of the merchant certificate (serial_no)"},
		{"private_key", "private key"},
		{"platform_public_key", "public key of WeChat Pay (platform_public_key)"},
		{"platform_public_key_id", "id of WeChat Pay's public key (platform_public_key_id)"},
	} {
		if f[field.name] == "" {
			return nil, &problem{field.name + "_missing", "The WeChat Pay account has no " + field.words + "."}
		}
	}
	m := &merchant{
		mchid: f["mchid"], appid: f["appid"], serial: f["serial_no"], platformID: strings.TrimSpace(f["platform_public_key_id"]),
		secrets: secrets(f),
	}
	var err error
	if m.base, err = base(account.BaseURL); err != nil {
		return nil, &problem{"base_url_invalid", "The WeChat Pay account's base address is not a web address."}
	}
	if m.key, err = privateKey(f["private_key"]); err != nil {
		return nil, &problem{"private_key_invalid", "The WeChat Pay account's private key cannot be read: " + err.Error() + "."}
	}
	if m.platform, err = publicKey(f["platform_public_key"]); err != nil {
		return nil, &problem{"platform_public_key_invalid", "WeChat Pay's public key cannot be read: " + err.Error() + "."}
	}
	return m, nil
}

// base is the address in front of /v3.
func base(address string) (string, error) {
	if address == "" {
		return DefaultBaseURL, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errAddress
	}
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(strings.TrimSuffix(u.EscapedPath(), "/"), "/v3"), nil
}

// secrets are the account's secrets in every form in which an answer could
// repeat them: the private key also without its frame, and as JSON writes it.
func secrets(fields map[string]string) []string {
	key := fields["private_key"]
	all := []string{key, strings.TrimSpace(key), strings.ReplaceAll(strings.TrimSpace(key), "\n", `\n`), fields["apiv3_key"]}
	for line := range strings.Lines(key) {
		if line = strings.TrimSpace(line); len(line) >= shortestSecret && !strings.HasPrefix(line, "-----") {
			all = append(all, line)
		}
	}
	return all
}

func (m *merchant) mask(text []byte) string { return payments.MaskRaw(text, m.secrets...) }
