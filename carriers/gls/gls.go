// Package gls follows parcels through the Track And Trace API of GLS
// (https://dev-portal.gls-group.net/docs/track-and-trace/1/overview).
package gls

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// host is where the API and its tokens live. An account's base URL takes its
// place, such as that of the sandbox, https://api-sandbox.gls-group.net.
const host = "https://api.gls-group.net"

// batch is how many parcels one call may ask for.
const batch = 10

// demoNumber is one of GLS's test parcels, which exist in production too.
const demoNumber = "QAS_0000008"

// Bounds of a token's life: GLS promises up to four hours.
const (
	shortestLife = 60          // seconds
	longestLife  = 4 * 60 * 60 // seconds
)

// Carrier is GLS.
type Carrier struct {
	client *http.Client
	tokens carriers.Tokens
}

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits are those that GLS sets by default: 500 calls a day, with up to ten
// parcels each.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 1, PerDay: 500}
}

// Track asks for up to a batch of parcels in one call.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, 0, len(parcels))
	for chunk := range slices.Chunk(parcels, batch) {
		answers = append(answers, c.track(ctx, account, chunk)...)
	}
	return answers
}

func (c *Carrier) track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	numbers := make([]string, len(parcels))
	for i, parcel := range parcels {
		numbers[i] = parcel.Number
	}
	body, failure := c.ask(ctx, account, numbers)
	if failure == nil {
		var found []carriers.Answer
		if found, failure = parse(body, numbers); failure == nil {
			return found
		}
	}
	if len(parcels) > 1 && failure.Kind == carriers.ErrBadRequest {
		// One odd number must not cost the others.
		answers := make([]carriers.Answer, 0, len(parcels))
		for i := range parcels {
			answers = append(answers, c.track(ctx, account, parcels[i:i+1])...)
		}
		return answers
	}
	return slices.Repeat([]carriers.Answer{{Err: failure}}, len(parcels))
}

// Test asks for one of GLS's test parcels.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, []string{demoNumber})
	if failure == nil {
		_, failure = parse(body, nil)
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the GLS account: %w", failure)
	}
	return carriers.Probe{}, nil
}

func (c *Carrier) ask(ctx context.Context, account carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	fields, failure := account.Needs("username", "password")
	if failure != nil {
		return nil, failure
	}
	ids := make([]string, len(numbers))
	for i, number := range numbers {
		ids[i] = url.PathEscape(number)
	}
	path := "/track-and-trace-v1/tracking/simple/trackids/" + strings.Join(ids, ",")
	return c.tokens.With(ctx, account, func() (carriers.Token, *carriers.Error) {
		return c.login(ctx, account, fields[0], fields[1])
	}, func(token string) ([]byte, *carriers.Error) {
		request, failure := carriers.NewRequest(ctx, http.MethodGet, account, host, path, nil)
		if failure != nil {
			return nil, failure
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Accept-Language", "EN")
		body, failure := carriers.Call(c.client, request, token, fields[1])
		if failure != nil {
			return nil, refined(failure)
		}
		return body, nil
	})
}

// login gets a token for an app's key and secret, which are the account's user
// name and password.
func (c *Carrier) login(ctx context.Context, account carriers.Account, username, password string) (carriers.Token, *carriers.Error) {
	form := []byte(url.Values{"grant_type": {"client_credentials"}}.Encode())
	request, failure := carriers.NewRequest(ctx, http.MethodPost, account, host, "/oauth2/v2/token", form)
	if failure != nil {
		return carriers.Token{}, failure
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(username, password)
	basic := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	body, failure := carriers.Call(c.client, request, password, basic)
	if failure != nil {
		return carriers.Token{}, refusedLogin(failure)
	}
	var token grant
	if failure := carriers.Decode(body, &token); failure != nil {
		failure.Raw = nil // may hold a token
		return carriers.Token{}, failure
	}
	if token.Token == "" {
		return carriers.Token{}, carriers.Malformed("the login brought no token", nil)
	}
	seconds, err := strconv.Atoi(string(token.ExpiresIn))
	if err != nil {
		seconds = 0
	}
	life := time.Duration(min(max(seconds, shortestLife), longestLife)) * time.Second
	return carriers.Token{Value: string(token.Token), Life: life}, nil
}

// refusedLogin tells refused credentials, for which GLS answers HTTP 400, and
// another host's 404.
func refusedLogin(failure *carriers.Error) *carriers.Error {
	var fault loginFault
	if err := json.Unmarshal(failure.Raw, &fault); err != nil {
		fault = loginFault{}
	}
	switch {
	case failure.Kind == carriers.ErrBadRequest && len(fault.Errors) > 0:
		failure.Kind, failure.Message = carriers.ErrAuth, "the credentials were refused"
	case failure.Kind == carriers.ErrNotFound:
		failure.Kind, failure.Message = carriers.ErrMalformed, "the base URL does not lead to the API of GLS"
	}
	return failure
}
