//go:build !race

package payments_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/secret"
)

// model drives a payment through what workers, shops, agents, providers and
// crashes can do to it, in any order.
type model struct {
	*payments.Service

	db      *models.DB
	bank    *modelBank
	shop    *models.Merchant
	gateway string
	offset  atomic.Int64
	steps   atomic.Int64

	payment string
	order   string
	reached map[models.PaymentStatus]int // how many checks saw a payment there
	given   int                          // that saw money given back
}

func newModel(t *testing.T, db *models.DB) *model {
	t.Helper()
	keys, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	m := &model{db: db, bank: newModelBank(), reached: map[models.PaymentStatus]int{}}
	clock := db.Now
	db.Now = func() time.Time { return clock().Add(time.Duration(m.offset.Load())) }
	if db.Dialect == models.SQLite { // the model's crashes are not the machine's
		if _, err := db.SQL().ExecContext(t.Context(), "PRAGMA synchronous = OFF"); err != nil {
			t.Fatal(err)
		}
	}
	m.shop = modelstest.Merchant(t, db)
	m.gateway = modelstest.Gateway(t, db, m.shop.ID).ID
	modelstest.Write(t, db, func(tx *models.Tx) error { return tx.SetGatewayRateLimit(m.gateway, 1000) })
	m.Service = payments.NewService(db, credentials.New(keys), map[string]payments.Provider{"sandbox": m.bank},
		payments.DefaultPolicy(), slog.New(slog.DiscardHandler))
	return m
}

// survive runs a step of a worker, which may die in a call. Refusals are part of
// life; anything else is a failure.
func (m *model) survive(t *rapid.T, step func(ctx context.Context) error) {
	m.steps.Add(1)
	defer func() {
		if died := recover(); died != nil {
			if _, ok := died.(crash); !ok {
				panic(died)
			}
		}
	}()
	err := step(context.Background())
	var (
		refused *models.Error
		busy    payments.BusyError
	)
	if err != nil && !errors.As(err, &refused) && !errors.As(err, &busy) {
		t.Fatalf("step failed: %v", err)
	}
}

func (m *model) write(t *rapid.T, fn func(tx *models.Tx) error) {
	m.survive(t, func(ctx context.Context) error { return m.db.Write(ctx, fn) })
}

