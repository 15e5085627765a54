package alerts

import (
	"time"

	"github.com/tillpost/tillpost/models"
)

// tell makes the messages of one telling, in the transaction of the change: one
// for each channel and each person that want to know.
func (b *book) tell(i *models.Incident, kind string, number int) error {
	b.told = true
	channels, err := b.tx.ChannelsFor(i)
	if err != nil {
		return err
	}
	readers, err := b.tx.AlertReaders(i)
	if err != nil {
		return err
	}
	queue := b.queue(i, kind, number)
	for _, c := range b.service.opts.Channels {
		if err := queue(c.ID, nil, nil, nil); err != nil {
			return err
		}
	}
	for n := range channels {
		c := &channels[n]
		if c.Unconfirmed() {
			continue
		}
		if err := queue(c.ID, &c.AlertWish, c.Location(), c.MerchantID); err != nil {
			return err
		}
	}
	if !b.service.Mails() {
		return nil
	}
	for n := range readers {
		r := &readers[n]
		if err := queue(r.User.ID, &r.Subscription.AlertWish, r.Zone, r.User.MerchantID); err != nil {
			return err
		}
	}
	return nil
}

// queue makes the message of a telling for one target, held back while it has
// quiet hours. Without a wish it wants everything at once.
func (b *book) queue(i *models.Incident, kind string, number int) func(target string, w *models.AlertWish, zone *time.Location, merchant *string) error {
	return func(target string, w *models.AlertWish, zone *time.Location, merchant *string) error {
		m := models.AlertMessage{IncidentID: &i.ID, MerchantID: merchant, Kind: kind, Number: number, Target: target}
		if w != nil && !w.Wants(i.Kind, i.Severity) {
			return nil
		}
		if w != nil && i.Severity != models.SeverityCritical {
			if until := quietUntil(w, zone, b.tx.Now()); !until.IsZero() {
				m.State, m.NextAt = models.AlertHeld, &until
			}
		}
		return b.tx.QueueAlert(m)
	}
}
