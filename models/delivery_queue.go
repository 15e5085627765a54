package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
)

// ClaimRequest says what a dispatcher has room for.
type ClaimRequest struct {
	Endpoints []string       // whose deliveries it would send, in the order of their turns
	Room      int            // how many it can send in all; each endpoint gets its share
	Most      map[string]int // how many it would send of an endpoint; as many as it may of one that is not in it
	// Landed are its own deliveries that were answered and are not stored yet:
	// they take no place at their endpoint any more.
	Landed map[string]bool
	Lease  time.Duration // above the time of an attempt and the storing of its result
}

// Lane is one endpoint's part of a claim.
type Lane struct {
	Endpoint   Endpoint
	Deliveries []Delivery
	More       bool          // there may be more that are due
	Full       bool          // More must wait until a delivery that is under way is over
	Wait       time.Duration // More must wait so long for the endpoint's rate
	Passed     bool          // others before it took all the room
}

// fragile is how long an endpoint may only fail before it gets its deliveries
// one by one, until one arrives: with all that time out at once, many endpoints
// that hang would take the places of those that answer.
const fragile = time.Minute

// cancelBatch is how many deliveries of an endpoint that takes no more are
// canceled at once.
const cancelBatch = 500

// ClaimDeliveries takes deliveries that are due for one attempt each, which is
// counted before anything is sent, in the order in which they came due. How many
// of an endpoint are under way on all nodes, and how many begin in a second,
// stays within what its merchant set: the endpoint's row is locked meanwhile. One
// that somebody else has locked is left out, so that it keeps no other waiting.
// Each comes with its event. Endpoints that are paused get nothing; of those that are disabled or deleted
// the deliveries that are due are canceled.
func (tx *Tx) ClaimDeliveries(req ClaimRequest) ([]Lane, error) {
	// What is lost of a claim in a crash of the database is claimed again.
	endpoints, err := all[Endpoint](tx.commitLater(tx.q()).Clauses(skipLocked).Where("id IN ?", req.Endpoints).Order("id"))
	if err != nil || len(endpoints) == 0 {
		return nil, err
	}
	// A statement of its own: it sees what those committed who had the lock before.
	under, err := tx.underWay(req)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(endpoints, func(a, b Endpoint) int {
		return cmp.Compare(slices.Index(req.Endpoints, a.ID), slices.Index(req.Endpoints, b.ID))
	})
	lanes, share := make([]Lane, len(endpoints)), max(1, req.Room/len(endpoints))
	quotas, room := make([]int, len(endpoints)), req.Room
	for i := range endpoints {
		lanes[i].Endpoint = endpoints[i]
		e := &lanes[i].Endpoint
		switch {
		case e.DeletedAt != nil:
			lanes[i].More, err = tx.cancelDue(e.ID, "endpoint_deleted")
		case e.DisabledAt != nil:
			lanes[i].More, err = tx.cancelDue(e.ID, "endpoint_disabled")
		case e.PausedAt != nil:
		case room == 0:
			lanes[i].More, lanes[i].Passed = true, true
		default:
			own := min(share, room)
			if most, limited := req.Most[e.ID]; limited {
				own = min(own, most)
			}
			quotas[i] = lanes[i].quota(tx.now, under[e.ID], own)
			room -= quotas[i]
		}
		if err != nil {
			return nil, err
		}
	}
	if err := tx.fillLanes(lanes, quotas, tx.now.Add(req.Lease)); err != nil {
		return nil, err
	}
	return lanes, tx.noteRates(lanes)
}

// quota is how many deliveries of the lane may begin, of share at most, and
// notes what there would have to be waited for.
func (l *Lane) quota(now time.Time, under, share int) int {
	most := l.Endpoint.MaxInFlight
	if since := l.Endpoint.FailingSince; since != nil && now.Sub(*since) > fragile {
		most = 1
	}
	places := max(0, most-under)
	permits, wait := l.Endpoint.permits(now)
	quota := min(places, permits, share)
	switch {
	case permits <= min(places, share):
		l.Wait = wait
	case places <= share:
		l.Full = true
	}
	l.More = quota == 0
	return quota
}

