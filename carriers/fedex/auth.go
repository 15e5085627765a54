package fedex

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// shortLife is that of a token whose answer names none; an hour is usual.
const shortLife = 10 * time.Minute

// token gets an access token.
func (c *Carrier) token(ctx context.Context, account carriers.Account) (carriers.Token, *carriers.Error) {
	fields, failure := account.Needs("client_id", "client_secret")
	if failure != nil {
		return carriers.Token{}, failure
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {fields[0]}, "client_secret": {fields[1]}}
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, "/oauth/token", []byte(form.Encode()))
	if failure != nil {
		return carriers.Token{}, failure
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, failure := carriers.Call(c.client, request, secrets(account)...)
	if failure = refine(failure); failure != nil {
		// The form of this call is always the same: what FedEx refuses are the credentials.
		if failure.Kind == carriers.ErrBadRequest || failure.Kind == carriers.ErrForbidden {
			failure.Kind, failure.Message = carriers.ErrAuth, "FedEx gives no token for these credentials"
		}
		return carriers.Token{}, failure
	}
	var got tokenAnswer
	if failure := carriers.Decode(body, &got); failure != nil || got.AccessToken == "" {
		return carriers.Token{}, carriers.Malformed("the answer holds no access token", nil) // it may hold one under another name
	}
	life := shortLife
	if seconds, err := strconv.Atoi(string(got.ExpiresIn)); err == nil && seconds > 0 {
		life = time.Duration(min(seconds, 24*60*60)) * time.Second
	}
	return carriers.Token{Value: string(got.AccessToken), Life: life}, nil
}

// secrets are what no answer may repeat: the secret, bare and as it is sent.
func secrets(account carriers.Account) []string {
	secret := strings.TrimSpace(account.Fields["client_secret"])
	return []string{secret, url.QueryEscape(secret)}
}
