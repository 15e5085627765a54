package tracking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
)

const (
	// atOnce is how many mails a node sends at once: mail servers mind more, and
	// a slow one must leave workers to webhooks.
	atOnce = 4
	// lease is how long a claimed mail may be under way before its worker counts
	// as dead; above the time that connecting, handing over and storing take.
	lease = 2 * time.Minute
	// storing bounds the storing of a result, even while the process stops.
	storing = 10 * time.Second
	// rescueBatch bounds one look for stalled mails.
	rescueBatch = 500
)

// waits are how long after each failed try the next one comes. News that are
// older than half a day are none.
var waits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

// Why mails are not sent although nothing failed; models know of more.
const (
	reasonNoServer = "no_server"
	reasonOff      = "off"
	reasonOptedOut = "opted_out"
	reasonNobody   = "no_address"
)

// Send makes the next try of a mail. It returns how long to wait when it cannot
// be made yet.
//
// A customer gets a mail at most once: it is marked as handed over before it is,
// and a process that dies in between leaves it so, failed as unclear. Only while
// the server has certainly not taken it is it tried again. A mail that is missed
// costs little, since the page tells the same; one that comes twice annoys.
func (s *Service) Send(ctx context.Context, id string) (wait time.Duration, err error) {
	select {
	case s.sending <- struct{}{}:
		defer func() { <-s.sending }()
	default:
		return time.Second + rand.N(2*time.Second), nil
	}
	m, wait, err := s.claim(ctx, id)
	if err != nil || m == nil {
		return wait, err
	}
	message, err := s.compose(ctx, m)
	if err != nil {
		return 0, err
	}
	conn, err := s.opts.Sender.Open(ctx)
	if err != nil {
		return 0, s.finish(ctx, m, err)
	}
	defer conn.Close()
	var ours bool
	err = s.db.Write(ctx, func(tx *models.Tx) (err error) {
		ours, err = tx.BeginMail(m)
		return err
	})
	if err != nil || !ours {
		return 0, err
	}
	return 0, s.finish(ctx, m, conn.Send(message))
}

// claim takes the mail and counts the try, unless there is a reason not to send
// it. It returns nil when there is nothing to do, with how long to wait if that
// is because it is too early.
func (s *Service) claim(ctx context.Context, id string) (*models.CustomerMail, time.Duration, error) {
	known, err := s.db.CustomerMail(ctx, id)
	if errors.Is(err, models.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	var (
		m    *models.CustomerMail
		wait time.Duration
	)
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		m, wait = nil, 0
		parcel, err := tx.Shipment(models.MerchantScope(known.MerchantID), known.ShipmentID)
		if err != nil {
			return err
		}
		ok, err := tx.ClaimMail(id, lease)
		if err != nil {
			return err
		}
		claimed, err := tx.CustomerMail(id)
		if err != nil {
			return err
		}
		if !ok {
			wait = due(claimed, tx.Now())
			return nil
		}
		reason, err := s.obstacle(tx, claimed, parcel)
		if err != nil {
			return err
		}
		if reason != "" {
			return tx.FinishMail(claimed, models.MailSuppressed, reason, nil)
		}
		m = claimed
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("claim mail %s: %w", id, err)
	}
	return m, wait, nil
}

// due is how long until a mail that was not to be had comes due: its time has
// not come by this clock, or another worker holds it and may die.
func due(m *models.CustomerMail, now time.Time) time.Duration {
	switch {
	case m.State != models.MailQueued:
		return 0
	case m.LeaseUntil != nil && m.LeaseUntil.After(now):
		return max(m.LeaseUntil.Sub(now), time.Second)
	case m.NextAt != nil:
		return max(m.NextAt.Sub(now), time.Millisecond)
	default:
		return 0
	}
}

// obstacle is why a mail must not be sent now; empty when it may.
func (s *Service) obstacle(tx *models.Tx, m *models.CustomerMail, parcel *models.Shipment) (string, error) {
	if parcel.MailKind() != m.Status || parcel.Journey != m.Journey {
		return models.MailOutdated, nil
	}
	if m.Recipient == "" {
		return reasonNobody, nil
	}
	settings, err := tx.TrackingSettings(m.MerchantID)
	if err != nil {
		return "", err
	}
	if !settings.Sends(m.Status) {
		return reasonOff, nil
	}
	out, err := tx.OptedOut(m.MerchantID, m.Recipient)
	if err != nil {
		return "", err
	}
	if out {
		return reasonOptedOut, nil
	}
	if !s.Mails() {
		return reasonNoServer, nil
	}
	return "", nil
}

// finish stores what came of a try and plans the next one.
func (s *Service) finish(ctx context.Context, m *models.CustomerMail, sent error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
	defer cancel()
	failed, known := errors.AsType[*mail.Error](sent)
	state, reason, next := models.MailSent, "", (*time.Time)(nil)
	switch {
	case sent == nil:
	case !known: // nothing that a mail server said
		return sent
	default:
		state, reason = models.MailFailed, string(failed.Kind)
		if failed.Code != 0 {
			reason = fmt.Sprintf("%s %d", reason, failed.Code)
		}
		again := failed.Kind == mail.Unreachable || failed.Kind == mail.Rejected || failed.Kind == mail.Deferred
		if again && m.Tries <= len(waits) {
			wait := waits[m.Tries-1]
			at := s.db.Now().Add(wait + rand.N(wait/5))
			state, next = models.MailQueued, &at
		}
		s.log.WarnContext(ctx, "mail to customer not sent", "mail", m.ID, "try", m.Tries, "kind", failed.Kind, "reason", failed.Error(),
			"again", next != nil)
	}
	err := s.db.Write(ctx, func(tx *models.Tx) error { return tx.FinishMail(m, state, reason, next) })
	if err != nil {
		return fmt.Errorf("store what became of mail %s: %w", m.ID, err)
	}
	return nil
}

// Rescue finds mails whose job was lost: they get another, or are given up when
// they had been handed over.
func (s *Service) Rescue(ctx context.Context) error {
	stalled, err := s.db.StalledMails(ctx, rescueBatch)
	if err != nil || len(stalled) == 0 {
		return err
	}
	slices.SortFunc(stalled, func(a, b models.CustomerMail) int { return cmp.Compare(a.ID, b.ID) }) // as all lock them
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		for i := range stalled {
			if err := tx.RescueMail(stalled[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rescue mails: %w", err)
	}
	return nil
}