// underWay counts by endpoint the deliveries whose lease has not ended; there are
// not many, since it is they who are limited.
func (tx *Tx) underWay(req ClaimRequest) (map[string]int, error) {
	rows, err := all[Delivery](tx.q().Select("id", "endpoint_id").
		// The literal lets both databases see that the partial index serves.
		Where("status = 'delivering' AND endpoint_id IN ? AND lease_until >= ?", req.Endpoints, tx.now))
	if err != nil {
		return nil, err
	}
	under := map[string]int{}
	for i := range rows {
		if !req.Landed[rows[i].ID] {
			under[rows[i].EndpointID]++
		}
	}
	return under, nil
}

// fillLanes claims up to the quota of each lane.
func (tx *Tx) fillLanes(lanes []Lane, quotas []int, lease time.Time) error {
	var (
		claimed []Delivery
		err     error
	)
	if tx.db.Dialect == Postgres {
		claimed, err = tx.claimPostgres(lanes, quotas, lease)
	} else {
		claimed, err = tx.claimSQLite(lanes, quotas, lease)
	}
	if err != nil {
		return fmt.Errorf("claim deliveries: %w", err)
	}
	slices.SortFunc(claimed, func(a, b Delivery) int {
		return cmp.Or(a.NextAttemptAt.Compare(*b.NextAttemptAt), strings.Compare(a.ID, b.ID))
	})
	places := make(map[string]*Lane, len(lanes))
	for i := range lanes {
		places[lanes[i].Endpoint.ID] = &lanes[i]
	}
	for i := range claimed {
		l := places[claimed[i].EndpointID]
		l.Deliveries = append(l.Deliveries, claimed[i])
	}
	for i := range lanes {
		if quotas[i] == 0 {
			continue
		}
		if lanes[i].More = len(lanes[i].Deliveries) == quotas[i]; !lanes[i].More {
			lanes[i].Full, lanes[i].Wait = false, 0
		}
	}
	return nil
}

