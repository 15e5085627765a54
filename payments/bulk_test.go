package payments_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
)

var aina = models.Actor{Kind: "user", ID: "usr_agent", Name: "Aina"}

// refused makes payments that the bank refuses, each of an order of its own.
func (d *desk) refused(t *testing.T, n int, class payments.Class) []models.Payment {
	t.Helper()
	d.bank.answer = declines(class)
	out := make([]models.Payment, n)
	for i := range out {
		o := modelstest.Order(t, d.db, d.shop.ID, 1999)
		in := d.new()
		in.OrderID, in.Token = o.ID, o.ID // each its own card
		do(t, d.write(func(tx *models.Tx) error {
			p, err := d.Accept(tx, d.shop.ID, in)
			if err == nil {
				out[i] = *p
			}
			return err
		}))
		do(t, d.Send(t.Context(), d.attempts(t, out[i].ID)[0].ID))
		out[i] = *d.payment(t, out[i].ID)
	}
	return out
}

func (d *desk) startBulk(t *testing.T, ps []models.Payment) *models.BulkRetry {
	t.Helper()
	return d.startBulkAt(t, ps, payments.MaxBulkRate)
}

func (d *desk) startBulkAt(t *testing.T, ps []models.Payment, perMinute int64) *models.BulkRetry {
	t.Helper()
	var b *models.BulkRetry
	do(t, d.write(func(tx *models.Tx) (err error) {
		b, err = d.StartBulk(tx, payments.BulkRequest{Payments: ps, PerMinute: perMinute, Reason: "the bank is back", Actor: aina})
		return err
	}))
	return b
}

func (d *desk) bulk(t *testing.T, id string) *models.BulkRetry {
	t.Helper()
	b, err := d.db.BulkRetry(t.Context(), id)
	do(t, err)
	return b
}

func (d *desk) wantBulk(t *testing.T, id, status string, retried, refused int64) {
	t.Helper()
	if b := d.bulk(t, id); b.Status != status || b.Retried != retried || b.Refused != refused {
		t.Errorf("bulk retry is %s, %d retried, %d refused; want %s, %d, %d", b.Status, b.Retried, b.Refused, status, retried, refused)
	}
}

func (d *desk) items(t *testing.T, id string) map[string]models.BulkRetryItem {
	t.Helper()
	items, err := d.db.BulkRetryItems(t.Context(), id, 0, models.MaxBulk)
	do(t, err)
	byPayment := map[string]models.BulkRetryItem{}
	for _, i := range items {
		byPayment[i.PaymentID] = i
	}
	return byPayment
}

// A bulk retry tries each payment once, asks the guard of a single retry, and
// says of each what came of it.
func TestBulkRetry(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 6, payments.ClassGeneric)
		never := d.refused(t, 1, payments.ClassNever)[0]
		scope := models.AllMerchants()
		ids := []string{ps[0].ID, never.ID, ps[1].ID, ps[0].ID, models.NewID(models.PrefixPayment), ps[2].ID, ps[3].ID, ps[4].ID, ps[5].ID}
		plan, err := d.PlanBulk(t.Context(), scope, ids, aina)
		do(t, err)
		if len(plan) != 7 || plan[0].Payment.ID != ps[0].ID || plan[0].Refusal != nil || plan[1].Refusal == nil || plan[1].Refusal.Code != "retry_forbidden" {
			t.Fatalf("plan %+v", plan)
		}
		if foreign, err := d.PlanBulk(t.Context(), models.MerchantScope("mer_other"), ids, aina); err != nil || len(foreign) != 0 {
			t.Errorf("a foreign merchant gets %v, %v", foreign, err)
		}
		other := agent(t, db, "other@example.com")
		b := d.startBulk(t, append(ps, never))
		err = d.write(func(tx *models.Tx) error {
			_, err := d.StartBulk(tx, payments.BulkRequest{Payments: ps[:1], PerMinute: 60, Reason: "again", Actor: aina})
			return err
		})
		if code(err) != "in_bulk_retry" {
			t.Errorf("a payment in two bulk retries: %v", err)
		}
		if plan, err := d.PlanBulk(t.Context(), scope, ids[:1], aina); err != nil || plan[0].Refusal == nil || plan[0].Refusal.Code != "in_bulk_retry" {
			t.Errorf("plan of what waits: %+v, %v", plan, err)
		}
		do(t, d.write(func(tx *models.Tx) error { // somebody else looks at it
			_, err := d.Claim(tx, scope, ps[1].ID, other)
			return err
		}))
		do(t, d.write(func(tx *models.Tx) error { // is tried by hand meanwhile
			_, err := d.Retry(tx, scope, ps[2].ID, payments.RetryRequest{Reason: "at once", Actor: aina})
			return err
		}))
		do(t, d.WorkBulk(t.Context(), b.ID))
		d.wantBulk(t, b.ID, models.BulkFinished, 4, 3)
		items := d.items(t, b.ID)
		for id, want := range map[string]string{ps[1].ID: "claimed_by_other", ps[2].ID: "attempt_open", never.ID: "retry_forbidden"} {
			if i := items[id]; i.Verdict != models.BulkItemRefused || i.Code != want {
				t.Errorf("item is %s %q, want %q", i.Verdict, i.Code, want)
			}
		}
		d.bank.answer = succeeds
		for id, i := range items {
			attempts := d.attempts(t, id)
			if i.Verdict == models.BulkItemRetried && len(attempts) != 2 {
				t.Errorf("%d attempts", len(attempts))
			}
			if a := attempts[len(attempts)-1]; a.Status == models.AttemptQueued {
				do(t, d.Send(t.Context(), a.ID))
			}
		}
		if ends, err := db.BulkRetryEnds(t.Context(), b.ID); err != nil || ends[models.PaymentPaid] != 4 || len(ends) != 1 {
			t.Errorf("ends %v, %v", ends, err)
		}
		do(t, d.WorkBulk(t.Context(), b.ID)) // a job that turns up late
		d.wantBulk(t, b.ID, models.BulkFinished, 4, 3)
		entries, _, err := db.AuditEntries(t.Context(), scope, models.AuditFilter{Action: "payment.retry"}, models.Page{})
		if err != nil || len(entries) != 5 || entries[0].Detail["bulk"] != b.ID || entries[0].Reason != "the bank is back" || entries[0].ActorID != "usr_agent" {
			t.Errorf("audit %+v, %v", entries, err)
		}
	})
}

