// Package easypost follows parcels of many carriers through EasyPost's
// Trackers API (https://docs.easypost.com/docs/trackers).
package easypost

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/tillpost/tillpost/carriers"
)

// batch is how many parcels one question may name. EasyPost publishes no bound
// for its batches; a page of its lists holds 100. Parcels that are new cost a
// call each, which all have to fit into one turn.
const batch = 20

// Carrier is EasyPost.
type Carrier struct{ client *http.Client }

// New makes the carrier; client bounds and guards its calls.
func New(client *http.Client) *Carrier { return &Carrier{client: client} }

// Limits stay below the five calls a second that EasyPost allows on lists; its
// other limit depends on its load.
func (*Carrier) Limits() carriers.Limits {
	return carriers.Limits{Batch: batch, PerSecond: 2}
}

// Track asks for the parcels that EasyPost follows already in one call, and has
// it begin to follow each of the others.
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

// followed gets those of the parcels that have a tracker, by its id.
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
	body, failure := c.ask(ctx, account, http.MethodPost, "/trackers/batch", map[string]any{"tracking_codes": numbers})
	switch {
	case failure == nil:
		return parseList(body)
	case endsTurn(failure) || failure.Kind == carriers.ErrMalformed:
		return nil, failure
	default:
		return nil, nil // the list is refused: each is asked for by its id
	}
}

// one gets a parcel's tracker by its id, and makes one where there is none:
// EasyPost returns the tracker that exists already.
func (c *Carrier) one(ctx context.Context, account carriers.Account, parcel carriers.Parcel) (*carriers.Tracking, *carriers.Error) {
	if parcel.Service != "" {
		body, failure := c.ask(ctx, account, http.MethodGet, "/trackers/"+url.PathEscape(parcel.Service), nil)
		switch {
		case failure == nil:
			return parse(body)
		case failure.Kind != carriers.ErrNotFound:
			return nil, failure
		}
	}
	body, failure := c.ask(ctx, account, http.MethodPost, "/trackers", question{
		Tracker: newTracker{TrackingCode: parcel.Number, Carrier: names[parcel.Carrier]},
	})
	if failure != nil {
		return nil, failure
	}
	return parse(body)
}

// Test lists one tracker, which costs nothing.
func (c *Carrier) Test(ctx context.Context, account carriers.Account) (carriers.Probe, error) {
	body, failure := c.ask(ctx, account, http.MethodGet, "/trackers?page_size=1", nil)
	if failure == nil {
		_, failure = parseList(body)
	}
	if failure != nil {
		return carriers.Probe{}, fmt.Errorf("test the EasyPost account: %w", failure)
	}
	return carriers.Probe{}, nil
}
