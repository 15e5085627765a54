package credentials

import (
	"fmt"

	"github.com/tillpost/tillpost/models"
)

// Reseal seals an account's secrets under the primary key and says whether any
// was under another.
func (v *Vault) Reseal(table Table, a *models.Account) (bool, error) {
	changed := false
	for name, sealed := range a.Sealed {
		if !v.keys.NeedsReseal(sealed) {
			continue
		}
		place := binding(table, a, name)
		plain, err := v.keys.Open(place, sealed)
		if err != nil {
			return false, fmt.Errorf("open %s of account %s: %w", name, a.ID, err)
		}
		if a.Sealed[name], err = v.keys.Seal(place, plain); err != nil {
			return false, fmt.Errorf("seal %s of account %s: %w", name, a.ID, err)
		}
		changed = true
	}
	return changed, nil
}

// ResealEndpoint does the same for an endpoint's signing secrets and headers.
func (v *Vault) ResealEndpoint(e *models.Endpoint) (bool, error) {
	changed := false
	err := e.MapSecrets(func(sealed string) (string, error) {
		if sealed == "" || !v.keys.NeedsReseal(sealed) {
			return sealed, nil
		}
		changed = true
		plain, err := v.OpenEndpoint(e.MerchantID, e.ID, sealed)
		if err != nil {
			return "", err
		}
		return v.SealEndpoint(e.MerchantID, e.ID, plain)
	})
	if err != nil {
		return false, err
	}
	if e.Headers == "" || !v.keys.NeedsReseal(e.Headers) {
		return changed, nil
	}
	headers, err := v.OpenHeaders(e.MerchantID, e.ID, e.Headers)
	if err != nil {
		return false, err
	}
	e.Headers, err = v.SealHeaders(e.MerchantID, e.ID, headers)
	return true, err
}
