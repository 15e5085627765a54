// Package polling follows a week of parcels on a clock of its own: the real
// service on a real database, and carriers that know the future and count how
// they are asked.
package polling

import (
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

// Options of a run.
type Options struct {
	Parcels int
	Days    int    // over which they are sent
	After   int    // for which they are followed after that
	Only    string // accounts whose names hold it; their parcels are those of a whole run
	Log     func(format string, args ...any)
}

// quiet is how far the clock goes when nothing is due.
const quiet = time.Minute

// world is the state of a run.
type world struct {
	Options

	db       *models.DB
	service  *carriers.Service
	now      time.Time
	end      time.Time
	carriers []*carrier
	ids      []string // of the accounts
	news     agenda   // what happens, soonest first
	lanes    []lane   // by account
	days     map[carriers.Status]float64
	overdue  []time.Duration // the longest that a parcel of each account waited when due
}

// lane holds the polls of an account that wait for their turn.
type lane struct {
	jobs []models.PollArgs
	next time.Time
}

// occasion is a parcel that is sent, or news that a carrier pushes.
type occasion struct {
	at      time.Time
	carrier int
	parcel  *parcel
	send    bool
}

// agenda is a heap of occasions.
type agenda []occasion

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push adds an occasion.
func (a *agenda) Push(x any) { *a = append(*a, x.(occasion)) }

// Pop takes the last one off.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// Run follows the parcels and reports.
func Run(ctx context.Context, db *models.DB, o Options) (*Report, error) {
	keys, err := secret.Generate()
	if err != nil {
		return nil, err
	}
	w := &world{
		Options: o, db: db, now: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
		lanes: make([]lane, len(accounts)), overdue: make([]time.Duration, len(accounts)), days: map[carriers.Status]float64{},
	}
	w.end = w.now.AddDate(0, 0, o.Days+o.After)
	db.Now = func() time.Time { return w.now }
	kinds := map[string]carriers.Carrier{}
	for i, a := range accounts {
		c := &carrier{account: a.scaled(o.Parcels), now: db.Now, parcels: map[string]*parcel{}, polls: map[carriers.Status]int{}}
		w.carriers = append(w.carriers, c)
		kinds[kind(i)] = c
	}
	w.service = carriers.NewService(db, credentials.New(keys), kinds, carriers.Options{}, slog.New(slog.DiscardHandler))
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	if err := w.follow(ctx); err != nil {
		return nil, err
	}
	return w.report(ctx)
}

func kind(i int) string { return fmt.Sprintf("carrier_%d", i) }

// prepare makes the accounts and plans what will be sent.
func (w *world) prepare(ctx context.Context) error {
	var shop *models.Merchant
	err := w.db.Write(ctx, func(tx *models.Tx) (err error) {
		shop, err = tx.CreateMerchant(models.Merchant{Name: "Mall", Currency: "EUR", Timezone: "Europe/Berlin"})
		if err != nil {
			return err
		}
		for i, a := range accounts {
			w.ids = append(w.ids, models.NewID(models.PrefixCarrierAccount))
			err := tx.CreateCarrierAccount(models.CarrierAccount{Account: models.Account{
				ID: w.ids[i], MerchantID: shop.ID, Kind: kind(i), Name: a.name, Enabled: true,
			}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2)) // the same week each time
	span := time.Duration(w.Options.Days) * 24 * time.Hour
	for i, a := range accounts {
		for n := range int(a.share * float64(w.Parcels)) {
			at := w.now.Add(time.Duration(r.Int64N(int64(span))))
			p := &parcel{number: fmt.Sprintf("P%02d%09d", i, n), steps: journey(r, at, a.zone())}
			planned := agenda{{at, i, p, true}}
			if a.pushes {
				for _, s := range p.steps {
					planned = append(planned, occasion{s.at.Add(time.Duration(r.IntN(60)) * time.Second), i, p, false})
				}
			}
			if strings.Contains(a.name, w.Only) {
				w.carriers[i].parcels[p.number] = p
				w.news = append(w.news, planned...)
			}
		}
	}
	heap.Init(&w.news)
	w.Log("%d parcels, %d occasions", w.Parcels, len(w.news))
	return nil
}

// follow lets time pass: it goes from one thing that is due to the next.
func (w *world) follow(ctx context.Context) error {
	sweep, sample := w.now, w.now
	for w.now.Before(w.end) && ctx.Err() == nil {
		if !w.now.Before(sample) {
			if err := w.sample(ctx); err != nil {
				return err
			}
			sample = sample.Add(time.Hour)
		}
		if err := w.happen(ctx); err != nil {
			return err
		}
		if !w.now.Before(sweep) {
			found, err := w.sweep(ctx)
			if err != nil {
				return err
			}
			sweep = w.now.Add(quiet)
			if found {
				sweep = w.now.Add(carriers.SweepEvery)
			}
		}
		if err := w.work(ctx); err != nil {
			return err
		}
		w.now = w.later(sweep)
	}
	return ctx.Err()
}

// later is when the next thing is due.
func (w *world) later(sweep time.Time) time.Time {
	next := sweep
	for i := range w.lanes {
		if len(w.lanes[i].jobs) > 0 && w.lanes[i].next.Before(next) {
			next = w.lanes[i].next
		}
	}
	if !next.After(w.now) {
		next = w.now.Add(time.Millisecond)
	}
	return next
}

// happen sends the parcels and pushes the news that are due.
func (w *world) happen(ctx context.Context) error {
	var due []occasion
	for len(w.news) > 0 && !w.news[0].at.After(w.now) {
		due = append(due, heap.Pop(&w.news).(occasion))
	}
	if err := w.send(ctx, slices.Clone(due)); err != nil {
		return err
	}
	for _, o := range due {
		if o.send {
			continue
		}
		c := w.carriers[o.carrier]
		body := fmt.Sprintf("%s %d", o.parcel.number, o.at.UnixNano())
		if _, err := w.service.Receive(ctx, w.ids[o.carrier], carriers.Webhook{Body: []byte(body)}); err != nil {
			return err
		}
		c.heard(o.parcel, w.now)
	}
	return w.apply(ctx)
}

// send tells the program of parcels, some at a time.
func (w *world) send(ctx context.Context, due []occasion) error {
	due = slices.DeleteFunc(due, func(o occasion) bool { return !o.send })
	for part := range slices.Chunk(due, 100) {
		err := w.db.Write(ctx, func(tx *models.Tx) error {
			for _, o := range part {
				if err := w.create(tx, o); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) create(tx *models.Tx, o occasion) error {
	account, err := tx.CarrierAccount(models.AllMerchants(), w.ids[o.carrier])
	if err != nil {
		return err
	}
	order, err := tx.CreateOrder(models.Order{
		MerchantID: account.MerchantID, Number: o.parcel.number, Currency: "EUR", Amount: 100,
		ShippingAddress: models.Address{Country: accounts[o.carrier].country},
	}, nil)
	if err != nil {
		return err
	}
	o.parcel.told = tx.Now()
	_, err = w.service.Add(tx, account.MerchantID, carriers.New{OrderID: order.ID, Carrier: account.ID, TrackingNumber: o.parcel.number})
	return err
}

// sweep finds due parcels and says whether there were any.
func (w *world) sweep(ctx context.Context) (bool, error) {
	if err := w.service.Sweep(ctx); err != nil {
		return false, err
	}
	before := w.waiting()
	err := w.jobs(ctx, models.PollArgs{}.Kind(), func(raw []byte) error {
		var args models.PollArgs
		if err := json.Unmarshal(raw, &args); err != nil {
			return err
		}
		l := &w.lanes[slices.Index(w.ids, args.AccountID)]
		l.jobs = append(l.jobs, args)
		return nil
	})
	return w.waiting() > before, err
}

func (w *world) waiting() (n int) {
	for i := range w.lanes {
		n += len(w.lanes[i].jobs)
	}
	return n
}

// apply does the jobs that pushed news have left.
func (w *world) apply(ctx context.Context) error {
	return w.jobs(ctx, models.ParcelNewsArgs{}.Kind(), func(raw []byte) error {
		var args models.ParcelNewsArgs
		if err := json.Unmarshal(raw, &args); err != nil {
			return err
		}
		return w.service.ApplyNews(ctx, args.InboundID)
	})
}

// jobs takes all jobs of a kind out of the queue and does them.
func (w *world) jobs(ctx context.Context, kind string, do func(args []byte) error) error {
	rows, err := w.db.SQL().QueryContext(ctx, "DELETE FROM river_job WHERE kind = '"+kind+"' RETURNING json(args)")
	if err != nil {
		return fmt.Errorf("take jobs: %w", err)
	}
	defer rows.Close()
	var all [][]byte
	for rows.Next() {
		var args []byte
		if err := rows.Scan(&args); err != nil {
			return fmt.Errorf("take jobs: %w", err)
		}
		all = append(all, args)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("take jobs: %w", err)
	}
	for _, args := range all {
		if err := do(args); err != nil {
			return err
		}
	}
	return nil
}

// work makes the calls whose turn has come; each account makes one at a time.
func (w *world) work(ctx context.Context) error {
	for i := range w.lanes {
		l := &w.lanes[i]
		for len(l.jobs) > 0 && !l.next.After(w.now) {
			wait, err := w.service.Poll(ctx, l.jobs[0])
			if err != nil {
				return err
			}
			if wait > 0 {
				l.next = w.now.Add(wait)
				continue
			}
			l.jobs = l.jobs[1:]
		}
	}
	return nil
}
