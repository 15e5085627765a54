package alerts

import (
	"context"
	"time"

	"github.com/tillpost/tillpost/models"
)

// ConfirmPath is where the holder of an address agrees to get messages.
const ConfirmPath = "/alerts/confirm"

// EventConfirm is the event of messages that ask for that.
const EventConfirm = "confirm"

// confirmTime is how long a link in such a message works.
const confirmTime = 7 * 24 * time.Hour

// question writes the message that asks the holder of a channel's address
// whether a merchant may send incidents there.
func (s *Service) question(ctx context.Context, c *models.AlertChannel, r reader) (Message, error) {
	if r.base == "" {
		return Message{}, &SendError{Kind: FailureNoPages}
	}
	m, err := s.db.Merchant(ctx, models.AllMerchants(), *c.MerchantID)
	if err != nil {
		return Message{}, err
	}
	token, err := s.vault.SealAgreement(c.ID, models.NormalMailAddress(c.Fields["address"]), s.db.Now().Add(confirmTime))
	if err != nil {
		return Message{}, err
	}
	return r.question(models.NewID(models.PrefixAlertMessage), m.Name, r.page(ConfirmPath+"/"+c.ID+"/"+token), s.db.Now()), nil
}

// Question finds the channel that a link asks about, and the address whose
// holder is asked. What this program did not write, what is too old and what is
// about an address that the channel has no more is ErrNotFound.
func (s *Service) Question(ctx context.Context, id, token string) (c *models.AlertChannel, address string, err error) {
	address, until, err := s.vault.OpenAgreement(id, token)
	if err != nil || s.db.Now().After(until) {
		return nil, "", models.ErrNotFound
	}
	c, err = s.db.AlertChannel(ctx, models.AllMerchants(), id)
	if err != nil {
		return nil, "", err
	}
	if c.MerchantID == nil || models.NormalMailAddress(c.Fields["address"]) != address {
		return nil, "", models.ErrNotFound
	}
	return c, address, nil
}
