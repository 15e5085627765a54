package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	sandboxprovider "github.com/tillpost/tillpost/payments/sandbox"
)

// pass puts the clock forward.
func (s *till) pass(d time.Duration) { s.passed.Add(int64(d)) }

// restart stops the workers and starts them anew, which wait so long for the
// bank's answers; what protects the bank starts anew as well.
func (s *till) restart(patience time.Duration) {
	policy := payments.DefaultPolicy()
	policy.Timeout = patience
	s.site.pay = payments.NewService(s.site.db, s.site.vault,
		map[string]payments.Provider{"sandbox": sandboxprovider.New(http.DefaultClient)}, policy, slog.New(slog.DiscardHandler))
}

// queuedJob is a job that waits for a worker.
type queuedJob struct {
	id         int64
	kind, args string
	at         time.Time
	available  bool // at once, by whatever clock
}

func (j queuedJob) due(now time.Time) bool { return j.available || !j.at.After(now) }

// queued are the money's jobs, the soonest first.
func (s *till) queued() []queuedJob {
	s.t.Helper()
	args := map[models.Dialect]string{models.SQLite: "json(args)", models.Postgres: "args"}[s.site.db.Dialect]
	rows, err := s.site.db.SQL().QueryContext(s.t.Context(),
		"SELECT id, kind, "+args+", scheduled_at, state = 'available' FROM river_job WHERE queue = '"+models.QueueMoney+"' ORDER BY scheduled_at, id")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var jobs []queuedJob
	for rows.Next() {
		var j queuedJob
		if err := rows.Scan(&j.id, &j.kind, &j.args, &j.at, &j.available); err != nil {
			s.t.Fatal(err)
		}
		jobs = append(jobs, j)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return jobs
}

// work does the money's jobs that are due, one after the other, until none is left.
func (s *till) work() {
	s.t.Helper()
	for {
		done := []string{"0"}
		for _, j := range s.queued() {
			if j.due(s.site.db.Now()) {
				s.do(j)
				done = append(done, strconv.FormatInt(j.id, 10))
			}
		}
		if len(done) == 1 {
			return
		}
		s.forget("id IN (" + strings.Join(done, ", ") + ")")
	}
}

// forget takes jobs out of the queue.
func (s *till) forget(which string) {
	s.t.Helper()
	if _, err := s.site.db.SQL().ExecContext(s.t.Context(), "DELETE FROM river_job WHERE "+which); err != nil {
		s.t.Fatal(err)
	}
}

// do does a job as its worker would. A job that has to wait for the bank puts
// the clock forward.
func (s *till) do(j queuedJob) {
	s.t.Helper()
	ctx, pay := s.t.Context(), s.site.pay
	for {
		var err error
		switch j.kind {
		case models.ChargeArgs{}.Kind():
			err = as(j, func(a models.ChargeArgs) error { return pay.Send(ctx, a.AttemptID) })
		case models.ReconcileArgs{}.Kind():
			err = as(j, func(a models.ReconcileArgs) error { return pay.Reconcile(ctx, a.AttemptID, a.Inquiry) })
		case models.RetryArgs{}.Kind():
			err = as(j, func(a models.RetryArgs) error { return pay.AutoRetry(ctx, a.PaymentID, a.After) })
		case models.RefundArgs{}.Kind():
			err = as(j, func(a models.RefundArgs) error { return pay.SendRefund(ctx, a.RefundID) })
		case models.InboundArgs{}.Kind():
			err = as(j, func(a models.InboundArgs) error { return pay.ApplyInbound(ctx, a.InboundID) })
		default:
			err = fmt.Errorf("nobody works %s", j.kind)
		}
		busy, again := errors.AsType[payments.BusyError](err)
		switch {
		case again:
			s.pass(busy.After)
		case err != nil:
			s.t.Fatal(err)
		default:
			return
		}
	}
}

func as[T any](j queuedJob, fn func(args T) error) error {
	var args T
	if err := json.Unmarshal([]byte(j.args), &args); err != nil {
		return err
	}
	return fn(args)
}

// wait puts the clock forward to the next of the money's jobs and does what is
// due then; false when nothing is left to wait for.
func (s *till) wait() bool {
	s.t.Helper()
	jobs := s.queued()
	if len(jobs) == 0 {
		return false
	}
	s.pass(max(0, jobs[0].at.Sub(s.site.db.Now())) + time.Millisecond)
	s.work()
	return true
}

// wantCharges wants so many charges in the bank's ledger, each of the whole amount.
func (s *till) wantCharges(want int) {
	s.t.Helper()
	if charges, captured, _ := s.ledger(); charges != want || captured != int64(want)*4990 {
		s.t.Errorf("the bank made %d charges over %d, want %d", charges, captured, want)
	}
}

// resend sends an attempt whatever became of it, as a job does that a rescue repeats.
func (s *till) resend(attemptID string) {
	s.t.Helper()
	err := s.site.pay.Send(s.t.Context(), attemptID)
	if _, busy := errors.AsType[payments.BusyError](err); err != nil && !busy {
		s.t.Error(err)
	}
}
