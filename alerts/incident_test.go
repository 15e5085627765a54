package alerts

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
)

// An incident opens once, is told once, reminds after four hours and then each
// day, and is over when what it tells of has been gone for a while.
func TestLifeOfAnIncident(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		quota := broken(CarrierQuota, "cra_1", "")
		hours := func(n int) {
			for range n * 6 {
				b.after(10 * time.Minute)
				b.note(quota)
			}
			b.deliverAll()
		}
		b.note(quota)
		b.note(quota)
		hours(3)
		const opened = "Warning: Tea & Co has used up today’s calls"
		b.want("after three hours", b.subjects(), []string{opened})
		hours(2)
		b.want("after five hours", b.subjects(), []string{opened, "Still open: Tea & Co has used up today’s calls"})
		hours(22)
		if n := len(b.subjects()); n != 2 {
			t.Errorf("%d mails a day after the first", n)
		}
		hours(3)
		if n := len(b.subjects()); n != 3 {
			t.Errorf("%d mails after more than a day", n)
		}
		b.note()
		b.after(time.Minute)
		b.note()
		if open := b.incidents()[0]; !open.Open() || open.ClearSince == nil {
			t.Errorf("a minute after it was gone: %+v", open)
		}
		b.after(time.Minute)
		b.note()
		b.deliverAll()
		all := b.incidents()
		if len(all) != 1 || all[0].Open() {
			t.Fatalf("incidents: %+v", all)
		}
		if last := b.subjects()[3]; last != "Resolved: Tea & Co has used up today’s calls" {
			t.Errorf("the last mail: %q", last)
		}
		if n := len(b.subjects()); n != 4 {
			t.Errorf("%d mails in all", n)
		}
		m := b.sink.Mails()[0]
		if !contains(m.Text, "http://tillpost.test/incidents/"+all[0].ID) || !contains(m.HTML, "Parcels are asked for less often") || !contains(m.Text, "/preferences#alerts") {
			t.Errorf("the mail says %s", m.Text)
		}
	})
}

// What comes and goes is one incident while it goes for short, and is told of at
// most each half hour when it goes for longer.
func TestFlapping(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		failing := broken(GatewayFailing, "gwa_1", "")
		for range 20 { // gone for less than it takes to be over
			b.note(failing)
			b.after(time.Minute)
			b.note()
			b.after(time.Minute)
		}
		if n := len(b.incidents()); n != 1 {
			t.Fatalf("%d incidents", n)
		}
		b.deliverAll()
		gone := func() {
			b.note()
			b.after(4 * time.Minute)
			b.note()
		}
		gone()
		b.deliverAll()
		if n := len(b.subjects()); n != 2 { // opened, resolved
			t.Fatalf("mails: %q", b.subjects())
		}
		b.after(-40 * time.Minute)
		b.after(time.Hour)
		b.note(failing) // told at once, as half an hour has passed
		b.deliverAll()
		for range 3 { // three more within the half hour
			gone()
			b.after(time.Minute)
			b.note(failing)
		}
		b.deliverAll()
		opened := 0
		for _, s := range b.subjects() {
			if s == "Critical: Tea & Co does not answer as it should" {
				opened++
			}
		}
		if opened != 2 {
			t.Errorf("told %d times: %q", opened, b.subjects())
		}
		b.after(20 * time.Minute)
		b.note(failing)
		b.deliverAll()
		if last := b.subjects()[len(b.subjects())-1]; last != "Critical: Tea & Co does not answer as it should" {
			t.Errorf("what is still open half an hour later was not told of: %q", b.subjects())
		}
	})
}

// Of what nobody has seen to for a month nobody hears that it was mended.
func TestAbandonedEndsInSilence(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		disabled := broken(EndpointDisabled, "whe_1", "")
		b.note(disabled)
		b.deliverAll()
		told := len(b.subjects())
		rules, err := b.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		off := func(days int) []models.Endpoint {
			at := db.Now().AddDate(0, 0, -days)
			return []models.Endpoint{{ID: "whe_1", DisabledAt: &at, DisabledReason: models.EndpointFailing}}
		}
		look := func(days int) {
			t.Helper()
			found := examine(rules, &Figures{Now: db.Now(), Endpoints: off(days), Lost: map[string]int{}})
			modelstest.Write(t, db, func(tx *models.Tx) error {
				book, err := b.newBook(tx)
				if err != nil {
					return err
				}
				return book.note(found)
			})
		}
		look(29)
		if !b.incidents()[0].Open() {
			t.Error("ended before anybody had given it up")
		}
		look(31)
		if b.incidents()[0].Open() {
			t.Error("open for ever")
		}
		b.deliverAll()
		if n := len(b.subjects()); told != 1 || n != told {
			t.Errorf("mails: %q", b.subjects())
		}
	})
}

