package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
)

// Configured is a channel of the configuration. It has no page: whoever set it
// can change it there.
type Configured struct {
	ID   string // the same on all nodes that have the same address
	Kind string
	Host string // what may be shown of where it leads

	values map[string]string
	base   string
}

// hosts tell a platform by the address that it gives for its webhooks.
var hosts = []struct {
	suffix, path, kind string
}{
	{"hooks.slack.com", "", KindSlack},
	{"discord.com", "/api/webhooks/", KindDiscord},
	{"discordapp.com", "/api/webhooks/", KindDiscord},
	{"api.telegram.org", "/bot", KindTelegram},
	{"webhook.office.com", "", KindTeams},
	{"logic.azure.com", "", KindTeams},
	{"powerplatform.com", "", KindTeams},
	{"powerautomate.com", "", KindTeams},
	{"oapi.dingtalk.com", "", KindDingTalk},
	{"open.feishu.cn", "", KindFeishu},
	{"open.larksuite.com", "", KindFeishu},
	{"qyapi.weixin.qq.com", "", KindWeCom},
}

// What can be wrong with an address of a channel.
var (
	errChannel  = errors.New("it must be mailto:ADDRESS or the https:// address of a webhook; with KIND+ before it where the host does not tell the kind")
	errMailTo   = errors.New("after mailto: there must be a mail address and nothing else")
	errScheme   = errors.New("it must begin with mailto:, https:// or http:// and a host")
	errNoHost   = errors.New("the name of a host is missing")
	errUserinfo = errors.New("it may hold no user name and password before the host")
	errKind     = errors.New("the kind before + is none of slack, discord, telegram, teams, dingtalk, feishu, wecom and webhook")
	errToken    = errors.New("the token is missing: https://api.telegram.org/bot<token>?chat_id=<id>")
	errChat     = errors.New("chat_id is missing: https://api.telegram.org/bot<token>?chat_id=<id>")
)

// ParseChannels reads addresses of channels, separated by commas or spaces:
//
//	mailto:ops@example.com
//	https://hooks.slack.com/services/…        and the like: the host tells the platform
//	https://oapi.dingtalk.com/robot/send?access_token=…#SEC…    the secret to sign with
//	https://api.telegram.org/bot<token>?chat_id=…
//	https://ops.example.com/hook#whsec_…      a webhook, signed
//	slack+https://proxy.example.com/…         a platform behind another host
//
// Its errors say which of the addresses is wrong and never repeat one, which is a
// secret.
func ParseChannels(text string) ([]Configured, error) {
	var channels []Configured
	parts := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	for i, part := range parts {
		c, err := parseChannel(part)
		if err != nil {
			return nil, fmt.Errorf("address %d of %d: %w", i+1, len(parts), err)
		}
		sum := sha256.Sum256([]byte(part))
		c.ID = "env_" + hex.EncodeToString(sum[:8])
		channels = append(channels, c)
	}
	return channels, nil
}

func parseChannel(text string) (Configured, error) {
	if address, ok := strings.CutPrefix(text, "mailto:"); ok {
		a, err := mail.ParseAddress(address)
		if err != nil || a.Address != address {
			return Configured{}, errMailTo
		}
		return Configured{Kind: KindMail, Host: address, values: map[string]string{"address": address}}, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return Configured{}, errChannel
	}
	kind, scheme, named := strings.Cut(u.Scheme, "+")
	if !named {
		scheme, kind = kind, kindOf(u)
	}
	_, known := platforms[kind]
	switch {
	case scheme != "https" && scheme != "http":
		return Configured{}, errScheme
	case !known:
		return Configured{}, errKind
	case u.Host == "":
		return Configured{}, errNoHost
	case u.User != nil:
		return Configured{}, errUserinfo
	}
	u.Scheme = scheme
	c := Configured{Kind: kind, Host: u.Host, values: map[string]string{}}
	if secret := u.Fragment; secret != "" {
		c.values["secret"] = secret
		u.Fragment = ""
	}
	if kind == KindTelegram {
		token, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/bot"), "/")
		c.values["token"], c.values["chat_id"], c.base = token, u.Query().Get("chat_id"), scheme+"://"+u.Host
		switch {
		case token == "":
			return Configured{}, errToken
		case c.values["chat_id"] == "":
			return Configured{}, errChat
		}
		return c, nil
	}
	c.values["url"] = u.String()
	return c, nil
}

// kindOf is the platform whose address it is, else a webhook.
func kindOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	for _, h := range hosts {
		if (host == h.suffix || strings.HasSuffix(host, "."+h.suffix)) && strings.HasPrefix(u.Path, h.path) {
			return h.kind
		}
	}
	return KindWebhook
}
