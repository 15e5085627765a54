package notify_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/notify"
)

// judge holds what the server saw and what the database has against the
// invariants.
func (l *life) judge(t *rapid.T, posts []post, how how) {
	posted := map[way]bool{}
	l.hearOfDoors(t)
	for _, d := range l.doors { // one node may store a failure before the other an arrival of the same moment
		d.arrivalBefore = d.arrival
	}
	for i := range posts {
		posted[l.judgePost(t, &posts[i], how)] = true
	}
	rows := l.rows(t)
	l.count(t, rows)
	l.followDoors(t, how)
	for i := range rows {
		w := way{rows[i].EventID, rows[i].EndpointID}
		l.judgeRow(t, &rows[i], posted[w], how)
	}
	if how.alone && !how.cut {
		l.judgeQueue(t, rows)
	}
}

func (l *life) judgePost(t *rapid.T, p *post, how how) way {
	var d *door
	for _, known := range l.doors {
		if known.path == p.path {
			d = known
		}
	}
	h := l.happening(p.header.Get(notify.HeaderID))
	switch {
	case d == nil:
		t.Fatalf("a post to %s", p.path)
	case h == nil:
		l.brokenf(t, "N3", "webhook-id %q is no event's", p.header.Get(notify.HeaderID))
	case d.closed():
		l.brokenf(t, "N7", "a post to an endpoint that is paused %v, off since %v, deleted %v", d.paused, d.offSince, d.deleted)
	case p.crowd > d.places:
		l.brokenf(t, "N6", "%d under way at an endpoint of %d places", p.crowd, d.places)
	case p.body != h.body:
		l.brokenf(t, "N3", "the body was %s and is %s", h.body, p.body)
	case p.header.Get(notify.HeaderTimestamp) != notify.Timestamp(p.at):
		l.brokenf(t, "N3", "timestamp %s at %s", p.header.Get(notify.HeaderTimestamp), notify.Timestamp(p.at))
	}
	w := way{h.id, d.id}
	k := l.passages[w]
	switch {
	case k == nil:
		l.brokenf(t, "N1", "%s was not for %s", w.event, w.door)
	case k.settled:
		l.brokenf(t, "N4", "%s arrived again", h.kind)
	case p.at.Before(k.notBefore):
		l.brokenf(t, "N5", "attempt %d came %s early", k.round+1, k.notBefore.Sub(p.at))
	}
	l.judgeSignature(t, d, p)
	l.judgeSequence(t, d, h, p)
	k.round++
	k.last, k.at, k.notBefore = p.answer, p.at, time.Time{}
	d.saidGone = d.saidGone || p.answer == gone
	switch {
	case p.answer.arrived():
		k.arrived, k.settled = true, !how.cut
		if k.settled {
			d.arrival = p.at
		}
	case k.round < len(schedule):
		least, _ := p.answer.wait(k.round)
		k.notBefore = p.at.Add(least)
	}
	return w
}

// judgeSignature holds N9: for a day after it was replaced a secret goes on
// signing, however often others are replaced meanwhile.
func (l *life) judgeSignature(t *rapid.T, d *door, p *post) {
	check := func(secret string) bool {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		// By its own clock, which is not the office's.
		return verifier.VerifyIgnoringTimestamp([]byte(p.body), p.header) == nil
	}
	if !check(d.secret) {
		l.brokenf(t, "N3", "the signature is not the secret's")
	}
	for _, old := range d.previous {
		if signs := p.at.Before(old.until); check(old.text) != signs {
			l.brokenf(t, "N9", "a secret before verifies %v, %s before its end", !signs, old.until.Sub(p.at))
		}
	}
	for _, secret := range d.retired {
		if check(secret) {
			l.brokenf(t, "N9", "a retired secret verifies")
		}
	}
}

