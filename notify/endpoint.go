package notify

import (
	"errors"
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
	URL         string
	Events      []string // empty: all types
	Description string
}

// CreateEndpoint adds an endpoint and returns its signing secret, which is
// shown this once.
func (s *Service) CreateEndpoint(tx *models.Tx, merchantID string, in NewEndpoint) (*models.Endpoint, string, error) {
	if err := s.checkURL(in.URL); err != nil {
		return nil, "", err
	}
	if utf8.RuneCountInString(in.Description) > maxDescription {
		return nil, "", models.Invalid("description", "too_long")
	}
	id, text := models.NewID(models.PrefixEndpoint), NewSecret()
	sealed, err := s.vault.SealEndpoint(merchantID, id, text)
	if err != nil {
		return nil, "", err
	}
	e, err := tx.CreateEndpoint(models.Endpoint{
		ID: id, MerchantID: merchantID, URL: in.URL, Events: in.Events,
		Description: strings.TrimSpace(in.Description), Secret: sealed,
	})
	return e, text, err
}

// UpdateEndpoint edits an endpoint.
func (s *Service) UpdateEndpoint(
	tx *models.Tx, scope models.Scope, id string, c models.EndpointChange,
) (*models.Endpoint, error) {
	if c.URL != nil {
		if err := s.checkURL(*c.URL); err != nil {
			return nil, err
		}
	}
	if c.Description != nil && utf8.RuneCountInString(*c.Description) > maxDescription {
		return nil, models.Invalid("description", "too_long")
	}
	return tx.UpdateEndpoint(scope, id, c)
}

// RotateSecret replaces an endpoint's secret and returns the new one, which is
// shown this once. For a day both sign.
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