// Workers that run at the same time, and people who pause, resume and cancel
// meanwhile, give no payment a second attempt and lose none.
func TestBulkRetryByManyAtOnce(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 12, payments.ClassGeneric)
		b := d.startBulk(t, ps)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for d.bulk(t, b.ID).Open() {
					if err := d.WorkBulk(t.Context(), b.ID); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range 40 { // the last one resumes it
			turn := d.PauseBulk
			if i%2 == 1 {
				turn = d.ResumeBulk
			}
			if err := d.write(func(tx *models.Tx) error { return turn(tx, b.ID, aina) }); err != nil && code(err) != "bulk_moved" {
				t.Error(err)
			}
		}
		wg.Wait()
		d.wantBulk(t, b.ID, models.BulkFinished, 12, 0)
		for i := range ps {
			if n := len(d.attempts(t, ps[i].ID)); n != 2 {
				t.Errorf("payment %d has %d attempts", i, n)
			}
		}
	})
}

func TestBulkRetryIsCanceled(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 5, payments.ClassGeneric)
		b := d.startBulkAt(t, ps, payments.DefaultBulkRate)
		ctx, stop := context.WithCancel(t.Context()) // a node that is stopped
		defer stop()
		worked := make(chan error)
		go func() { worked <- d.WorkBulk(ctx, b.ID) }()
		for d.bulk(t, b.ID).Retried == 0 {
			continue // each look asks the database
		}
		stop()
		do(t, <-worked)
		done := d.bulk(t, b.ID).Retried
		if done == 0 || done == 5 || d.jobs(t, models.BulkRetryArgs{}.Kind()) != 2 {
			t.Fatalf("%d retried, %d jobs: it should have been handed on", done, d.jobs(t, models.BulkRetryArgs{}.Kind()))
		}
		do(t, d.write(func(tx *models.Tx) error { return d.CancelBulk(tx, b.ID, aina) }))
		d.wantBulk(t, b.ID, models.BulkCanceled, done, 5-done)
		do(t, d.WorkBulk(t.Context(), b.ID))
		d.wantBulk(t, b.ID, models.BulkCanceled, done, 5-done)
		for name, turn := range map[string]func(*models.Tx, string, models.Actor) error{"pause": d.PauseBulk, "resume": d.ResumeBulk, "cancel": d.CancelBulk} {
			if err := d.write(func(tx *models.Tx) error { return turn(tx, b.ID, aina) }); code(err) != "bulk_moved" {
				t.Errorf("%s afterwards: %v", name, err)
			}
		}
		if i := d.items(t, b.ID)[ps[4].ID]; i.Code != models.CodeBulkCanceled {
			t.Errorf("the last item is %+v", i)
		}
		d.startBulk(t, ps[4:]) // free for another
	})
}

// Canceled while workers are at it, every payment is either tried again or left
// as it was, and counted as that.
func TestBulkRetryCanceledAmidst(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 10, payments.ClassGeneric)
		b := d.startBulk(t, ps)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for d.bulk(t, b.ID).Open() {
					if err := d.WorkBulk(t.Context(), b.ID); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for d.bulk(t, b.ID).Retried < 3 {
			continue // each look asks the database
		}
		canceled := make([]error, 3)
		for i := range canceled {
			wg.Go(func() { canceled[i] = d.write(func(tx *models.Tx) error { return d.CancelBulk(tx, b.ID, aina) }) })
		}
		wg.Wait()
		if n := len(slices.DeleteFunc(canceled, func(err error) bool { return code(err) == "bulk_moved" })); n != 1 {
			t.Errorf("%d people canceled it", n)
		}
		retried := int64(0)
		for id, i := range d.items(t, b.ID) {
			attempts := 1
			if i.Verdict == models.BulkItemRetried {
				attempts = 2
				retried++
			}
			if n := len(d.attempts(t, id)); n != attempts {
				t.Errorf("%q with %d attempts", i.Verdict, n)
			}
		}
		d.wantBulk(t, b.ID, models.BulkCanceled, retried, 10-retried)
	})
}

