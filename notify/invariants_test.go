package notify_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

// machine runs the lives of merchants through what they, their servers, people,
// nodes and time can do to their notifications, in any order.
type machine struct {
	*office

	tb     *testing.T
	server *witness
	other  *notify.Service // on another node
	did    map[string]int  // steps, by what they were
	steps  int
	lives  int

	planted bool   // a failure is meant to be found: it ends the life, and is no failure of the test
	found   string // it
}

// caught is the panic that ends a life in which a planted failure was found.
type caught struct{}

func newMachine(t *testing.T, db *models.DB) *machine {
	t.Helper()
	m := &machine{tb: t, did: map[string]int{}}
	if db.Dialect == models.SQLite { // the machine's crashes are not the computer's
		m.execute(db, "PRAGMA synchronous = OFF")
	}
	// The clock stands still but where the machine moves it. Ids are made by the
	// real one: it is behind, so that they are never of the time to come.
	begin := time.Now().UTC().Truncate(time.Second).Add(time.Hour)
	db.Now = func() time.Time { return begin }
	m.office = newOffice(t, db, "http://127.0.0.1:9/")
	m.other = m.service(notify.Options{AllowNets: loopback})
	m.server = newWitness(t, db.Now)
	// A node that dies stores nothing more.
	m.execute(db, "CREATE TABLE dead_nodes (node BIGINT)")
	m.trigger(db, "death", "BEFORE INSERT ON delivery_attempts", "", deaths[db.Dialect])
	return m
}

// deaths are the statements that fail while a node is dead.
var deaths = map[models.Dialect]string{
	models.SQLite:   "SELECT RAISE(ABORT, 'the node is dead') FROM dead_nodes;",
	models.Postgres: "IF EXISTS (SELECT 1 FROM dead_nodes) THEN RAISE EXCEPTION 'the node is dead'; END IF;",
}

// trigger makes one; its statements may refer to NEW.
func (m *machine) trigger(db *models.DB, name, when, condition, statements string) {
	if condition != "" {
		condition = "WHEN (" + condition + ")"
	}
	if db.Dialect == models.SQLite {
		m.execute(db, fmt.Sprintf("CREATE TRIGGER %s %s FOR EACH ROW %s BEGIN %s END", name, when, condition, statements))
		return
	}
	m.execute(db, fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s RETURN NEW; END $$", name, statements))
	m.execute(db, fmt.Sprintf("CREATE TRIGGER %s %s FOR EACH ROW %s EXECUTE FUNCTION %s()", name, when, condition, name))
}

func (m *machine) execute(db *models.DB, statement string) {
	if _, err := db.SQL().ExecContext(context.Background(), statement); err != nil {
		m.tb.Fatalf("%s: %v", statement, err)
	}
}

// brokenf tells of an invariant that does not hold.
func (m *machine) brokenf(t *rapid.T, invariant, format string, args ...any) {
	text := invariant + ": " + fmt.Sprintf(format, args...)
	if m.planted {
		m.found = text
		panic(caught{})
	}
	t.Fatal(text)
}

// run checks one life, from its begin until everything that happened in it has
// arrived or was given up.
func (m *machine) run(t *rapid.T) {
	if m.planted {
		if m.found != "" {
			return
		}
		defer func() {
			cause := recover()
			if _, ok := cause.(caught); cause != nil && !ok {
				panic(cause)
			}
		}()
	}
	m.lives++
	l := newLife(t, m)
	acts := map[string]func(*rapid.T){}
	for name, act := range l.acts() {
		acts[name] = func(t *rapid.T) {
			m.steps++
			m.did[name]++
			act(t)
		}
	}
	t.Repeat(acts)
	l.end(t)
}

// summary says what was done.
func (m *machine) summary() string {
	text := fmt.Sprintf("%d steps in %d lives;", m.steps, m.lives)
	for _, counts := range []map[string]int{m.did, m.server.given} {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			text += fmt.Sprintf(" %s %d,", name, counts[name])
		}
	}
	return strings.TrimSuffix(text, ",")
}

// Whatever happens in whatever order, merchants hear of everything as it was
// promised to them: the invariants are told beside what checks them.
func TestNotificationInvariants(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		m := newMachine(t, db)
		rapid.Check(t, m.run)
		t.Log(m.summary())
	})
}
