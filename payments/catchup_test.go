package payments_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

// lister is a teller that names its past webhooks, page by page.
type lister struct {
	*teller

	pages [][]byte // one notice each
	fails int      // the page that cannot be had; 0: none
	since time.Time
}

func (b *lister) Webhooks(_ context.Context, _ payments.Account, since time.Time, cursor string) ([][]byte, string, error) {
	n := len(cursor)
	if n == 0 {
		b.since = since
	}
	if b.fails > 0 && n == b.fails {
		return nil, "", errors.New("down")
	}
	next := ""
	if n+1 < len(b.pages) {
		next = cursor + "x"
	}
	return b.pages[n : n+1], next, nil
}

func newListingDesk(t *testing.T, db *models.DB) (*desk, *lister) {
	t.Helper()
	keys, err := secret.Generate()
	do(t, err)
	d := newDesk(t, db)
	b := &lister{teller: &teller{bank: d.bank}}
	d.Service = payments.NewService(db, credentials.New(keys), map[string]payments.Provider{"sandbox": b},
		payments.DefaultPolicy(), slog.New(slog.DiscardHandler))
	return d, b
}

func (b *lister) happened(t *testing.T, at time.Time) {
	t.Helper()
	body, err := json.Marshal(payments.Notice{ID: models.NewID("evt"), Type: "test", OccurredAt: at, Subject: payments.SubjectNone})
	do(t, err)
	b.pages = append(b.pages, body)
}

// Each account is caught up by a job of its own.
func TestCatchUpIsOneJobAnAccount(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, _ := newListingDesk(t, db)
		modelstest.Gateway(t, db, d.shop.ID)
		for range 2 { // what waits already is not queued once more
			do(t, d.CatchUp(t.Context(), ""))
		}
		if n := d.jobs(t, models.CatchUpArgs{}.Kind()); n != 2 {
			t.Errorf("%d jobs, want 2", n)
		}
	})
}

// What was stored before a provider failed is not listed again.
func TestCatchUpGoesOnWhereItFailed(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d, b := newListingDesk(t, db)
		d.pass(20 * time.Hour)
		first := db.Now().Add(-10 * time.Hour).Truncate(time.Second)
		b.happened(t, first)
		b.happened(t, first.Add(time.Hour))
		b.happened(t, first.Add(2*time.Hour))
		b.fails = 2
		if err := d.CatchUp(t.Context(), d.gateway.ID); err == nil {
			t.Error("a list that failed counts as whole")
		}
		b.fails = 0
		do(t, d.CatchUp(t.Context(), d.gateway.ID))
		if want := first.Add(time.Hour); b.since.After(want) || want.Sub(b.since) > time.Hour {
			t.Errorf("went on from %s, want shortly before %s", b.since, want)
		}
		events, _, err := db.InboundEvents(t.Context(), models.AllMerchants(), models.InboundFilter{}, models.Page{})
		do(t, err)
		if len(events) != 3 {
			t.Errorf("%d events, want 3", len(events))
		}
	})
}
