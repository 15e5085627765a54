package models

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// What stands in PreviousSecret between the secrets, and between one and its end,
// in microseconds since 1970. No sealed secret holds either.
const (
	secretsApart = " "
	endApart     = "@"
)

// keptSecrets is how many replaced secrets sign beside the current one; of more in
// a day the oldest ends before its time.
const keptSecrets = 3

// replacedSecret is one that was replaced and signs until its end.
type replacedSecret struct {
	sealed string
	until  time.Time
}

// RotateEndpointSecret replaces the sealed secret and keeps the old one valid
// until the given time. Those that it replaced before stay valid until theirs:
// whoever pressed twice, or lost an answer, has not changed over yet.
func (tx *Tx) RotateEndpointSecret(scope Scope, id, sealed string, oldUntil time.Time) (*Endpoint, error) {
	e, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, err
	}
	kept := []string{e.Secret} // its end is PreviousSecretExpiresAt
	for _, s := range e.replacedSecrets(tx.now) {
		kept = append(kept, s.sealed+endApart+strconv.FormatInt(s.until.UnixMicro(), 10))
	}
	e.PreviousSecret, e.PreviousSecretExpiresAt = strings.Join(kept[:min(len(kept), keptSecrets)], secretsApart), &oldUntil
	e.Secret, e.UpdatedAt = sealed, tx.now
	return e, tx.saveEndpoint(e)
}

// replacedSecrets are those that sign too, the newest first. One without an end
// of its own ends at PreviousSecretExpiresAt: the newest, and those that were
// stored when all shared it.
func (e *Endpoint) replacedSecrets(now time.Time) (kept []replacedSecret) {
	if e.PreviousSecret == "" || e.PreviousSecretExpiresAt == nil {
		return nil
	}
	for text := range strings.SplitSeq(e.PreviousSecret, secretsApart) {
		s := replacedSecret{text, *e.PreviousSecretExpiresAt}
		if sealed, end, ok := strings.Cut(text, endApart); ok {
			micros, err := strconv.ParseInt(end, 10, 64)
			if err != nil {
				continue // nobody knows its end: it signs no more
			}
			s = replacedSecret{sealed, time.UnixMicro(micros).UTC()}
		}
		if now.Before(s.until) {
			kept = append(kept, s)
		}
	}
	return kept
}

// PreviousSecrets are the replaced secrets that sign too, sealed, the newest first.
func (e *Endpoint) PreviousSecrets(now time.Time) []string {
	kept := e.replacedSecrets(now)
	sealed := make([]string, len(kept))
	for i := range kept {
		sealed[i] = kept[i].sealed
	}
	return sealed
}

// MapSecrets puts other sealed texts in the place of all of the endpoint's secrets.
func (e *Endpoint) MapSecrets(seal func(sealed string) (string, error)) (err error) {
	if e.Secret, err = seal(e.Secret); err != nil || e.PreviousSecret == "" {
		return err
	}
	kept := strings.Split(e.PreviousSecret, secretsApart)
	for i := range kept {
		sealed, end, ends := strings.Cut(kept[i], endApart)
		if kept[i], err = seal(sealed); err != nil {
			return err
		}
		if ends {
			kept[i] += endApart + end
		}
	}
	e.PreviousSecret = strings.Join(kept, secretsApart)
	return nil
}

// PreviousSecretEnds is until when each of the replaced secrets signs too, the
// first to end first; empty when none does.
func (e *Endpoint) PreviousSecretEnds(now time.Time) []time.Time {
	kept := e.replacedSecrets(now)
	ends := make([]time.Time, len(kept))
	for i := range kept {
		ends[i] = kept[i].until
	}
	slices.SortFunc(ends, time.Time.Compare)
	return ends
}

// PreviousSecretUntil is until when the last of the replaced secrets signs too;
// nil when there is none that does.
func (e *Endpoint) PreviousSecretUntil(now time.Time) *time.Time {
	ends := e.PreviousSecretEnds(now)
	if len(ends) == 0 {
		return nil
	}
	return &ends[len(ends)-1]
}

// ResealEndpoint stores an endpoint's secrets and headers sealed anew, unless
// one was replaced meanwhile.
func (tx *Tx) ResealEndpoint(e *Endpoint) error {
	_, err := tx.update("webhook_endpoints",
		map[string]any{"secret": e.Secret, "previous_secret": e.PreviousSecret, "headers": e.Headers},
		"id = ? AND updated_at = ?", e.ID, e.UpdatedAt)
	return err
}
