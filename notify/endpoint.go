package notify

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/safehttp"
)

// rotationOverlap is how long a replaced secret goes on signing.
const rotationOverlap = 24 * time.Hour

// maxDescription bounds an endpoint's description, in characters.
const maxDescription = 500

// NewEndpoint is what a merchant says of an endpoint.
type NewEndpoint struct {
	URL           string
	Events        []string // empty: all types
	Description   string
	Headers       map[string]string // sent with every delivery
	RatePerSecond int               // 0: no limit
	MaxInFlight   int               // 0: models.DefaultInFlight
}

// EndpointChange is an edit of an endpoint. Headers are all its custom headers
// from now on, nil when they stay: an empty value keeps the one that is stored,
// unless the URL changes, since it is not sent anywhere but where it was meant for.
type EndpointChange struct {
	models.EndpointChange

	Headers map[string]string
}

// Refusals are all reasons for which an endpoint of this kind is not taken, where
// CreateEndpoint and UpdateEndpoint tell the first. Headers without a value are
// taken when they are stored.
func (s *Service) Refusals(in NewEndpoint, stored []string) []error {
	kept := make(map[string]string, len(stored))
	for _, name := range stored {
		kept[name] = "kept"
	}
	_, headers := checkHeaders(in.Headers, kept)
	limits := models.Endpoint{RatePerSecond: in.RatePerSecond, MaxInFlight: in.MaxInFlight}
	found := []error{s.checkURL(in.URL), checkDescription(in.Description), models.CheckEventTypes(in.Events), headers, limits.CheckLimits()}
	return slices.DeleteFunc(found, func(err error) bool { return err == nil })
}

func checkDescription(text string) error {
	if utf8.RuneCountInString(text) > maxDescription {
		return models.Invalid("description", "too_long")
	}
	return nil
}

// CreateEndpoint adds an endpoint and returns its signing secret, which is
// shown this once.
func (s *Service) CreateEndpoint(tx *models.Tx, merchantID string, in NewEndpoint) (*models.Endpoint, string, error) {
	if err := s.checkURL(in.URL); err != nil {
		return nil, "", err
	}
	if err := checkDescription(in.Description); err != nil {
		return nil, "", err
	}
	id, text := models.NewID(models.PrefixEndpoint), NewSecret()
	sealed, err := s.vault.SealEndpoint(merchantID, id, text)
	if err != nil {
		return nil, "", err
	}
	headers, err := s.sealHeaders(merchantID, id, in.Headers, nil)
	if err != nil {
		return nil, "", err
	}
	e, err := tx.CreateEndpoint(models.Endpoint{
		ID: id, MerchantID: merchantID, URL: in.URL, Events: in.Events,
		Description: strings.TrimSpace(in.Description), Secret: sealed,
		HeaderNames: headers.Names, Headers: headers.Sealed,
		RatePerSecond: in.RatePerSecond, MaxInFlight: in.MaxInFlight,
	})
	return e, text, err
}

// UpdateEndpoint edits an endpoint.
func (s *Service) UpdateEndpoint(
	tx *models.Tx, scope models.Scope, id string, c EndpointChange,
) (*models.Endpoint, error) {
	if c.URL != nil {
		if err := s.checkURL(*c.URL); err != nil {
			return nil, err
		}
	}
	if c.Description != nil {
		if err := checkDescription(*c.Description); err != nil {
			return nil, err
		}
	}
	if c.URL != nil || c.Headers != nil {
		if err := s.changeHeaders(tx, scope, id, &c); err != nil {
			return nil, err
		}
	}
	return tx.UpdateEndpoint(scope, id, c.EndpointChange)
}

// changeHeaders seals the headers of an edit.
func (s *Service) changeHeaders(tx *models.Tx, scope models.Scope, id string, c *EndpointChange) error {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return err
	}
	moves := c.URL != nil && *c.URL != e.URL
	if c.Headers == nil {
		if moves && len(e.HeaderNames) > 0 {
			return models.Invalid("headers", "secret_again")
		}
		return nil
	}
	var stored map[string]string
	if !moves {
		if stored, err = s.vault.OpenHeaders(e.MerchantID, id, e.Headers); err != nil {
			return err
		}
	}
	sealed, err := s.sealHeaders(e.MerchantID, id, c.Headers, stored)
	c.EndpointChange.Headers = &sealed
	return err
}

// RotateSecret replaces an endpoint's secret and returns the new one, which is
// shown this once. For a day the replaced one signs as well.
func (s *Service) RotateSecret(tx *models.Tx, scope models.Scope, id string) (*models.Endpoint, string, error) {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, "", err
	}
	text := NewSecret()
	sealed, err := s.vault.SealEndpoint(e.MerchantID, id, text)
	if err != nil {
		return nil, "", err
	}
	e, err = tx.RotateEndpointSecret(scope, id, sealed, tx.Now().Add(rotationOverlap))
	return e, text, err
}

// checkURL turns what is wrong with an endpoint's URL into an error for the user.
func (s *Service) checkURL(raw string) error {
	err := safehttp.CheckURL(raw, s.poster.opts.http())
	if problem, ok := errors.AsType[*safehttp.URLError](err); ok {
		return models.Invalid("url", "url_"+string(problem.Problem))
	}
	return err
}
