package sandbox

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestFaultTokens(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	for _, o := range Outcomes() {
		if o.Fault == "" {
			continue
		}
		t.Run(o.Token, func(t *testing.T) {
			t.Parallel()
			post := func() (answer, error) {
				return b.tryPost("/v1/charges", "key-"+o.Token, chargeBody("att_"+o.Token, "pay_"+o.Token, o.Token))
			}
			wantStatus, wantCharges := 0, 1
			switch o.Fault {
			case FaultLatency:
				wantStatus = http.StatusOK
			case FaultHalfJSONAfter:
				wantStatus = http.StatusOK
			case FaultErrorAfter, FaultErrorStored:
				wantStatus = http.StatusInternalServerError
			case FaultHTMLAfter:
				wantStatus = http.StatusBadGateway
			case FaultErrorBefore:
				wantStatus, wantCharges = http.StatusInternalServerError, 0
			case FaultRateLimited:
				wantStatus, wantCharges = http.StatusTooManyRequests, 0
			case FaultTimeoutBefore, FaultResetBefore:
				wantCharges = 0
			default:
			}
			a, err := post()
			if a.status != wantStatus {
				t.Errorf("first answer = %d (%v), want %d", a.status, err, wantStatus)
			}
			if o.Fault == FaultHalfJSONAfter && a.json != nil {
				t.Errorf("first answer is whole: %s", a.body)
			}
			if o.Fault == FaultRateLimited && a.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After = %q", a.header.Get("Retry-After"))
			}
			if got := b.charges("pay_" + o.Token); got != wantCharges {
				t.Errorf("ledger has %d charges after the first request, want %d", got, wantCharges)
			}
			found := b.get("/v1/charges?reference=att_"+o.Token).want(t, 200).json["data"].([]any)
			if len(found) != wantCharges {
				t.Errorf("look-up finds %d charges, want %d", len(found), wantCharges)
			}
			again, err := post()
			wantAgain := http.StatusOK
			if o.Fault == FaultErrorStored {
				wantAgain = http.StatusInternalServerError
			}
			if err != nil || again.status != wantAgain {
				t.Errorf("replay = %d (%v), want %d", again.status, err, wantAgain)
			}
			if got := b.charges("pay_" + o.Token); got != 1 {
				t.Errorf("ledger has %d charges after the replay, want 1", got)
			}
		})
	}
}

func TestFaultByHeader(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	a, err := b.send("GET", "/v1/account", "", "", "", "Sandbox-Fault", "500_after_charge")
	if err != nil || a.status != 500 {
		t.Errorf("answer = %d, %v", a.status, err)
	}
	if _, err := b.send("GET", "/v1/account", "", "", "", "Sandbox-Fault", "reset_before_charge"); err == nil {
		t.Error("the connection was not reset")
	}
}

func TestFaultsAtARate(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.post("/faults", "", map[string]any{"rate": 0.5, "kinds": []string{"429", "500_after_charge", "reset_before_charge"}, "seed": 7}).want(t, 200)
	troubled := 0
	for i := range 60 {
		name := string(rune('A'+i%26)) + string(rune('a'+i/26))
		for try := 0; ; try++ {
			a, err := b.tryPost("/v1/charges", "k"+name, chargeBody("att_"+name, "pay_"+name, "tok_success"))
			if err == nil && a.status == 200 {
				break
			}
			troubled++
			if try == 50 {
				t.Fatal("no answer in 50 tries")
			}
		}
	}
	if troubled < 20 {
		t.Errorf("%d faults in 60 charges at a rate of one half", troubled)
	}
	if l := b.Ledger(""); len(l.Charges) != 60 || len(l.Doubles) != 0 {
		t.Errorf("ledger has %d charges and the doubles %v", len(l.Charges), l.Doubles)
	}
	b.post("/faults", "", map[string]any{"rate": 0}).want(t, 200)
	for range 20 {
		b.get("/v1/account").want(t, 200)
	}
	b.post("/faults", "", map[string]any{"rate": 2}).want(t, 400)
	b.post("/faults", "", map[string]any{"rate": 1, "kinds": []string{"earthquake"}}).want(t, 400)
}

func TestCloseEndsHangingRequests(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.client.Timeout = time.Minute
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := b.tryPost("/v1/charges", "k", chargeBody("att_1", "pay_1", "tok_timeout_after_charge")); err == nil {
			t.Error("the hanging request was answered")
		}
	})
	eventually(t, "the charge is made", func() bool { return b.charges("pay_1") == 1 })
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