// What a rule wants to last is no incident before it has, and what this node
// cannot judge stays as it is.
func TestHoldAndUnknown(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		stopped := broken(WorkersStopped, "", "")
		b.note(stopped)
		b.after(10 * time.Second)
		b.note()
		b.after(10 * time.Second)
		b.note(stopped)
		b.after(15 * time.Second)
		b.note(stopped)
		if n := len(b.incidents()); n != 0 {
			t.Fatalf("%d incidents before it has lasted", n)
		}
		b.after(10 * time.Second)
		b.note(stopped)
		if n := len(b.incidents()); n != 1 {
			t.Fatalf("%d incidents after it has lasted", n)
		}
		b.after(time.Hour)
		err := db.Write(t.Context(), func(tx *models.Tx) error {
			book, err := b.newBook(tx)
			if err != nil {
				return err
			}
			return book.note(state{rules: map[string]Adjusted{}}) // of a node that cannot tell
		})
		if open := b.incidents()[0]; err != nil || !open.Open() || open.ClearSince != nil {
			t.Errorf("%v, %+v", err, open)
		}
	})
}

// Who acknowledges ends the reminders and still hears of the end; who silences
// hears nothing until the time is up.
func TestAcknowledgeAndSilence(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		one, two := broken(CarrierRefused, "cra_1", ""), broken(GatewayRefused, "gwa_1", "")
		b.note(one, two)
		b.deliverAll()
		all := b.incidents()
		act := func(fn func(tx *models.Tx) error) error { return db.Write(t.Context(), fn) }
		who := modelstest.Actor()
		for _, i := range all {
			err := act(func(tx *models.Tx) error {
				if i.Kind == CarrierRefused {
					return b.Acknowledge(tx, models.AllMerchants(), i.ID, "  I call them ", who)
				}
				return b.Silence(tx, models.AllMerchants(), i.ID, 6*time.Hour, "known", who)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := act(func(tx *models.Tx) error { return b.Acknowledge(tx, models.AllMerchants(), all[0].ID, " ", who) }); err == nil {
			t.Error("acknowledged without a reason")
		}
		for range 5 {
			b.after(time.Hour)
			b.note(one, two)
		}
		b.deliverAll()
		if n := len(b.subjects()); n != 2 {
			t.Errorf("while acknowledged and silent: %q", b.subjects())
		}
		b.after(2 * time.Hour)
		b.note(one, two)
		b.deliverAll()
		b.want("when the silence is over", b.subjects()[2:], []string{"Still open: Tea & Co refuses our credentials"})
		b.note()
		b.after(time.Hour)
		b.note()
		b.deliverAll()
		if n := len(b.subjects()); n != 5 {
			t.Errorf("the ends: %q", b.subjects())
		}
		entries, _, err := db.AuditEntries(t.Context(), models.AllMerchants(), models.AuditFilter{ObjectID: all[0].ID}, models.Page{})
		if err != nil || len(entries) != 1 || entries[0].Reason == "" {
			t.Errorf("audit: %+v, %v", entries, err)
		}
	})
}

// A rule that is switched off ends its incidents without a word, and its limits
// are those that somebody set.
func TestEditedRules(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		b := newBench(t, db, Options{})
		b.user(models.RoleAdmin, "")
		edit := func(e RuleEdit) error {
			return db.Write(t.Context(), func(tx *models.Tx) error { return b.EditRule(tx, QueueFull, e, modelstest.Actor()) })
		}
		for _, wrong := range []RuleEdit{
			{Severity: "loud", Limits: Limits{"age": 600, "count": 100}}, {Severity: "warning", Limits: Limits{"age": 600}},
			{Severity: "warning", Limits: Limits{"age": 600, "count": 1}},
		} {
			if err := edit(wrong); err == nil {
				t.Errorf("%+v is accepted", wrong)
			}
		}
		if err := edit(RuleEdit{Enabled: true, Severity: models.SeverityWarning, Limits: Limits{"age": 600, "count": 100}}); err != nil {
			t.Fatal(err)
		}
		rules, err := b.Rules(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := &Figures{Now: b.now, Queues: []models.WatchedJobs{{Queue: "money", Count: 100}}}
		found := examine(rules, f)
		if len(found.signals) != 1 || found.signals[0].rule.Severity != models.SeverityWarning {
			t.Fatalf("found %+v", found.signals)
		}
		b.note(found.signals...)
		b.deliverAll()
		if err := edit(RuleEdit{Severity: models.SeverityWarning, Limits: Limits{"age": 600, "count": 100}}); err != nil {
			t.Fatal(err)
		}
		if err := b.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.after(time.Minute)
		if err := b.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.deliverAll()
		if i := b.incidents()[0]; i.Kind != QueueFull || i.Open() {
			t.Errorf("still open: %+v", i)
		}
		for _, s := range b.subjects()[1:] {
			if contains(s, "queue") {
				t.Errorf("told that a rule was switched off: %q", s)
			}
		}
	})
}
