package alerts

import (
	"fmt"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// The property of alerts can tell: each fault that a trigger plants in the
// database is found.
func TestAlertsDedupeFindsSaboteurs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, when, condition, do string
		want                      string // an expression of what is found
	}{
		{
			name: "the next reminder is due at once",
			when: "AFTER UPDATE OF next_tell_at ON incidents", condition: "NEW.next_tell_at > NEW.told_at",
			do:   "UPDATE incidents SET next_tell_at = NEW.told_at WHERE id = NEW.id;",
			want: "told again after",
		},
		{
			name: "when it was told is forgotten",
			when: "AFTER UPDATE OF told_at ON incidents", condition: "NEW.told_at IS NOT NULL",
			do:   "UPDATE incidents SET told_at = NULL WHERE id = NEW.id;",
			want: "told again after",
		},
		{
			name: "the end is told twice",
			when: "AFTER INSERT ON alert_messages", condition: "NEW.kind = 'resolved' AND NEW.number < 1000",
			do: `INSERT INTO alert_messages (id, incident_id, merchant_id, kind, number, target, state, created_at)
				VALUES (NEW.id || 'x', NEW.incident_id, NEW.merchant_id, NEW.kind, NEW.number + 1000, NEW.target, NEW.state, NEW.created_at);`,
			want: "told of the end 2 times",
		},
		{
			name: "the begin is not told",
			when: "AFTER INSERT ON alert_messages", condition: "NEW.kind = 'opened'",
			do:   "DELETE FROM alert_messages WHERE id = NEW.id;",
			want: "begun is false|of the begin false",
		},
		{
			name: "an incident does not end",
			when: "AFTER UPDATE OF resolved_at ON incidents", condition: "NEW.resolved_at IS NOT NULL",
			do:   "UPDATE incidents SET resolved_at = NULL WHERE id = NEW.id;",
			want: "does not end|open true",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				statement := "CREATE TRIGGER saboteur %s FOR EACH ROW WHEN (%s) BEGIN %s END"
				if db.Dialect == models.Postgres {
					statement = "CREATE FUNCTION saboteur() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %[3]s RETURN NEW; END $$; " +
						"CREATE TRIGGER saboteur %[1]s FOR EACH ROW WHEN (%[2]s) EXECUTE FUNCTION saboteur()"
				}
				if _, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(statement, test.when, test.condition, test.do)); err != nil {
					t.Fatal(err)
				}
				var found string
				rapid.Check(t, histories(t, db, &found))
				if !regexp.MustCompile(test.want).MatchString(found) {
					t.Errorf("it found %q, want %q", found, test.want)
				}
			})
		})
	}
}
