package alipay

import (
	"cmp"
	"crypto/rsa"
	"net/url"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// session is an account with its keys read.
type session struct {
	account payments.Account
	gateway string
	appID   string
	private *rsa.PrivateKey // signs what we ask
	alipay  *rsa.PublicKey  // proves what Alipay answers
}

// mistake is what is wrong with an account or a request before anything is sent.
type mistake struct{ code, message string }

// result refuses a request that was not sent.
func (m *mistake) result() payments.Result {
	return payments.Result{Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: m.code, Message: m.message}
}

// unknown is the result of a look-up that cannot be made.
func (m *mistake) unknown() payments.Result {
	return payments.Result{Outcome: payments.OutcomeUnknown, Misconfigured: true, Code: m.code, Message: m.message}
}

func open(account payments.Account) (*session, *mistake) {
	s := &session{account: account, appID: strings.TrimSpace(account.Fields["app_id"])}
	if s.appID == "" {
		return nil, &mistake{"app_id_missing", "The Alipay account has no app id."}
	}
	var err error
	if s.private, err = readPrivateKey(account.Fields["private_key"]); err != nil {
		return nil, &mistake{"private_key_invalid", "The Alipay account's private key cannot be read: " + err.Error() + "."}
	}
	if s.alipay, err = readPublicKey(account.Fields["alipay_public_key"]); err != nil {
		return nil, &mistake{"alipay_public_key_invalid", "Alipay's public key cannot be read: " + err.Error() + "."}
	}
	base := strings.TrimSuffix(strings.TrimSuffix(cmp.Or(account.BaseURL, DefaultBaseURL), "/"), "/gateway.do")
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &mistake{"base_url_invalid", "The Alipay account's base address is not a web address."}
	}
	s.gateway = base + "/gateway.do"
	return s, nil
}

// openFor opens the account for a charge that Alipay can take.
func openFor(account payments.Account, charge payments.Charge) (*session, *mistake) {
	switch {
	case charge.MethodType != "alipay" && charge.MethodType != "wallet":
		return nil, &mistake{"method_not_supported", "Payments with " + charge.MethodType + " cannot go through Alipay; Alipay wallets can."}
	case charge.Currency != currency:
		return nil, &mistake{"currency_not_supported", "Alipay takes yuan (CNY) only, not " + charge.Currency + "."}
	case !charge.Capture:
		return nil, &mistake{"capture_not_supported", "Alipay takes the money at once here: it cannot be captured later."}
	case charge.Amount < 1 || charge.Amount > maxFen:
		return nil, &mistake{"amount_invalid", "Alipay takes amounts from 0.01 to 100,000,000.00 yuan."}
	}
	return open(account)
}

// mask makes text of Alipay's fit to be kept and shown.
func (s *session) mask(text []byte) string {
	key := s.account.Fields["private_key"]
	return payments.MaskRaw(text, key, strings.TrimSpace(key), bare(key), s.account.Fields["alipay_public_key"])
}
