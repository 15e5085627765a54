package models

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// DeliveryResult is what came of one attempt.
type DeliveryResult struct {
	Delivery Delivery // as it was claimed
	Attempt  DeliveryAttempt
	Status   string     // where the delivery goes from there
	Next     *time.Time // with DeliveryRetrying
	// Endpoint is as it was when the delivery was claimed.
	Endpoint *Endpoint
	Gone     bool // the endpoint wants no more
	Canceled bool // the attempt was cut off by this side, which says nothing about the endpoint
	Spared   bool // it does not count in the schedule
}

// StoreDeliveries stores attempts, where their deliveries go from there, and
// what they say of their endpoints: one that has only failed for longer than
// patience is disabled. A result that comes so late that its delivery went on
// without it is noted among the attempts and decides nothing.
func (tx *Tx) StoreDeliveries(results []DeliveryResult, patience time.Duration) error {
	if len(results) == 0 {
		return nil
	}
	slices.SortFunc(results, func(a, b DeliveryResult) int { return strings.Compare(a.Delivery.ID, b.Delivery.ID) })
	attempts := make([]DeliveryAttempt, len(results))
	for i := range results {
		r := &results[i]
		r.Attempt.DeliveryID, r.Attempt.Number, r.Attempt.Cause = r.Delivery.ID, r.Delivery.Attempts, r.Delivery.Cause
		attempts[i] = r.Attempt
	}
	// In the place of what was noted when the attempt counted as lost.
	if err := insertMany(tx, attempts, clause.OnConflict{UpdateAll: true}); err != nil {
		return err
	}
	if err := tx.moveDeliveries(results); err != nil {
		return err
	}
	if err := tx.judgeEndpoints(results, patience); err != nil {
		return err
	}
	return tx.countAttempts(results)
}

// moveDeliveries sends claimed deliveries on, those that are still held by the
// worker who claimed them.
func (tx *Tx) moveDeliveries(results []DeliveryResult) error {
	row, args := "(?, ?, ?, ?, ?, ?, ?)", make([]any, 0, 7*len(results)+1)
	if tx.db.Dialect == Postgres { // which cannot tell the types of bare parameters
		row = "(?::text, ?::bigint, ?::bigint, ?::text, ?::timestamptz, ?::bigint, ?::text)"
	}
	merchants := make(map[string]string, len(results))
	for i := range results {
		r := &results[i]
		merchants[r.Delivery.ID] = r.Delivery.MerchantID
		spared := 0
		if r.Spared {
			spared = 1
		}
		args = append(args, r.Delivery.ID, r.Delivery.Attempts, spared, r.Status, r.Next, r.Attempt.Status, r.Attempt.Error)
	}
	var moved []string
	err := tx.q().Raw("WITH result (id, attempts, spared, status, next, code, error) AS (VALUES "+tuples(row, len(results))+`)
		UPDATE deliveries SET status = result.status, next_attempt_at = result.next, last_status = result.code, last_error = result.error,
			round_start = round_start + result.spared, cause = 'schedule', lease_until = NULL, updated_at = ?
		FROM result WHERE deliveries.id = result.id AND deliveries.attempts = result.attempts AND deliveries.status = 'delivering'
		RETURNING deliveries.id`, append(args, tx.now)...).Scan(&moved).Error
	if err != nil {
		return fmt.Errorf("store results of deliveries: %w", err)
	}
	for _, id := range moved {
		tx.Announce(Hint{Topic: TopicDelivery, ID: id, MerchantID: merchants[id]})
	}
	return nil
}

// verdict is what a batch of results says of an endpoint.
type verdict struct {
	endpoint              *Endpoint // as it was when the newest of its deliveries was claimed
	arrived, failed, gone bool
}

// verdicts sums up results by endpoint. What an endpoint did before somebody
// changed it says nothing of what it is now, unless something arrived.
func verdicts(results []DeliveryResult) map[string]*verdict {
	byID := map[string]*verdict{}
	for i := range results {
		r := &results[i]
		v := byID[r.Endpoint.ID]
		switch {
		case v == nil:
			v = &verdict{endpoint: r.Endpoint}
			byID[r.Endpoint.ID] = v
		case r.Endpoint.UpdatedAt.After(v.endpoint.UpdatedAt):
			*v = verdict{endpoint: r.Endpoint, arrived: v.arrived}
		}
		switch {
		case r.Status == DeliveryDelivered:
			v.arrived = true
		case r.Endpoint.UpdatedAt.Equal(v.endpoint.UpdatedAt):
			v.failed, v.gone = v.failed || !r.Canceled, v.gone || r.Gone
		}
	}
	return byID
}

// longestSilence is above the longest wait between two attempts of a delivery,
// which an endpoint may double. Who was not tried for longer has not failed since.
const longestSilence = 50 * time.Hour

// disableFailing disables an endpoint whose first failure is too long ago, if it
// went on: between one failure and the next one, of an event days later, it may
// well have worked.
func (tx *Tx) disableFailing(e *Endpoint) error {
	tried, err := all[endpointHour](tx.q().Where("endpoint_id = ? AND hour > ?", e.ID, tx.now.Add(-longestSilence).UTC()).Limit(1))
	if err != nil {
		return err
	}
	if len(tried) > 0 {
		return tx.DisableEndpoint(e, EndpointFailing)
	}
	// What was claimed before says nothing any more.
	_, err = tx.update("webhook_endpoints", map[string]any{"failing_since": tx.now, "updated_at": tx.now},
		"id = ? AND updated_at = ?", e.ID, e.UpdatedAt)
	return err
}

// judgeEndpoints keeps since when endpoints have only failed, and disables those
// that have for too long, or are gone.
func (tx *Tx) judgeEndpoints(results []DeliveryResult, patience time.Duration) error {
	byID := verdicts(results)
	var arrived, failed []string // failed: those that change for it
	for id, v := range byID {
		since := v.endpoint.FailingSince
		switch {
		case v.gone, v.failed && !v.arrived && (since == nil || tx.now.Sub(*since) > patience): // which may begin anew
			failed = append(failed, id)
		case v.arrived:
			arrived = append(arrived, id)
		}
	}
	if len(failed) == 0 && len(arrived) == 0 {
		return nil
	}
	// Who is claiming is waited for: an arrival that is passed over would leave an
	// endpoint to be disabled that works.
	held, err := tx.lockIDs("webhook_endpoints", forUpdate, "id IN ? OR (id IN ? AND failing_since IS NOT NULL)", failed, arrived)
	if err != nil {
		return err
	}
	for _, id := range held {
		v := byID[id]
		switch {
		case v.gone:
			err = tx.DisableEndpoint(v.endpoint, EndpointGone)
		case v.arrived: // the time of failures may have begun after the delivery was claimed
			_, err = tx.update("webhook_endpoints", map[string]any{"failing_since": nil, "updated_at": tx.now}, "id = ?", id)
		case v.endpoint.FailingSince == nil:
			_, err = tx.update("webhook_endpoints", map[string]any{"failing_since": tx.now},
				"id = ? AND failing_since IS NULL AND updated_at = ?", id, v.endpoint.UpdatedAt)
		default:
			err = tx.disableFailing(v.endpoint)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
