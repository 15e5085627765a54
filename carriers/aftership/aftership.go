// Package aftership follows parcels of many carriers through AfterShip's
// Tracking API (https://www.aftership.com/docs/tracking/quickstart/api-quick-start).
package aftership

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/carriers"
)

// batch is how many parcels one question may name. A list may be asked for 50
// numbers, but parcels that are new cost a call each, which all have to fit
// into one turn.
const batch = 25

// pageSize is the longest page of a list: a number may be followed at several couriers.
const pageSize = "200"

// Carrier is AfterShip.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits stay below those of AfterShip's endpoints: 20 a second for new parcels,
// six for lists and five for single parcels.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 3}
}

// Track asks for the parcels that AfterShip follows already in one call, and
// has it begin to follow each of the others.
func (c *Carrier) Track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, 0, len(parcels))
	for chunk := range slices.Chunk(parcels, batch) {
		answers = append(answers, c.track(ctx, account, chunk)...)
	}
	return answers
}

func (c *Carrier) track(ctx context.Context, account carriers.Account, parcels []carriers.Parcel) []carriers.Answer {
	answers := make([]carriers.Answer, len(parcels))
	followed, refused := c.followed(ctx, account, parcels)
	for i, parcel := range parcels {
		if refused != nil && (parcel.Service != "" || endsTurn(refused)) {
			answers[i].Err = refused
			continue
		}
		if answers[i].Tracking = followed[parcel.Service]; answers[i].Tracking != nil {
			continue
		}
		answers[i].Tracking, answers[i].Err = c.one(ctx, account, parcel)
		if failure := answers[i].Err; failure != nil && endsTurn(failure) {
			refused = failure
		}
	}
	return answers
}

// endsTurn reports whether the next call would fail as this one did.
func endsTurn(failure *carriers.Error) bool {
	switch failure.Kind {
	case carriers.ErrAuth, carriers.ErrRateLimited, carriers.ErrUnavailable:
		return true
	default:
		return false
	}
}

// followed gets those of the parcels that AfterShip gave an id, by that id.
func (c *Carrier) followed(
	ctx context.Context, account carriers.Account, parcels []carriers.Parcel,
) (map[string]*carriers.Tracking, *carriers.Error) {
	var numbers []string
	for _, parcel := range parcels {
		if parcel.Service != "" && !slices.Contains(numbers, parcel.Number) {
			numbers = append(numbers, parcel.Number)
		}
	}
	if len(numbers) == 0 {
		return nil, nil // nobody was to be asked for
	}
	body, failure := c.list(ctx, account, numbers)
	switch {
	case failure == nil:
		return parseList(body)
	case endsTurn(failure) || failure.Kind == carriers.ErrMalformed:
		return nil, failure
	default:
		return nil, nil // the list is refused: each is asked for by its id
	}
}

func (c *Carrier) list(ctx context.Context, account carriers.Account, numbers []string) ([]byte, *carriers.Error) {
	query := url.Values{"tracking_numbers": {strings.Join(numbers, ",")}, "limit": {pageSize}}
	return c.ask(ctx, account, http.MethodGet, "/trackings?"+query.Encode(), nil)
}

// one gets a parcel by AfterShip's id, and has AfterShip follow it where there is none.
func (c *Carrier) one(ctx context.Context, account carriers.Account, parcel carriers.Parcel) (*carriers.Tracking, *carriers.Error) {
	if parcel.Service != "" {
		body, failure := c.get(ctx, account, parcel.Service)
		switch {
		case failure == nil:
			return parse(body)
		case failure.Kind != carriers.ErrNotFound:
			return nil, failure
		}
	}
	body, failure := c.ask(ctx, account, http.MethodPost, "/trackings", newTracking{
		TrackingNumber: parcel.Number, Slug: slugs[parcel.Carrier], PostalCode: parcel.RecipientPostalCode,
	})
	switch {
	case failure == nil:
		return parse(body)
	case !followedAlready(failure):
		return nil, failure
	}
	if id := idIn(failure.Raw); id != "" {
		if body, failure = c.get(ctx, account, id); failure != nil {
			return nil, failure
		}
		return parse(body)
	}
	if body, failure = c.list(ctx, account, []string{parcel.Number}); failure != nil {
		return nil, failure
	}
	return parseNumber(body, parcel.Number)
}

func (c *Carrier) get(ctx context.Context, account carriers.Account, id string) ([]byte, *carriers.Error) {
	return c.ask(ctx, account, http.MethodGet, "/trackings/"+url.PathEscape(id), nil)
}

// Test lists one parcel, which costs nothing.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, http.MethodGet, "/trackings?limit=1", nil)
	if failure == nil {
		_, failure = parseList(body)
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the AfterShip account: %w", failure)
	}
	return carriers.Probe{}, nil
}
