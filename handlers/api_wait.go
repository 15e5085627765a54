package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/live"
	"github.com/tillpost/tillpost/models"
)

// Bounds of waiting for a payment.
const (
	maxWait    = 20 * time.Second
	waitMargin = 2 * time.Second // of the request's time, to answer in
	waitPoll   = time.Second     // hints may be lost, and those of other nodes late
)

// preferredWait reads wait=N of a Prefer header (RFC 7240); what cannot be read
// is ignored, as it asks.
func preferredWait(header string) time.Duration {
	for preference := range strings.SplitSeq(header, ",") {
		preference, _, _ = strings.Cut(preference, ";")
		name, value, _ := strings.Cut(preference, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
		if err != nil || seconds <= 0 {
			return 0
		}
		return min(time.Duration(min(seconds, int(maxWait/time.Second)))*time.Second, maxWait)
	}
	return 0
}

// awaitPayment holds the answer to an accepted payment back until its outcome
// or the customer's next step is known, as long as the caller prefers to wait.
// Nothing is held meanwhile: no transaction, no connection to the database.
func (a *shopAPI) awaitPayment(ctx context.Context, call *apiCall, in *createPaymentInput, answer *apiAnswer) error {
	wait := preferredWait(in.Prefer)
	if wait == 0 {
		return nil
	}
	answer.Applied = fmt.Sprintf("wait=%d", int(wait/time.Second))
	var accepted struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer.Body, &accepted); err != nil {
		return fmt.Errorf("read own answer: %w", err)
	}
	p, err := a.settledPayment(ctx, call.scope, accepted.ID, wait)
	if err != nil || p == nil {
		// It was accepted, and that is what the answer says already.
		if err != nil {
			a.Log.WarnContext(ctx, "wait for payment ended early", "payment", accepted.ID, "error", err)
		}
		return nil
	}
	answer.Body, err = encodeJSON(p)
	return err
}

// settledPayment reads the payment when it is settled, or when the time is up.
func (a *shopAPI) settledPayment(
	ctx context.Context, scope models.Scope, id string, wait time.Duration,
) (*models.PaymentJSON, error) {
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-waitMargin)
	}
	sub := a.Hub.Subscribe(scope, "")
	defer sub.Close()
	timeout := time.NewTimer(max(wait, 0))
	defer timeout.Stop()
	poll := time.NewTicker(waitPoll)
	defer poll.Stop()
	hints := sub.C
	for {
		p, err := a.DB.PaymentObject(ctx, scope, id)
		if err != nil || awaited(p.Status) {
			return p, err
		}
		for heard := false; !heard; {
			select {
			case hint, open := <-hints:
				if !open {
					hints = nil
				}
				heard = hint.Hint.ID == id || hint.Topic == live.SyncTopic
			case <-poll.C:
				heard = true
			case <-timeout.C:
				return a.DB.PaymentObject(ctx, scope, id)
			case <-a.AppContext.Done():
				return p, nil
			case <-ctx.Done():
				return p, nil
			}
		}
	}
}

// awaited says whether a payment of the status tells a caller what to do next.
func awaited(s models.PaymentStatus) bool {
	switch s {
	case models.PaymentPending, models.PaymentProcessing, models.PaymentUnknown:
		return false
	default:
		return true
	}
}
