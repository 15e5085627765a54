package notify_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/notify"
)

// What arrived while the database takes no results is stored when it does again,
// and not sent a second time, however long that lasts.
func TestResultsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		shop := newReceiver(t)
		o := newOffice(t, db, shop.URL)
		execute := func(statements ...string) {
			t.Helper()
			for _, statement := range statements {
				if _, err := db.SQL().ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
		}
		lift := "DROP TRIGGER no_results"
		if db.Dialect == models.Postgres {
			lift = "DROP TRIGGER no_results ON delivery_attempts"
			execute(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room'; END $$`,
				"CREATE TRIGGER no_results BEFORE INSERT ON delivery_attempts FOR EACH ROW WHEN (NEW.status > 0) EXECUTE FUNCTION refuse()")
		} else {
			execute(`CREATE TRIGGER no_results BEFORE INSERT ON delivery_attempts WHEN NEW.status > 0
				BEGIN SELECT RAISE(ABORT, 'no room'); END`)
		}
		lost := o.order(t)
		modelstest.ClaimDelivery(t, db, lost.ID) // by a node that died
		o.run(t, o.Service)
		d := o.order(t)
		until(t, "it arrives", func() bool { return len(shop.all()) == 1 })
		o.pass(2 * time.Hour) // both leases are over
		until(t, "what the dead node had is given back", func() bool { return o.delivery(t, lost.ID).LastError == models.AttemptInterrupted })
		execute(lift)
		until(t, "it is stored", func() bool { return o.delivery(t, d.ID).Status == models.DeliveryDelivered })
		posts := 0
		for _, p := range shop.all() {
			if p.header.Get(notify.HeaderID) == d.EventID {
				posts++
			}
		}
		if got := o.delivery(t, d.ID); got.Attempts != 1 || posts != 1 {
			t.Errorf("it took %d attempts and %d posts", got.Attempts, posts)
		}
	})
}