// judgeSequence holds N8: what a body says of its place in its order's history
// is true, so that who drops what is older than what he has ends with the newest.
func (l *life) judgeSequence(t *rapid.T, d *door, h *happening, p *post) {
	var body models.EventBody
	if err := json.Unmarshal([]byte(p.body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Sequence != h.sequence || body.Type != h.kind {
		l.brokenf(t, "N8", "%s is event %d of its order and says it is %s %d", h.kind, h.sequence, body.Type, body.Sequence)
	}
	has := way{h.order, d.id}
	if h.order != "" && p.answer.arrived() && (l.newest[has] == nil || l.newest[has].sequence < body.Sequence) {
		l.newest[has] = h
	}
}

func (l *life) judgeRow(t *rapid.T, row *models.Delivery, posted bool, how how) {
	k, d := l.passages[way{row.EventID, row.EndpointID}], l.door(row.EndpointID)
	if how.cut { // what came of what was under way, only the database knows
		k.settled = row.Status == models.DeliveryDelivered && k.arrived
		k.round = row.Attempts - row.RoundStart
		k.lost = row.Status == models.DeliveryDelivering
		switch {
		case k.lost && row.LeaseUntil == nil:
			l.brokenf(t, "N2", "it is under way, and nobody has it")
		case k.lost:
			k.notBefore = *row.LeaseUntil
		case row.Status == models.DeliveryRetrying && row.NextAttemptAt != nil:
			k.notBefore = *row.NextAttemptAt
		}
	}
	if row.Status != models.DeliveryDelivering {
		k.lost = false
	}
	if made := row.Attempts - row.RoundStart; made != k.round {
		l.brokenf(t, "N5", "%d attempts are counted, %d were made", made, k.round)
	}
	switch row.Status {
	case models.DeliveryDelivered:
		if !k.arrived {
			l.brokenf(t, "N2", "it counts as delivered and never arrived")
		}
	case models.DeliveryRetrying, models.DeliveryPending:
		if k.settled {
			l.brokenf(t, "N4", "it arrived and is %s", row.Status)
		}
		if row.NextAttemptAt == nil {
			l.brokenf(t, "N2", "it is %s and will never be tried", row.Status)
		}
		if posted && !how.cut {
			least, most := k.last.wait(k.round)
			if wait := row.NextAttemptAt.Sub(k.at); wait < least || wait > most {
				l.brokenf(t, "N5", "after %d attempts, the last answered %s, it waits %s, not %s to %s", k.round, k.last.name, wait, least, most)
			}
		}
	case models.DeliveryDelivering:
		if !k.lost {
			l.brokenf(t, "N2", "it stays under way")
		}
	case models.DeliveryExhausted:
		if k.round < len(schedule) && k.last.status != http.StatusGone {
			l.brokenf(t, "N2", "it is given up after %d attempts", k.round)
		}
		if posted {
			l.did["given up"]++
		}
	case models.DeliveryCanceled:
		stated := row.LastError == "endpoint_disabled" && d.wasOff || row.LastError == "endpoint_deleted" && d.deleted
		if !stated {
			l.brokenf(t, "N2", "it is canceled for %q; off %v, deleted %v", row.LastError, d.wasOff, d.deleted)
		}
	}
}

// judgeQueue holds N5 to its other side: what came due was sent.
func (l *life) judgeQueue(t *rapid.T, rows []models.Delivery) {
	busy := map[string]bool{}
	for i := range rows {
		if rows[i].Status == models.DeliveryDelivering {
			busy[rows[i].EndpointID] = true
		}
	}
	for i := range rows {
		row, d := &rows[i], l.door(rows[i].EndpointID)
		waits := row.Status == models.DeliveryPending || row.Status == models.DeliveryRetrying
		if waits && !row.NextAttemptAt.After(l.db.Now()) && !d.closed() && d.rate == 0 && !busy[d.id] {
			l.brokenf(t, "N5", "a delivery that is %s was due %s ago", row.Status, l.db.Now().Sub(*row.NextAttemptAt))
		}
	}
}

// followDoors learns which endpoints were disabled for what their servers did.
func (l *life) followDoors(t *rapid.T, how how) {
	disabled := 0
	for _, d := range l.doors {
		if d.deleted || !d.offSince.IsZero() {
			continue
		}
		e, err := l.db.Endpoint(context.Background(), l.scope, d.id)
		if err != nil {
			t.Fatal(err)
		}
		if since := e.FailingSince; since != nil && since.Before(d.arrival.Add(-time.Second)) { // the clock goes back a little at times
			l.brokenf(t, "N2", "it counts as failing since %s, and something arrived at %s", since, d.arrival)
		}
		if e.DisabledAt == nil || how.closing && e.DisabledReason == models.EndpointByHand {
			continue
		}
		failing := e.DisabledReason == models.EndpointFailing && l.db.Now().Sub(d.arrivalBefore) > 5*24*time.Hour
		if !failing && (e.DisabledReason != models.EndpointGone || !d.saidGone) {
			l.brokenf(t, "N2", "the endpoint was disabled as %s, %s after an arrival", e.DisabledReason, l.db.Now().Sub(d.arrivalBefore))
		}
		l.did["disabled as "+e.DisabledReason]++
		disabled++
		d.offSince, d.wasOff = *e.DisabledAt, true
	}
	if disabled != l.closings {
		l.brokenf(t, "N1", "%d endpoints were disabled, and %d events tell of it", disabled, l.closings)
	}
	l.closings = 0
}

// hearOfDoors takes in the events of endpoints that were disabled meanwhile: how
// many they may be is held against the endpoints.
func (l *life) hearOfDoors(t *rapid.T) {
	news := l.allEvents(t)[len(l.events):]
	kinds := make([]string, len(news))
	for i := range news {
		if kinds[i] = news[i].Type; kinds[i] != models.EventEndpointDisabled {
			l.brokenf(t, "N1", "of deliveries came the event %s", kinds[i])
		}
	}
	l.happens(t, "", kinds...)
	l.closings += len(kinds)
}

// end has everything arrive that can, and holds what is promised for the end.
func (l *life) end(t *rapid.T) {
	for _, d := range l.doors {
		if !d.deleted {
			l.change(t, d, models.EndpointChange{Enabled: new(true), Paused: new(false), RatePerSecond: new(0)})
		}
	}
	for _, r := range l.replays {
		l.write(t, func(tx *models.Tx) error { return l.CancelReplay(tx, l.scope, r.id, aina) })
	}
	var waits string
	for range 2 * len(schedule) {
		l.server.expect([]answer{well}, nil)
		l.deliver(t, l.Service)
		if waits = l.pending(t); waits == "" {
			break
		}
		l.pass(30 * time.Hour)
	}
	if waits != "" {
		l.brokenf(t, "N2", "in the end it is still %s", waits)
	}
	l.judgeEnd(t)
}

// pending is the status of a delivery that has not ended; empty when all have.
func (l *life) pending(t *rapid.T) string {
	for _, row := range l.rows(t) {
		switch row.Status {
		case models.DeliveryPending, models.DeliveryRetrying, models.DeliveryDelivering:
			return row.Status
		}
	}
	return ""
}

func (l *life) judgeEnd(t *rapid.T) {
	l.happens(t, "")
	last := map[string]*happening{}
	for _, h := range l.events {
		if h.order != "" {
			last[h.order] = h
		}
	}
	for order, h := range last {
		d := l.doors[0]
		if k := l.passages[way{h.id, d.id}]; k != nil && k.arrived && l.newest[way{order, d.id}] != h {
			l.brokenf(t, "N8", "a receiver that drops what is stale does not end with %s", h.kind)
		}
	}
	for _, r := range l.replays {
		l.audited(t, r)
	}
}

// audited holds N11: a person's replay is noted, with who did it and why.
func (l *life) audited(t *rapid.T, r bulk) {
	entries, _, err := l.db.AuditEntries(context.Background(), l.scope,
		models.AuditFilter{ObjectID: r.id, Action: "replay.start"}, models.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].ActorID != aina.ID || !strings.Contains(entries[0].Reason, r.reason) {
		l.brokenf(t, "N11", "a replay by %s because %q has the entries %+v", aina.Name, r.reason, entries)
	}
}
