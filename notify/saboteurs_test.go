package notify_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// saboteur breaks one invariant behind the back of the code: a trigger in the
// database does what the code would do if it had that fault.
type saboteur struct {
	name      string
	invariant string
	or        string // another one that it breaks as well
	when      string
	condition string
	do        string
}

var saboteurs = []saboteur{
	{
		name: "a delivery is forgotten", invariant: "N1",
		when: "AFTER INSERT ON deliveries", condition: "NEW.event_type = 'order.canceled'",
		do: "DELETE FROM deliveries WHERE id = NEW.id;",
	},
	{
		name: "a delivery is made for nobody", invariant: "N1",
		when: "AFTER INSERT ON deliveries", condition: "NEW.event_type = 'order.created' AND NEW.cause = 'schedule'",
		do: `INSERT INTO deliveries (id, merchant_id, endpoint_id, event_id, event_type, status, cause, next_attempt_at, created_at, updated_at)
			SELECT NEW.id || 'x', NEW.merchant_id, e.id, NEW.event_id, NEW.event_type, NEW.status, 'manual', NEW.next_attempt_at, NEW.created_at, NEW.updated_at
			FROM webhook_endpoints e WHERE e.merchant_id = NEW.merchant_id AND e.id <> NEW.endpoint_id;`,
	},
	{
		name: "a failed attempt counts as delivered", invariant: "N2",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying' AND NEW.attempts > 1",
		do: "UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "a failed attempt cancels", invariant: "N2",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying' AND NEW.attempts > 1",
		do: "UPDATE deliveries SET status = 'canceled', next_attempt_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "a failed attempt is the last", invariant: "N2",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying' AND NEW.attempts > 1",
		do: "UPDATE deliveries SET next_attempt_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "what was under way is left there", invariant: "N2",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying' AND NEW.attempts > 1",
		do: "UPDATE deliveries SET status = 'delivering', next_attempt_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "the last attempts are not made", invariant: "N2",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying' AND NEW.attempts = 7",
		do: "UPDATE deliveries SET status = 'exhausted', next_attempt_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "a node that died keeps what it had", invariant: "N2",
		when: "AFTER UPDATE OF lease_until ON deliveries", condition: "NEW.lease_until < '2999-01-01'",
		do: "UPDATE deliveries SET lease_until = '2999-01-02 00:00:00+00:00' WHERE id = NEW.id;",
	},
	{
		name: "the body is rendered anew", invariant: "N3",
		when: "AFTER UPDATE OF attempts ON deliveries", condition: "NEW.attempts = 2",
		do: "UPDATE events SET body = body || ' ' WHERE id = NEW.event_id;",
	},
	{
		name: "what arrived is sent again", invariant: "N4",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'delivered' AND NEW.attempts = 1",
		do: "UPDATE deliveries SET status = 'retrying', next_attempt_at = NEW.updated_at WHERE id = NEW.id;",
	},
	{
		name: "the next attempt is at once", invariant: "N5",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying'",
		do: "UPDATE deliveries SET next_attempt_at = NEW.updated_at WHERE id = NEW.id;",
	},
	{
		name: "attempts are not counted", invariant: "N5",
		when: "AFTER UPDATE OF status ON deliveries", condition: "NEW.status = 'retrying' AND NEW.attempts = 3",
		do: "UPDATE deliveries SET attempts = 2 WHERE id = NEW.id;",
	},
	{
		name: "places are not limited", invariant: "N6",
		when: "AFTER UPDATE OF max_in_flight ON webhook_endpoints", condition: "NEW.max_in_flight < 8",
		do: "UPDATE webhook_endpoints SET max_in_flight = 8 WHERE id = NEW.id;",
	},
	{
		name: "a pause is forgotten", invariant: "N7",
		when: "AFTER UPDATE OF paused_at ON webhook_endpoints", condition: "NEW.paused_at IS NOT NULL",
		do: "UPDATE webhook_endpoints SET paused_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "a disabled endpoint goes on", invariant: "N7", or: "N1", // or gets what it is not to get
		when: "AFTER UPDATE OF disabled_at ON webhook_endpoints", condition: "NEW.disabled_reason = 'person' AND NEW.disabled_at IS NOT NULL",
		do: "UPDATE webhook_endpoints SET disabled_at = NULL WHERE id = NEW.id;",
	},
	{
		name: "sequences repeat", invariant: "N8",
		when: "AFTER INSERT ON events", condition: "NEW.sequence = 2",
		do: `UPDATE events SET body = replace(body, '"sequence":2', '"sequence":1') WHERE id = NEW.id;`,
	},
	{
		name: "the old secret ends at once", invariant: "N9",
		when: "AFTER UPDATE OF previous_secret ON webhook_endpoints", condition: "NEW.previous_secret <> ''",
		do: "UPDATE webhook_endpoints SET previous_secret = '' WHERE id = NEW.id;",
	},
	{
		name: "the old secret does not end", invariant: "N9",
		when: "AFTER UPDATE OF previous_secret_expires_at ON webhook_endpoints", condition: "NEW.previous_secret_expires_at < '2999-01-01'",
		do: "UPDATE webhook_endpoints SET previous_secret_expires_at = '2999-01-02 00:00:00+00:00' WHERE id = NEW.id;",
	},
	{
		name: "a replay is not noted", invariant: "N11",
		when: "AFTER INSERT ON audit_entries", condition: "NEW.action = 'replay.start'",
		do: "DELETE FROM audit_entries WHERE id = NEW.id;",
	},
	{
		name: "a replay is noted without its reason", invariant: "N11",
		when: "AFTER INSERT ON audit_entries", condition: "NEW.action = 'replay.start'",
		do: "UPDATE audit_entries SET reason = '' WHERE id = NEW.id;",
	},
}

// The machine that checks the invariants can tell: whichever of them is broken,
// it finds that one, and soon.
func TestNotificationInvariantsFindSaboteurs(t *testing.T) {
	t.Parallel()
	const enough = 3000 // steps; most are found within some dozens
	for _, s := range saboteurs {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				m := newMachine(t, db)
				m.planted = true
				m.trigger(db, "saboteur", s.when, s.condition, s.do)
				begin := time.Now()
				for m.found == "" && m.steps < enough {
					rapid.Check(t, m.run)
				}
				if broken, _, _ := strings.Cut(m.found, ":"); broken == "" || broken != s.invariant && broken != s.or {
					t.Fatalf("after %d steps it found %q, want %s", m.steps, m.found, s.invariant)
				}
				t.Logf("found after %d steps and %s: %.150s", m.steps, time.Since(begin).Round(time.Millisecond), m.found)
			})
		})
	}
}
