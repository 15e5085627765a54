package models

import (
	"strings"
	"time"
)

// secretsApart stands between the sealed secrets of PreviousSecret; none holds it.
const secretsApart = " "

// keptSecrets is how many replaced secrets sign beside the current one.
const keptSecrets = 3

// RotateEndpointSecret replaces the sealed secret and keeps the old one valid
// until the given time. Those that it replaced before and that are valid still
// stay so: whoever pressed twice, or lost an answer, has not changed over yet.
func (tx *Tx) RotateEndpointSecret(scope Scope, id, sealed string, oldUntil time.Time) (*Endpoint, error) {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, err
	}
	kept := append([]string{e.Secret}, e.PreviousSecrets(tx.now)...)
	e.PreviousSecret, e.PreviousSecretExpiresAt = strings.Join(kept[:min(len(kept), keptSecrets)], secretsApart), &oldUntil
	e.Secret, e.UpdatedAt = sealed, tx.now
	return e, tx.saveEndpoint(e)
}

// PreviousSecrets are the replaced secrets that sign too, sealed, the newest first.
func (e *Endpoint) PreviousSecrets(now time.Time) []string {
	if e.PreviousSecretUntil(now) == nil {
		return nil
	}
	return strings.Split(e.PreviousSecret, secretsApart)
}

// MapSecrets puts other sealed texts in the place of all of the endpoint's secrets.
func (e *Endpoint) MapSecrets(seal func(sealed string) (string, error)) (err error) {
	if e.Secret, err = seal(e.Secret); err != nil || e.PreviousSecret == "" {
		return err
	}
	kept := strings.Split(e.PreviousSecret, secretsApart)
	for i := range kept {
		if kept[i], err = seal(kept[i]); err != nil {
			return err
		}
	}
	e.PreviousSecret = strings.Join(kept, secretsApart)
	return nil
}

// PreviousSecretUntil is until when the replaced secret signs too; nil when
// there is none that does.
func (e *Endpoint) PreviousSecretUntil(now time.Time) *time.Time {
	if e.PreviousSecret == "" || e.PreviousSecretExpiresAt == nil || !now.Before(*e.PreviousSecretExpiresAt) {
		return nil
	}
	return e.PreviousSecretExpiresAt
}

// ResealEndpoint stores an endpoint's secrets and headers sealed anew, unless
// one was replaced meanwhile.
func (tx *Tx) ResealEndpoint(e *Endpoint) error {
	_, err := tx.update("webhook_endpoints",
		map[string]any{"secret": e.Secret, "previous_secret": e.PreviousSecret, "headers": e.Headers},
		"id = ? AND updated_at = ?", e.ID, e.UpdatedAt)
	return err
}
