package secret

import (
	"encoding/json"
	"fmt"
)

// maxToken is above the length of every token that is made here.
const maxToken = 1024

// SealToken seals what a link or a cookie says, as JSON. Bound to a place, it is
// no use as a token of another kind.
func (k *Keys) SealToken(place Binding, says any) (string, error) {
	text, err := json.Marshal(says)
	if err != nil {
		return "", fmt.Errorf("seal token: %w", err)
	}
	return k.Seal(place, text)
}

// OpenToken reads what a link or a cookie says. What this key set did not seal
// for the place, or is longer than any token, is an error.
func (k *Keys) OpenToken(place Binding, token string, says any) error {
	if len(token) > maxToken {
		return fmt.Errorf("open token: %w", ErrMalformed)
	}
	text, err := k.Open(place, token)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, says); err != nil {
		return fmt.Errorf("open token: %w", err)
	}
	return nil
}
