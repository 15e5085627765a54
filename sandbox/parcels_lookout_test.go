package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/carriers"
	carrier "github.com/tillpost/tillpost/carriers/sandbox"
)

func TestParcelWebhooks(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	begin := time.Date(2026, 3, 2, 8, 0, 30, 0, time.UTC)
	now := func() time.Time { return begin.Add(time.Duration(passed.Load())) }
	b := start(t, Options{Now: now})
	b.secret = "tok_shop"
	target, got := receiver(t)
	b.post("/carrier/v1/webhooks", "", map[string]string{"url": target, "secret": "whs_1"}).want(t, http.StatusOK)
	number := b.post("/carrier/v1/parcels", "", map[string]string{"scenario": "delivered"}).want(t, http.StatusCreated).text("number")

	account := carriers.Account{Fields: map[string]string{"webhook_secret": "whs_1"}}
	heard := func() carriers.Notice {
		t.Helper()
		var n received
		select {
		case n = <-got:
		case <-time.After(10 * time.Second):
			t.Fatal("no webhook came")
		}
		w := carriers.Webhook{Header: http.Header{"Sandbox-Signature": {n.signature}}, Body: n.body, ReceivedAt: now()}
		if err := carrier.New(nil).Verify(account, w); err != nil {
			t.Error(err)
		}
		notices, err := carrier.New(nil).Read(account, n.body)
		if err != nil || len(notices) != 1 || notices[0].Number != number {
			t.Fatalf("told %+v, %v", notices, err)
		}
		return notices[0]
	}
	passed.Store(int64(8 * time.Hour)) // the receiver refuses the first: this one comes again
	first := heard()
	if s := first.Tracking.Header.Status; s != carriers.StatusPickedUp || len(first.Tracking.Events) != 2 {
		t.Errorf("after 8 hours %s with %d scans", s, len(first.Tracking.Events))
	}
	passed.Store(int64(100 * time.Hour))
	last := heard()
	if s := last.Tracking.Header.Status; s != carriers.StatusDelivered || len(last.Tracking.Events) != 8 || last.ID == first.ID {
		t.Errorf("after 100 hours %s with %d scans", s, len(last.Tracking.Events))
	}
}

// tower is a lookout that looks when the test says so.
type tower struct {
	*depot

	told []string
}

func newTower(t *testing.T) *tower {
	t.Helper()
	w := &tower{depot: newDepot(t)}
	w.lookout.stop()
	w.lookout.tell = func(account string, p wireParcel) {
		w.told = append(w.told, fmt.Sprintf("%s %s %s %d", account[:4], p.Number, p.Status, len(p.Events)))
	}
	return w
}

func (w *tower) hook(t *testing.T) {
	t.Helper()
	if status, _, body := w.call(t, http.MethodPost, "/carrier/v1/webhooks", `{"url":"http://shop.test/","secret":"s"}`); status != http.StatusOK {
		t.Fatalf("register: %d %s", status, body)
	}
}

// after lets time pass and says who was told of what.
func (w *tower) after(d time.Duration) []string {
	w.clock = w.clock.Add(d)
	w.told = nil
	w.lookout.look()
	return w.told
}

