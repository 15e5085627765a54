package paypal

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	maxTokens = 1000            // accounts whose tokens are kept
	earlyMost = 5 * time.Minute // before its end a token is replaced, or after nine tenths of its life
)

// tokens keeps the access token of each account. They are secrets: they are
// never logged and are masked wherever an answer is kept.
type tokens struct {
	mu        sync.Mutex
	byAccount map[[sha256.Size]byte]*token
}

// token is an access token; whoever holds the turn may use and replace it, so
// that only one caller at a time asks for a new one.
type token struct {
	turn  chan struct{}
	value string
	until time.Time
}

// of returns the place of an account's token. Another secret is another place.
func (t *tokens) of(account payments.Account) *token {
	key := sha256.Sum256([]byte(strings.Join(
		[]string{account.ID, base(account), account.Fields["client_id"], account.Fields["client_secret"]}, "\x00")))
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.byAccount[key]
	if found == nil {
		if t.byAccount == nil || len(t.byAccount) >= maxTokens {
			t.byAccount = make(map[[sha256.Size]byte]*token)
		}
		found = &token{turn: make(chan struct{}, 1)}
		t.byAccount[key] = found
	}
	return found
}

// access returns an access token, and whether it was kept from before; nil and
// the failed exchange when there is none. A token that PayPal refused is
// replaced, by whoever finds that first.
func (p *Provider) access(ctx context.Context, account payments.Account, refused string) (value string, kept bool, x *exchange) {
	t := p.tokens.of(account)
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", false, &exchange{account: account, tokenless: true, err: ctx.Err()}
	}
	if t.value != "" && t.value != refused && p.now().Before(t.until) {
		return t.value, true, nil
	}
	fresh, life, x := p.fetchToken(ctx, account)
	if fresh == "" {
		return "", false, x
	}
	t.value, t.until = fresh, p.now().Add(life-min(life/10, earlyMost))
	return fresh, false, nil
}

// fetchToken asks PayPal for an access token.
func (p *Provider) fetchToken(ctx context.Context, account payments.Account) (value string, life time.Duration, x *exchange) {
	x = &exchange{account: account, tokenless: true}
	basic := base64.StdEncoding.EncodeToString([]byte(account.Fields["client_id"] + ":" + account.Fields["client_secret"]))
	req, err := http.NewRequestWithContext(
		x.trace.Context(ctx), http.MethodPost, base(account)+"/v1/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		x.err = err
		return "", 0, x
	}
	req.Header.Set("Authorization", "Basic "+basic)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	x.send(p.client, req)
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int64  `json:"expires_in"`
	}
	good := x.err == nil && x.status == http.StatusOK && json.Unmarshal(x.body, &answer) == nil &&
		answer.Token != "" && strings.EqualFold(answer.Type, "Bearer")
	x.body = nil // it may hold a token: nobody is to see it
	if !good {
		return "", 0, x
	}
	return answer.Token, time.Duration(max(0, min(answer.Seconds, int64(30*24*time.Hour/time.Second)))) * time.Second, x
}
