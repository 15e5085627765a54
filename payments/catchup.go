package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Catching up on lost webhooks.
const (
	catchUpOverlap = 15 * time.Minute    // looked at again: what was on its way then
	catchUpFirst   = 24 * time.Hour      // of an account that was never caught up
	catchUpLongest = 30 * 24 * time.Hour // how far back providers can tell
	catchUpPages   = 50
)

// CatchUp asks an account's provider, if it can name its past webhooks, for those
// that got lost; without an account it has that done for each, apart from the
// others, so that one that hangs keeps none waiting. What is stored already
// changes nothing.
func (s *Service) CatchUp(ctx context.Context, accountID string) error {
	if accountID == "" {
		return s.catchUpAll(ctx)
	}
	stored, err := s.db.GatewayAccount(ctx, models.AllMerchants(), accountID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil || !stored.Enabled {
		return err
	}
	return s.catchUp(ctx, stored)
}

func (s *Service) catchUpAll(ctx context.Context) error {
	accounts, err := s.db.GatewayAccounts(ctx, models.AllMerchants())
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *models.Tx) error {
		for i := range accounts {
			_, lists := s.providers[accounts[i].Kind].(Lister)
			if lists && accounts[i].Enabled {
				tx.Enqueue(models.CatchUpArgs{AccountID: accounts[i].ID})
			}
		}
		return nil
	})
}

func (s *Service) catchUp(ctx context.Context, stored *models.GatewayAccount) error {
	provider, account, err := s.openAccount(stored)
	if err != nil {
		return nil //nolint:nilerr // the account's page says so
	}
	lister, lists := provider.(Lister)
	notifier, notifies := provider.(Notifier)
	if !lists || !notifies {
		return nil
	}
	start := s.db.Now()
	since := start.Add(-catchUpFirst)
	if stored.CaughtUpAt != nil {
		since = stored.CaughtUpAt.Add(-catchUpOverlap)
	}
	since = latest(since, stored.CreatedAt, start.Add(-catchUpLongest))
	cursor, found, until := "", 0, since
	for range catchUpPages {
		call, cancel := context.WithTimeout(ctx, s.policy.Timeout)
		bodies, next, err := lister.Webhooks(call, account, since, cursor)
		cancel()
		if err != nil {
			err = fmt.Errorf("catch up on account %s: %w", stored.ID, err)
			return errors.Join(err, s.noteCaughtUp(ctx, stored, until)) // the next run goes on from what was stored
		}
		for _, body := range bodies {
			k, err := s.keep(ctx, stored, notifier, account, body)
			if err != nil {
				return err
			}
			found, until = found+k.fresh, latest(until, k.until)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if found > 0 {
		s.log.InfoContext(ctx, "lost webhooks found", "account", stored.ID, "events", found)
	}
	if cursor == "" {
		until = start
	} // otherwise there is more, and the next run goes on there
	return s.noteCaughtUp(ctx, stored, until)
}

// noteCaughtUp stores until when an account is caught up, also while the job is
// being stopped.
func (s *Service) noteCaughtUp(ctx context.Context, stored *models.GatewayAccount, until time.Time) error {
	if stored.CaughtUpAt != nil && !until.After(*stored.CaughtUpAt) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Settling)
	defer cancel()
	return s.db.Write(ctx, func(tx *models.Tx) error { return tx.NoteCaughtUp(stored.ID, until) })
}

func latest(times ...time.Time) time.Time {
	last := times[0]
	for _, t := range times[1:] {
		if t.After(last) {
			last = t
		}
	}
	return last
}