// A worker that dies is followed by another, and nothing of its last step is half done.
func TestBulkRetryOutlivesItsWorker(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 3, payments.ClassGeneric)
		b := d.startBulk(t, ps)
		do(t, d.write(func(tx *models.Tx) error { // claims it, and is never heard of again
			_, err := tx.ClaimBulkRetry(b.ID)
			return err
		}))
		do(t, d.WorkBulk(t.Context(), b.ID))
		d.wantBulk(t, b.ID, models.BulkRunning, 0, 0)
		d.pass(3 * time.Minute)
		do(t, d.Rescue(t.Context()))
		if n := d.jobs(t, models.BulkRetryArgs{}.Kind()); n != 2 {
			t.Fatalf("%d jobs", n)
		}
		do(t, d.WorkBulk(t.Context(), b.ID))
		d.wantBulk(t, b.ID, models.BulkFinished, 3, 0)
	})
}

// A step that is broken off anywhere, as by a crash, leaves its payment as it
// was or with one attempt.
func TestBulkRetryBrokenOffAnywhere(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 8, payments.ClassGeneric)
		b := d.startBulk(t, ps)
		for i := 0; d.bulk(t, b.ID).Open(); i++ {
			if i == 500 {
				t.Fatal("it never ends")
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
			_ = d.WorkBulk(ctx, b.ID) // broken off, with or without an error
			stop()
			d.pass(2 * time.Minute) // the lease of a worker that died is over
		}
		d.wantBulk(t, b.ID, models.BulkFinished, 8, 0)
		for i := range ps {
			if n := len(d.attempts(t, ps[i].ID)); n != 2 {
				t.Errorf("payment %d has %d attempts", i, n)
			}
		}
	})
}

// Of several people who start with the same payments, in whatever order, one
// gets them all, and what is paid meanwhile is left alone.
func TestBulkRetriesOfTheSamePayments(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		ps := d.refused(t, 10, payments.ClassGeneric)
		errs := make([]error, 6)
		var wg sync.WaitGroup
		for i := range errs {
			mine := slices.Clone(ps)
			if i%2 == 1 {
				slices.Reverse(mine)
			}
			wg.Go(func() {
				errs[i] = d.write(func(tx *models.Tx) error {
					_, err := d.StartBulk(tx, payments.BulkRequest{Payments: mine, PerMinute: payments.MaxBulkRate, Reason: "the bank is back", Actor: aina})
					return err
				})
			})
		}
		wg.Wait()
		started := 0
		for _, err := range errs {
			if err == nil {
				started++
			} else if code(err) != "in_bulk_retry" {
				t.Error(err)
			}
		}
		all, _, err := db.BulkRetries(t.Context(), models.Page{})
		do(t, err)
		if started != 1 || len(all) != 1 {
			t.Fatalf("%d were started, %d are stored", started, len(all))
		}
		d.bank.answer = succeeds
		do(t, d.write(func(tx *models.Tx) error {
			_, err := d.Retry(tx, models.AllMerchants(), ps[4].ID, payments.RetryRequest{Reason: "at once", Actor: aina})
			return err
		}))
		do(t, d.Send(t.Context(), d.attempts(t, ps[4].ID)[1].ID))
		do(t, d.WorkBulk(t.Context(), all[0].ID))
		d.wantBulk(t, all[0].ID, models.BulkFinished, 9, 1)
		if i, n := d.items(t, all[0].ID)[ps[4].ID], len(d.attempts(t, ps[4].ID)); i.Verdict != models.BulkItemRefused || n != 2 {
			t.Errorf("what was paid meanwhile: %+v, %d attempts", i, n)
		}
	})
}

func TestBulkRequests(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := newDesk(t, db)
		one := []models.Payment{{ID: "pay_x"}}
		for name, in := range map[string]payments.BulkRequest{
			"reason_required":  {Payments: one, PerMinute: 60, Reason: " "},
			"out_of_range":     {Payments: one, PerMinute: 601, Reason: "the bank is back"},
			"nothing_to_retry": {PerMinute: 60, Reason: "the bank is back"},
			"bulk_too_large":   {Payments: make([]models.Payment, models.MaxBulk+1), PerMinute: 60, Reason: "the bank is back"},
		} {
			in.Actor = aina
			err := d.write(func(tx *models.Tx) error { _, err := d.StartBulk(tx, in); return err })
			if code(err) != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := d.PlanBulk(t.Context(), models.AllMerchants(), make([]string, models.MaxBulk+1), aina); err == nil {
			t.Error("a plan of too many")
		}
		if err := d.write(func(tx *models.Tx) error { return d.PauseBulk(tx, "blk_none", aina) }); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a bulk retry that does not exist: %v", err)
		}
	})
}
