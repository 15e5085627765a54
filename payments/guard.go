package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/monitor"
)

// BusyError says that an account has no room for another call now; nothing was done.
type BusyError struct{ After time.Duration }

func (b BusyError) Error() string { return fmt.Sprintf("the payment account is busy for %s", b.After) }

// Protection of providers.
const (
	bulkhead       = 16               // calls of one account at the same time, on one node
	rateBlock      = 5                // requests reserved at once, see models.TakeGatewayCalls
	breakerTrips   = 8                // failures in a row that open the breaker
	breakerOpenFor = 30 * time.Second // then one call is let through
	busyFor        = 500 * time.Millisecond
)

// guards protect each account's provider: a limit of requests a second, which
// all nodes share; a bulkhead, so that one provider that hangs does not take
// all workers; and a breaker that stops calling one that fails.
type guards struct {
	db      *models.DB
	policy  Policy
	log     *slog.Logger
	figures *monitor.Figures

	mu        sync.Mutex
	byAccount map[string]*guard
}

type guard struct {
	slots chan struct{}

	mu      sync.Mutex
	second  time.Time // that tokens are for
	tokens  int
	breaker *gobreaker.TwoStepCircuitBreaker[Result]
	madeAt  time.Time // of the breaker
	told    gobreaker.State
}

func newGuards(db *models.DB, policy Policy, log *slog.Logger) *guards {
	return &guards{db: db, policy: policy, log: log, byAccount: make(map[string]*guard)}
}

func (g *guards) of(accountID string) *guard {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.byAccount[accountID]
	if one == nil {
		one = &guard{slots: make(chan struct{}, bulkhead)}
		g.byAccount[accountID] = one
	}
	return one
}

// enter waits for nothing: it takes a place and a request of the account, or
// says how long to stay away. The place must be left.
func (g *guards) enter(ctx context.Context, accountID *string) (leave func(), err error) {
	if accountID == nil {
		return func() {}, nil
	}
	one := g.of(*accountID)
	select {
	case one.slots <- struct{}{}:
	default:
		return nil, BusyError{After: busyFor + rand.N(busyFor)}
	}
	leave = func() { <-one.slots }
	granted, err := g.take(ctx, one, *accountID)
	if err != nil || !granted {
		leave()
		if err == nil {
			now := g.db.Now()
			err = BusyError{After: now.Truncate(time.Second).Add(time.Second).Sub(now) + rand.N(busyFor)}
		}
		return nil, err
	}
	return leave, nil
}

// take uses one request of the second.
func (g *guards) take(ctx context.Context, one *guard, accountID string) (bool, error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	now := g.db.Now()
	if second := now.Truncate(time.Second); !one.second.Equal(second) {
		one.second, one.tokens = second, 0
	}
	if one.tokens == 0 {
		granted, err := g.db.TakeGatewayCalls(ctx, accountID, now, rateBlock)
		if errors.Is(err, models.ErrNotFound) {
			return true, nil // preparing the call says what is wrong
		}
		if err != nil || granted == 0 {
			return false, err
		}
		one.tokens = granted
	}
	one.tokens--
	return true, nil
}

// subject is what a call is about.
type subject struct{ purpose, merchantID, paymentID, objectID string }

// run makes a call unless the account's breaker is open, and keeps what it sent
// and got.
func (g *guards) run(
	ctx context.Context, o order, about subject, timeout time.Duration, call func(context.Context) Result,
) (Result, report) {
	one := g.of(o.gateway.ID)
	done, open := one.allow(g, o.gateway)
	if open != nil {
		return *open, report{}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx, span := monitor.Start(ctx, "provider "+about.purpose, "provider", o.gateway.Kind, "account.id", o.gateway.ID,
		"payment.id", about.paymentID, "object.id", about.objectID)
	ctx, calls := recordCalls(ctx, o)
	start := time.Now()
	outcome := "panic"
	failure := errFailing // also of a call that panics: a breaker that is half open waits for its end
	defer func() {
		g.figures.ProviderCall(o.gateway.Kind, outcome, time.Since(start))
		span.Set("outcome", outcome)
		span.End(failureWord(failure))
		done(failure)
		g.tell(one, o.gateway)
	}()
	result := call(ctx)
	outcome, failure = string(result.Outcome), failing(result)
	return result, report{latency: time.Since(start), calls: calls.rows(o.gateway, about)}
}

var errFailing = errors.New("the provider fails")

// failureWord is how a span names a failure.
func failureWord(failure error) string {
	if failure == nil {
		return ""
	}
	return failure.Error()
}

// guarded counts the refusals that keep a payment from being charged twice.
func (g *guards) guarded(err error) error {
	if refused, ok := errors.AsType[*models.Error](err); ok {
		switch refused.Code {
		case "attempt_open":
			g.figures.Guarded(monitor.GuardOpen)
		case "amount_exceeds_due":
			g.figures.Guarded(monitor.GuardAmount)
		}
	}
	return err
}

// failing says whether a result speaks against the provider as a whole.
func failing(r Result) error {
	unreachable := r.HTTPStatus == 0 && !r.Misconfigured && (r.Outcome == OutcomeNotSent || r.Outcome == OutcomeUnknown)
	if unreachable || r.HTTPStatus >= http.StatusInternalServerError {
		return errFailing
	}
	return nil
}

// allow asks the breaker; the result says that it is open.
func (one *guard) allow(g *guards, account *models.GatewayAccount) (done func(error), open *Result) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.breaker == nil || account.BreakerResetAt != nil && account.BreakerResetAt.After(one.madeAt) {
		one.breaker, one.madeAt, one.told = newBreaker(account.ID), g.db.Now(), gobreaker.StateClosed
	}
	now := g.db.Now()
	if until := account.BreakerOpenUntil; until != nil && until.After(now) { // perhaps opened by another node
		return nil, breakerOpen(until.Sub(now))
	}
	done, err := one.breaker.Allow()
	if err != nil {
		return nil, breakerOpen(breakerOpenFor)
	}
	return done, nil
}

// codeBreakerOpen is the code of results of calls that were not made.
const codeBreakerOpen = "breaker_open"

func breakerOpen(wait time.Duration) *Result {
	return &Result{
		Outcome: OutcomeNotSent, Code: codeBreakerOpen, RetryAfter: wait,
		Message: "Nothing was sent: the provider has failed too often in the last moments.",
	}
}

func newBreaker(accountID string) *gobreaker.TwoStepCircuitBreaker[Result] {
	return gobreaker.NewTwoStepCircuitBreaker[Result](gobreaker.Settings{
		Name: accountID, MaxRequests: 1, Timeout: breakerOpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
	})
}

// tell lets all nodes and the account's page know when the breaker has moved.
func (g *guards) tell(one *guard, account *models.GatewayAccount) {
	one.mu.Lock()
	state := one.breaker.State()
	moved := state != one.told
	one.told = state
	one.mu.Unlock()
	if !moved {
		return
	}
	g.log.Warn("payment account's breaker moved", "account", account.ID, "to", state.String())
	ctx, cancel := context.WithTimeout(context.Background(), Settling)
	defer cancel()
	var err error
	switch state {
	case gobreaker.StateOpen:
		err = g.db.TripGateway(ctx, account.ID, g.db.Now().Add(breakerOpenFor))
	case gobreaker.StateClosed:
		err = g.db.CloseGateway(ctx, account.ID)
	case gobreaker.StateHalfOpen:
	}
	if err != nil {
		g.log.Error("breaker's state not stored", "account", account.ID, "error", err)
	}
}
