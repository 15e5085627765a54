package ups

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// shortLife is that of a token whose answer names none; four hours are usual.
const shortLife = 10 * time.Minute

// token gets an access token. UPS throttles accounts that ask for one each time.
func (c *Carrier) token(ctx context.Context, account carriers.Account) (carriers.Token, *carriers.Error) {
	fields, failure := account.Needs("client_id", "client_secret")
	if failure != nil {
		return carriers.Token{}, failure
	}
	form := []byte("grant_type=client_credentials")
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, "/security/v1/oauth/token", form)
	if failure != nil {
		return carriers.Token{}, failure
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(fields[0], fields[1])
	body, failure := carriers.Call(c.client, request, secrets(account)...)
	if failure = refine(failure); failure != nil {
		// The form of this call is always the same: what UPS refuses are the credentials.
		if failure.Kind == carriers.ErrBadRequest || failure.Kind == carriers.ErrForbidden {
			failure.Kind, failure.Message = carriers.ErrAuth, "UPS gives no token for these credentials"
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
	id, secret := strings.TrimSpace(account.Fields["client_id"]), strings.TrimSpace(account.Fields["client_secret"])
	return []string{secret, base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))}
}
