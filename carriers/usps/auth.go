package usps

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// scope is what a token must be for.
const scope = "tracking"

// shortLife is that of a token whose answer names none; eight hours are usual.
const shortLife = 10 * time.Minute

// token gets an access token, and says what it is for. One that is not for
// tracking is refused: USPS approves apps for that on their own.
func (c *Carrier) token(ctx context.Context, account carriers.Account) (carriers.Token, []string, *carriers.Error) {
	got, failure := c.fetch(ctx, account)
	if failure != nil {
		return carriers.Token{}, nil, failure
	}
	scopes := strings.Fields(string(got.Scope))
	if len(scopes) > 0 && !slices.Contains(scopes, scope) {
		return carriers.Token{}, scopes, &carriers.Error{
			Kind: carriers.ErrAuth, HTTPStatus: http.StatusOK,
			Message: "the credentials are good, but USPS has not approved this app for tracking: its token lacks the scope \"tracking\"",
		}
	}
	life := shortLife
	if seconds, err := strconv.Atoi(string(got.ExpiresIn)); err == nil && seconds > 0 {
		life = time.Duration(min(seconds, 24*60*60)) * time.Second
	}
	return carriers.Token{Value: string(got.AccessToken), Life: life}, scopes, nil
}

// fetch asks for a token.
func (c *Carrier) fetch(ctx context.Context, account carriers.Account) (tokenAnswer, *carriers.Error) {
	fields, failure := account.Needs("client_id", "client_secret")
	if failure != nil {
		return tokenAnswer{}, failure
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {fields[0]}, "client_secret": {fields[1]}, "scope": {scope},
	}
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, "/oauth2/v3/token", []byte(form.Encode()))
	if failure != nil {
		return tokenAnswer{}, failure
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, failure := carriers.Call(c.client, request, secrets(account)...)
	if failure = refine(failure); failure != nil {
		// The form of this call is always the same: what USPS refuses are the credentials.
		if failure.Kind == carriers.ErrBadRequest || failure.Kind == carriers.ErrForbidden {
			failure.Kind, failure.Message = carriers.ErrAuth, "USPS gives no token for these credentials"
		}
		return tokenAnswer{}, failure
	}
	var got tokenAnswer
	if failure := carriers.Decode(body, &got); failure != nil || got.AccessToken == "" {
		return tokenAnswer{}, carriers.Malformed("the answer holds no access token", nil) // it may hold one under another name
	}
	return got, nil
}

// secrets are what no answer may repeat: the secret, bare and as it is sent.
func secrets(account carriers.Account) []string {
	secret := strings.TrimSpace(account.Fields["client_secret"])
	return []string{secret, url.QueryEscape(secret)}
}
