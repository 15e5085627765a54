package sandbox

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJournal(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	b := start(t, Options{Journal: path})
	paid := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 200)
	b.post("/v1/refunds", "r1", map[string]any{"charge": paid.text("id"), "amount": 50}).want(t, 200)
	b.post("/v1/charges/cancel", "", map[string]string{"reference": "att_2"}).want(t, 200)
	b.post("/v1/webhooks", "", map[string]string{"url": "http://127.0.0.1:1/", "secret": "s"}).want(t, 200)
	asked := b.post("/v1/charges", "k3", chargeBody("att_3", "pay_3", "tok_action_required")).want(t, 200)
	want := b.Ledger("")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"charge":{"id":"half a li`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	for range 2 { // the second start reads what the first compacted
		b = start(t, Options{Journal: path})
		if diff := cmp.Diff(want, b.Ledger("")); diff != "" {
			t.Errorf("ledger changed over a restart (-before +after):\n%s", diff)
		}
		again := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 200)
		if again.header.Get("Idempotent-Replayed") != "true" || again.text("id") != paid.text("id") {
			t.Errorf("replay = %s", again.body)
		}
		b.post("/v1/charges", "k1", chargeBody("att_9", "pay_1", "tok_success")).want(t, 400)
		b.post("/v1/charges", "k2", chargeBody("att_2", "pay_2", "tok_success")).want(t, 409)
		if got := len(b.accounts.snapshot()); got != 1 {
			t.Errorf("%d webhooks, want 1", got)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b = start(t, Options{Journal: path})
	b.post("/v1/charges/"+asked.text("id")+"/complete", "", map[string]string{"result": "succeeded"}).want(t, 200)
	if got := b.charges("pay_3"); got != 1 {
		t.Errorf("ledger has %d charges for what was asked before the restart, want 1", got)
	}
}

func TestJournalResumesSettlement(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	b := start(t, Options{Journal: path, SettleAfter: 1 << 40})
	a := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_processing")).want(t, 200)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	later := b.opts.Now().Add(1 << 41)
	b = start(t, Options{Journal: path, Now: func() time.Time { return later }})
	eventually(t, "the charge settles", func() bool { return b.get("/v1/charges/"+a.text("id")).text("status") == "succeeded" })
}

func TestJournalRefusesDamage(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	if err := os.WriteFile(path, []byte("{\"charge\":\nnot a journal\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Journal: path}); err == nil {
		t.Error("a damaged journal was accepted")
	}
	if _, err := New(Options{Journal: t.TempDir()}); err == nil {
		t.Error("a folder was accepted as a journal")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := start(t, Options{MaxCharges: 10})
	for i := range 30 {
		name := string(rune('a' + i))
		a := b.post("/v1/charges", "k"+name, chargeBody("att_"+name, "pay_"+name, "tok_success")).want(t, 200)
		b.post("/v1/refunds", "r"+name, map[string]any{"charge": a.text("id"), "amount": 1}).want(t, 200)
	}
	l := b.Ledger("")
	if len(l.Charges) != 10 || l.Dropped != 20 {
		t.Errorf("ledger has %d charges and dropped %d, want 10 and 20", len(l.Charges), l.Dropped)
	}
	if len(b.bank.charges) != 10 || len(b.bank.byRef) != 10 || len(b.bank.refunds) != 10 || len(b.keys.records) != 20 {
		t.Errorf("kept %d charges, %d references, %d refunds, %d keys", len(b.bank.charges), len(b.bank.byRef), len(b.bank.refunds), len(b.keys.records))
	}
}