// claimPostgres takes all in one statement: each is a journey to the server. The
// limits of one make it look each event up, whatever it believes of the tables.
func (tx *Tx) claimPostgres(lanes []Lane, quotas []int, lease time.Time) ([]Delivery, error) {
	ids, numbers := make([]string, 0, len(lanes)), make([]string, 0, len(lanes))
	for i := range lanes {
		if quotas[i] > 0 {
			ids, numbers = append(ids, lanes[i].Endpoint.ID), append(numbers, strconv.Itoa(quotas[i]))
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []struct {
		Delivery

		EventTrace, EventBody string
	}
	err := tx.q().Raw(`WITH due AS (
			SELECT q.id FROM unnest(?::text[], ?::bigint[]) AS e (id, quota) CROSS JOIN LATERAL (
				SELECT d.id FROM deliveries d
				WHERE d.endpoint_id = e.id AND d.status IN ('pending', 'retrying') AND d.next_attempt_at <= ?
				ORDER BY d.next_attempt_at, d.id LIMIT e.quota FOR NO KEY UPDATE SKIP LOCKED) q),
		claimed AS (UPDATE deliveries SET status = 'delivering', attempts = attempts + 1, lease_until = ?, updated_at = ?
			FROM due WHERE deliveries.id = due.id RETURNING deliveries.*)
		SELECT claimed.*, e.trace AS event_trace, e.body AS event_body
		FROM claimed CROSS JOIN LATERAL (SELECT trace, body FROM events WHERE id = claimed.event_id LIMIT 1) e`,
		"{"+strings.Join(ids, ",")+"}", "{"+strings.Join(numbers, ",")+"}", tx.now, lease, tx.now).Scan(&rows).Error
	claimed := make([]Delivery, len(rows))
	for i := range rows {
		d := rows[i].Delivery
		d.Event = &Event{ID: d.EventID, Type: d.EventType, Trace: rows[i].EventTrace, Body: rows[i].EventBody}
		claimed[i] = d
	}
	return claimed, err
}

// claimSQLite looks into each endpoint's queue by itself, since SQLite has no
// lateral join. Nobody else writes meanwhile.
func (tx *Tx) claimSQLite(lanes []Lane, quotas []int, lease time.Time) (claimed []Delivery, err error) {
	for i := range lanes {
		if quotas[i] == 0 {
			continue
		}
		found, err := all[Delivery](tx.q().
			Where("endpoint_id = ? AND status IN ('pending', 'retrying') AND next_attempt_at <= ?", lanes[i].Endpoint.ID, tx.now).
			Order("next_attempt_at, id").Limit(quotas[i]))
		if err != nil {
			return nil, err
		}
		claimed = append(claimed, found...)
	}
	if len(claimed) == 0 {
		return nil, nil
	}
	ids, eventIDs := make([]string, len(claimed)), make([]string, len(claimed))
	for i := range claimed {
		d := &claimed[i]
		ids[i], eventIDs[i] = d.ID, d.EventID
		d.Status, d.Attempts, d.LeaseUntil, d.UpdatedAt = DeliveryDelivering, d.Attempts+1, &lease, tx.now
	}
	_, err = tx.update("deliveries", map[string]any{
		"status": DeliveryDelivering, "attempts": gorm.Expr("attempts + 1"), "lease_until": lease, "updated_at": tx.now,
	}, "id IN ? AND status IN ('pending', 'retrying')", ids)
	if err != nil {
		return nil, err
	}
	events, err := all[Event](tx.q().Select("id", "type", "trace", "body").Where("id IN ?", eventIDs))
	byID := make(map[string]*Event, len(events))
	for i := range events {
		byID[events[i].ID] = &events[i]
	}
	for i := range claimed {
		claimed[i].Event = byID[claimed[i].EventID]
	}
	return claimed, err
}

// cancelDue ends deliveries to an endpoint that takes no more, and says whether
// there are more of them.
func (tx *Tx) cancelDue(endpointID, reason string) (more bool, err error) {
	ids, err := tx.freeIDs("SELECT id FROM deliveries WHERE endpoint_id = ? AND status IN ('pending', 'retrying') AND next_attempt_at <= ? "+
		"ORDER BY next_attempt_at, id LIMIT ?", endpointID, tx.now, cancelBatch)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	_, err = tx.update("deliveries", map[string]any{
		"status": DeliveryCanceled, "next_attempt_at": nil, "last_error": reason, "updated_at": tx.now,
	}, "id IN ? AND status IN ('pending', 'retrying')", ids)
	if err != nil {
		return false, err
	}
	canceled, err := all[Delivery](tx.q().Select("id", "merchant_id").Where("id IN ? AND status = ?", ids, DeliveryCanceled))
	for i := range canceled {
		tx.Announce(Hint{Topic: TopicDelivery, ID: canceled[i].ID, MerchantID: canceled[i].MerchantID})
	}
	return len(ids) == cancelBatch, err
}

// commitLater has a query that finds rows spare its transaction the wait for
// PostgreSQL's disk, without a journey to the server of its own: it is committed
// in order and at once for all who look, and only a crash of the server may take
// it back. It is for what is done again then without harm.
func (tx *Tx) commitLater(q *gorm.DB) *gorm.DB {
	if tx.db.Dialect != Postgres {
		return q
	}
	return q.Select("*, set_config('synchronous_commit', 'off', true)")
}

// DueEndpoints finds endpoints with deliveries that are due, unless they are
// paused. It goes from one endpoint to the next over the index of the queue, so
// that a long queue costs no more than a short one.
func (db *DB) DueEndpoints(ctx context.Context) ([]string, error) {
	var ids []string
	err := db.q(ctx).Raw(`WITH RECURSIVE queue (id) AS (
			SELECT MIN(endpoint_id) FROM deliveries WHERE status IN ('pending', 'retrying')
			UNION ALL
			SELECT (SELECT MIN(d.endpoint_id) FROM deliveries d WHERE d.status IN ('pending', 'retrying') AND d.endpoint_id > queue.id)
			FROM queue WHERE queue.id IS NOT NULL)
		SELECT e.id FROM queue JOIN webhook_endpoints e ON e.id = queue.id
		WHERE (e.paused_at IS NULL OR e.disabled_at IS NOT NULL OR e.deleted_at IS NOT NULL) AND
			(SELECT MIN(d.next_attempt_at) FROM deliveries d WHERE d.endpoint_id = e.id AND d.status IN ('pending', 'retrying')) <= ?`,
		db.Now()).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("find endpoints with due deliveries: %w", err)
	}
	return ids, nil
}
