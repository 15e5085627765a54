package carriers_test

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		d := frozen(t, db)
		id := d.add(t)
		d.courier.say(tracking())
		act := carriers.Act{Reason: "strike until Monday", Actor: modelstest.Actor()}
		do := func(fn func(tx *models.Tx) error) { modelstest.Write(t, db, fn) }
		do(func(tx *models.Tx) error { return d.Pause(tx, models.AllMerchants(), d.account, time.Hour, act) })
		if a := d.state(t, models.CarrierPaused); a.PauseReason != act.Reason || a.PausedBy != "test" || a.PausedUntil == nil {
			t.Errorf("account = %+v", a)
		}
		if d.asked(t, id) {
			t.Error("a paused account calls")
		}
		if got := d.sync(t, id); got != "carrier_account_paused" {
			t.Errorf("sync by hand: %q", got)
		}
		waiting := d.addMany(t, d.account, 2)
		if err := d.Sweep(t.Context()); err != nil || d.leased(t, waiting) != 0 {
			t.Errorf("a sweep took parcels of a paused account, %v", err)
		}
		d.offset += time.Hour
		d.state(t, models.CarrierWorks)
		if !d.asked(t, id) {
			t.Error("the time of the pause is over, and nobody calls")
		}
		do(func(tx *models.Tx) error { return d.Pause(tx, models.AllMerchants(), d.account, 0, act) })
		do(func(tx *models.Tx) error {
			_, err := tx.StopCarrierAccount(d.account, "key refused")
			return err
		})
		d.offset += 1000 * time.Hour
		d.state(t, models.CarrierStopped)
		do(func(tx *models.Tx) error { return d.Resume(tx, models.AllMerchants(), d.account, act) })
		d.state(t, models.CarrierWorks)
		if !d.asked(t, id) {
			t.Error("a resumed account does not call")
		}
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			return d.Pause(tx, models.AllMerchants(), d.account, 0, carriers.Act{Reason: "  "})
		})
		if err == nil {
			t.Error("paused without a reason")
		}
		entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: d.account}, models.Page{})
		if err != nil || len(entries) != 3 || entries[0].Action != "account.resume" || entries[2].Action != "account.pause" ||
			entries[2].Reason != act.Reason {
			t.Errorf("audit log = %+v, %v", entries, err)
		}
	})
}
