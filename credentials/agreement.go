package credentials

import (
	"fmt"
	"time"

	"github.com/tillpost/tillpost/secret"
)

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
	return v.keys.SealToken(agreementBinding(channelID), agreement{Address: address, Until: until.Unix()})
}

// OpenAgreement reads such a part of a link.
func (v *Vault) OpenAgreement(channelID, token string) (address string, until time.Time, err error) {
	var a agreement
	if err := v.keys.OpenToken(agreementBinding(channelID), token, &a); err != nil {
		return "", until, fmt.Errorf("open agreement of channel %s: %w", channelID, err)
	}
	return a.Address, time.Unix(a.Until, 0), nil
}