func TestLookout(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	parcel := func(scenario string) string { return ParcelNumber(scenario, w.clock, 1) }
	early, late, lost := parcel("delivered"), parcel("slow"), parcel("lost")
	future := ParcelNumber("delivered", w.clock.Add(20*time.Hour), 1)
	w.list(t, early) // before there is an address
	if len(w.lookout.order) != 0 {
		t.Errorf("watched for nobody: %v", w.lookout.order)
	}
	w.hook(t)
	w.list(t, late+","+lost+","+future+","+parcel("never_found")+",1Z999")
	w.list(t, late) // once more
	w.list(t, ParcelNumber("delivered", w.clock.Add(-1000*time.Hour), 1))
	if got := len(w.lookout.order); got != 3 {
		t.Fatalf("%d parcels are watched, want the three that have something to come: %v", got, w.lookout.order)
	}
	tell := func(number, status string, scans int) string {
		return fmt.Sprintf("tok_ %s %s %d", number, status, scans)
	}
	for _, tt := range []struct {
		pass time.Duration
		want []string
	}{
		{time.Minute, nil},
		{8 * time.Hour, []string{tell(lost, "picked_up", 2)}},
		{time.Second, nil},
		{15 * time.Hour, []string{tell(lost, "in_transit", 4), tell(future, "info_received", 1)}},
		{500 * time.Hour, []string{tell(late, "delivered", 8), tell(lost, "exception", 5), tell(future, "delivered", 8)}},
		{500 * time.Hour, nil},
	} {
		if diff := cmp.Diff(tt.want, w.after(tt.pass)); diff != "" {
			t.Errorf("after further %s (-want +got):\n%s", tt.pass, diff)
		}
	}
	if len(w.lookout.order)+len(w.lookout.seen) != 0 {
		t.Errorf("still watched at their ends: %v %v", w.lookout.order, w.lookout.seen)
	}
}

func TestLookoutBeginsAnewWithAParcel(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	w.hook(t)
	enter := func() {
		start := w.clock.Format(time.RFC3339)
		if status, _, body := w.call(t, http.MethodPost, "/carrier/v1/parcels", `{"number":"SBX-A","start":"`+start+`"}`); status != http.StatusCreated {
			t.Fatalf("enter: %d %s", status, body)
		}
	}
	enter()
	for range 2 {
		if got := w.after(8 * time.Hour); len(got) != 1 || !strings.HasSuffix(got[0], "picked_up 2") {
			t.Errorf("told %q, want that it was picked up", got)
		}
		enter()
	}
}

func TestLookoutIsBounded(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	w.hook(t)
	account := accountOf("tok_test")
	for i := range maxWatched + 10 {
		j, _ := w.journey(ParcelNumber("delivered", w.clock, i), sandboxForm)
		w.lookout.watch(account, j, w.clock)
	}
	if n := len(w.lookout.order); n != maxWatched || len(w.lookout.seen) != n || w.lookout.order[0].number != ParcelNumber("delivered", w.clock, 10) {
		t.Errorf("%d parcels are watched from %v on, want the last %d", n, w.lookout.order[0], maxWatched)
	}
}

func TestParcelWebhookRefusals(t *testing.T) {
	t.Parallel()
	w := newTower(t)
	for body, want := range map[string]int{
		`{`:                                   http.StatusBadRequest,
		`{"url":"http://a/","key":"s"}`:       http.StatusBadRequest,
		`{"url":"http://a/"}`:                 http.StatusUnprocessableEntity,
		`{"secret":"s"}`:                      http.StatusUnprocessableEntity,
		`{"url":"ftp://a/","secret":"s"}`:     http.StatusUnprocessableEntity,
		`{"url":"https://a/b","secret":"s"}`:  http.StatusOK,
		`{"url":"http://a:1/b","secret":"s"}`: http.StatusOK,
	} {
		if status, _, answer := w.call(t, http.MethodPost, "/carrier/v1/webhooks", body); status != want {
			t.Errorf("POST %s: %d %s, want %d", body, status, answer, want)
		}
	}
	w.lookout.accounts = newAccounts(&journal{})
	for i := range maxSettings {
		w.lookout.accounts.set(settings{Account: fmt.Sprint(i)})
	}
	if status, _, _ := w.call(t, http.MethodPost, "/carrier/v1/webhooks", `{"url":"http://a/","secret":"s"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("one too many: %d", status)
	}
}

func TestParcelWebhooksSurviveRestarts(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	b := start(t, Options{Journal: path})
	b.secret = "tok_shop"
	b.post("/carrier/v1/webhooks", "", map[string]string{"url": "http://127.0.0.1:1/", "secret": "whs_1"}).want(t, http.StatusOK)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = start(t, Options{Journal: path})
	want := settings{Account: accountOf("tok_shop"), URL: "http://127.0.0.1:1/", Secret: "whs_1"}
	if got, _ := b.accounts.of(want.Account); got != want {
		t.Errorf("after a restart %+v, want %+v", got, want)
	}
}