func (m *model) begin(t *rapid.T, tb *testing.T) {
	o := modelstest.Order(tb, m.db, m.shop.ID, 1000)
	m.order = o.ID
	capture := rapid.SampledFrom([]string{models.CaptureAutomatic, models.CaptureManual}).Draw(t, "capture")
	err := m.db.Write(context.Background(), func(tx *models.Tx) error {
		p, err := m.Accept(tx, m.shop.ID, payments.New{
			OrderID: o.ID, Amount: 1000, Currency: "EUR", MethodType: "wallet", Token: "tok_x", Capture: capture,
		})
		if err == nil {
			m.payment = p.ID
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *model) attempts(t *rapid.T) []models.Attempt {
	rows, err := m.db.Attempts(context.Background(), m.payment)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (m *model) last(t *rapid.T) models.Attempt {
	rows := m.attempts(t)
	return rows[len(rows)-1]
}

func (m *model) refunds(t *rapid.T) []models.Refund {
	rows, _, err := m.db.Refunds(context.Background(), models.MerchantScope(m.shop.ID), m.payment, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (m *model) state(t *rapid.T) *models.Payment {
	p, err := m.db.Payment(context.Background(), models.MerchantScope(m.shop.ID), m.payment)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var clerk = models.Actor{Kind: "user", ID: "usr_1", Name: "Aina"}

// actions are the steps. Jobs may run at any time and more than once, as after
// a rescue.
func (m *model) actions() map[string]func(*rapid.T) {
	scope := models.MerchantScope(m.shop.ID)
	act := payments.Action{Reason: "the customer asked", Actor: clerk}
	draw := func(t *rapid.T) { m.bank.next = rapid.SampledFrom(plans).Draw(t, "plan") }
	desk := func(do func(tx *models.Tx, t *rapid.T) error) func(*rapid.T) {
		return func(t *rapid.T) { m.write(t, func(tx *models.Tx) error { return do(tx, t) }) }
	}
	return map[string]func(*rapid.T){
		"send": func(t *rapid.T) {
			draw(t)
			id := m.last(t).ID
			m.survive(t, func(ctx context.Context) error { return m.Send(ctx, id) })
		},
		"reconcile": func(t *rapid.T) {
			draw(t)
			a, inquiry := m.last(t), rapid.IntRange(0, 9).Draw(t, "inquiry")
			m.survive(t, func(ctx context.Context) error { return m.Reconcile(ctx, a.ID, inquiry) })
		},
		"auto retry": func(t *rapid.T) {
			n := m.state(t).Attempts
			m.survive(t, func(ctx context.Context) error { return m.AutoRetry(ctx, m.payment, n) })
		},
		"rescue": func(t *rapid.T) { m.survive(t, m.Rescue) },
		"wait": func(t *rapid.T) {
			m.steps.Add(1)
			m.offset.Add(int64(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 3 * time.Minute, 25 * time.Hour}).Draw(t, "time")))
		},
		"customer": func(t *rapid.T) {
			m.steps.Add(1)
			m.bank.finish(m.last(t).ID, rapid.Bool().Draw(t, "well"))
		},
		"webhook": func(t *rapid.T) { m.webhook(t) },
		"retry": desk(func(tx *models.Tx, _ *rapid.T) error {
			_, err := m.Retry(tx, scope, m.payment, payments.RetryRequest{Reason: "again", Actor: clerk})
			return err
		}),
		"capture": desk(func(tx *models.Tx, t *rapid.T) error {
			in := act
			in.Amount = rapid.SampledFrom([]int64{0, 400, 1000}).Draw(t, "amount")
			_, err := m.Capture(tx, scope, m.payment, in)
			return err
		}),
		"void": desk(func(tx *models.Tx, _ *rapid.T) error {
			_, err := m.Void(tx, scope, m.payment, act)
			return err
		}),
		"cancel": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "really") > 0 {
				return // or most lives would end at once
			}
			m.write(t, func(tx *models.Tx) error {
				_, err := m.Cancel(tx, scope, m.payment, act)
				return err
			})
			id := m.last(t).ID
			m.survive(t, func(ctx context.Context) error { return m.CancelAttempt(ctx, id) })
		},
		"review": desk(func(tx *models.Tx, _ *rapid.T) (err error) { // a human who looks before deciding
			in := act
			switch charges, captured, _, reserved := m.bank.book(m.payment); {
			case reserved:
				_, err = m.KeepWaiting(tx, scope, m.payment, in)
			case charges > 0:
				in.Amount = captured
				_, err = m.ConfirmPaid(tx, scope, m.payment, in)
			}
			return err // what may yet be charged keeps waiting
		}),
		"refund": desk(func(tx *models.Tx, t *rapid.T) error {
			_, err := m.Refund(tx, scope, payments.RefundRequest{
				PaymentID: m.payment, Amount: rapid.SampledFrom([]int64{300, 700, 1000}).Draw(t, "amount"), Reason: "broken", Actor: clerk,
			})
			return err
		}),
		"send refund": func(t *rapid.T) {
			draw(t)
			for _, r := range m.refunds(t) {
				m.survive(t, func(ctx context.Context) error { return m.SendRefund(ctx, r.ID) })
			}
		},
		"reconcile refund": func(t *rapid.T) {
			draw(t)
			for _, r := range m.refunds(t) {
				m.survive(t, func(ctx context.Context) error { return m.ReconcileRefund(ctx, r.ID, 1) })
			}
		},
		"retry refund": desk(func(tx *models.Tx, t *rapid.T) error {
			for _, r := range m.refunds(t) {
				if r.Status == models.RefundFailed {
					_, err := m.RetryRefund(tx, scope, r.ID, act)
					return err
				}
			}
			return nil
		}),
		"": m.check,
	}
}

// webhook delivers one of the bank's notices, any of them and perhaps not for
// the first time, and applies it.
func (m *model) webhook(t *rapid.T) {
	if len(m.bank.notices) == 0 {
		return
	}
	n := m.bank.notices[rapid.IntRange(0, len(m.bank.notices)-1).Draw(t, "notice")]
	body, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	m.survive(t, func(ctx context.Context) error {
		_, err := m.Receive(ctx, m.gateway, payments.Webhook{Header: http.Header{}, Body: body, ReceivedAt: m.db.Now()})
		return err
	})
	events, _, err := m.db.InboundEvents(context.Background(), models.MerchantScope(m.shop.ID),
		models.InboundFilter{Status: models.InboundReceived}, models.Page{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		m.survive(t, func(ctx context.Context) error { return m.ApplyInbound(ctx, e.ID) })
	}
}

// check holds what must be true at any moment.
func (m *model) check(t *rapid.T) {
	p, open := m.state(t), 0
	for _, a := range m.attempts(t) {
		if a.Status.Open() {
			open++
		}
	}
	charges, captured, refunded, reserved := m.bank.book(m.payment)
	m.reached[p.Status]++
	if refunded > 0 {
		m.given++
	}
	wrong := func(format string, args ...any) {
		t.Fatalf("%s\npayment %s %s issue=%q captured %d refunded %d+%d; bank: %d charges, captured %d, refunded %d",
			fmt.Sprintf(format, args...), p.ID, p.Status, p.Issue, p.AmountCaptured, p.AmountRefunded, p.AmountRefundPending,
			charges, captured, refunded)
	}
	switch {
	case charges > 1:
		wrong("charged twice")
	case open > 1:
		wrong("%d open attempts", open)
	case refunded > captured:
		wrong("more given back than taken")
	case p.AmountRefunded+p.AmountRefundPending > p.AmountCaptured || p.AmountCaptured > p.Amount:
		wrong("amounts do not add up")
	case p.Status == models.PaymentPaid && (charges != 1 || reserved || p.AmountCaptured != captured):
		wrong("believed paid")
	case p.Status == models.PaymentFailed && charges > 0 && p.Issue == models.IssueNone:
		wrong("believed failed")
	case (p.Status == models.PaymentVoided || p.Status == models.PaymentCanceled || p.Status == models.PaymentExpired) && charges > 0 &&
		p.Issue == models.IssueNone:
		wrong("believed ended")
	}
	o, err := m.db.Order(context.Background(), models.MerchantScope(m.shop.ID), m.order)
	if err != nil {
		t.Fatal(err)
	}
	if p.Status == models.PaymentPaid && (o.AmountPaid != p.AmountCaptured || o.AmountPending != 0 || o.AmountAuthorized != 0) ||
		o.AmountRefunded != p.AmountRefunded {
		wrong("the order holds paid %d, pending %d, authorized %d, refunded %d", o.AmountPaid, o.AmountPending, o.AmountAuthorized, o.AmountRefunded)
	}
}

// bury keeps rescues from what earlier lives have left.
func (m *model) bury(t *rapid.T) {
	for _, table := range []string{"attempts", "refunds", "inbound_events"} {
		if _, err := m.db.SQL().ExecContext(context.Background(), "UPDATE "+table+" SET lease_until = NULL WHERE lease_until IS NOT NULL"); err != nil {
			t.Fatal(err)
		}
	}
}

// drive checks one payment's life.
func (m *model) drive(tb *testing.T) func(*rapid.T) {
	return func(t *rapid.T) {
		m.bank.mu.Lock()
		m.bank.notices = nil
		m.bank.mu.Unlock()
		m.bury(t)
		m.begin(t, tb)
		t.Repeat(m.actions())
	}
}

// Each part has one goroutine, in which the race detector could see nothing: it
// would only take most of the time. make test runs it without.
//
// Whatever happens in whatever order, nobody is charged twice, no more is given
// back than was taken, and what is believed to be final is true. Both databases
// together see more than 20,000 steps; each part has its own.
func TestAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	const parts, steps = 3, 3_400
	for part := range parts {
		t.Run(fmt.Sprint("part ", part), func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				m := newModel(t, db)
				for m.steps.Load() < steps && !t.Failed() {
					rapid.Check(t, m.drive(t))
				}
				t.Logf("%d steps; payments seen %v, money given back %d times", m.steps.Load(), m.reached, m.given)
				for _, status := range []models.PaymentStatus{
					models.PaymentPaid, models.PaymentFailed, models.PaymentUnknown, models.PaymentAuthorized, models.PaymentCanceled,
				} {
					if m.reached[status] == 0 {
						t.Errorf("no payment came to be %s: the model has lost an action", status)
					}
				}
			})
		})
	}
}
