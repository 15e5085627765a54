package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/secret"
)

// maxToken is above the length of what SealAgreement makes of the longest address.
const maxToken = 1024

var errLong = errors.New("longer than any of ours")

func agreementBinding(channelID string) secret.Binding {
	return secret.Binding{Table: string(Channels), Row: channelID, Field: "agreement"}
}

// agreement is what a link holds by which somebody agrees to get messages.
type agreement struct {
	Address string `json:"a"`
	Until   int64  `json:"u"` // seconds since 1970
}

// SealAgreement writes the part of a link by which the holder of an address
// agrees, until some time, to get a channel's messages.
func (v *Vault) SealAgreement(channelID, address string, until time.Time) (string, error) {
	text, err := json.Marshal(agreement{Address: address, Until: until.Unix()})
	if err != nil {
		return "", fmt.Errorf("encode agreement of channel %s: %w", channelID, err)
	}
	return v.keys.Seal(agreementBinding(channelID), text)
}

// OpenAgreement reads such a part of a link.
func (v *Vault) OpenAgreement(channelID, token string) (address string, until time.Time, err error) {
	if len(token) > maxToken {
		return "", until, errLong
	}
	text, err := v.keys.Open(agreementBinding(channelID), token)
	if err != nil {
		return "", until, fmt.Errorf("open agreement of channel %s: %w", channelID, err)
	}
	var a agreement
	if err := json.Unmarshal(text, &a); err != nil {
		return "", until, fmt.Errorf("decode agreement of channel %s: %w", channelID, err)
	}
	return a.Address, time.Unix(a.Until, 0), nil
}
