package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tillpost/tillpost/sandbox"
)

// Bank is a sandbox that outlives the node's deaths.
type Bank struct {
	URL    string
	fake   *sandbox.Server
	server *http.Server

	linger  atomic.Int64 // nanoseconds
	pending atomic.Int64 // requests that are done and not answered
}

// OpenBank starts a sandbox whose requests without an answer are held for hang.
func OpenBank(hang time.Duration) (*Bank, error) {
	fake, err := sandbox.New(sandbox.Options{HangMax: hang})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Bank{URL: "http://" + listener.Addr().String(), fake: fake}
	b.server = &http.Server{Handler: http.HandlerFunc(b.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = b.server.Serve(listener) }() // ends with Close
	return b, nil
}

// Close ends the sandbox.
func (b *Bank) Close() {
	_ = b.fake.Close()   // nothing of it is kept
	_ = b.server.Close() // nor of this
}

// Linger holds every answer back for a while after what was asked is done.
func (b *Bank) Linger(d time.Duration) { b.linger.Store(int64(d)) }

// Pending says whether something is done that nobody was told of yet.
func (b *Bank) Pending() bool { return b.pending.Load() > 0 }

func (b *Bank) serve(w http.ResponseWriter, r *http.Request) {
	b.fake.Handler().ServeHTTP(w, r) // its answer is sent when this returns
	d := time.Duration(b.linger.Load())
	if d == 0 || r.Method != http.MethodPost {
		return
	}
	b.pending.Add(1)
	time.Sleep(d)
	b.pending.Add(-1)
}

// Ledger is what was really charged, by payment.
func (b *Bank) Ledger() Ledger {
	l := Ledger{Charges: map[string]int{}, Captured: map[string]int64{}}
	for id, p := range b.fake.Ledger("").Payments {
		l.Charges[id], l.Captured[id] = p.Count, p.Captured
	}
	return l
}

// Fault has the bank do something wrong with a share of all requests, and with
// webhooks: some are lost, come twice or late.
func (b *Bank) Fault(rate float64) error {
	return errors.Join(
		b.set("/faults", fmt.Sprintf(`{"rate":%g,"seed":1}`, rate)),
		b.set("/webhooks", fmt.Sprintf(`{"drop":%g,"duplicate":%g,"delay":%g,"delay_ms":3000}`, rate, 2*rate, 2*rate)),
	)
}

// Drop loses a share of the webhooks.
func (b *Bank) Drop(share float64) error {
	return b.set("/webhooks", fmt.Sprintf(`{"drop":%g}`, share))
}

func (b *Bank) set(path, body string) error {
	resp, err := http.Post(b.URL+path, "application/json", strings.NewReader(body)) // loopback
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // its status is all that counts
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("bank's %s: %s", path, resp.Status)
	}
	return nil
}

// Setup makes a merchant of the name shop with an account of each kind at the bank, whose
// webhooks go to the node at addr, and returns its API key and the accounts' lanes.
// run executes the program with arguments and returns what it printed.
func (b *Bank) Setup(run func(args ...string) ([]byte, error), shop, addr string, kinds ...string) (key string, lanes []Lane, err error) {
	do := func(into any, args ...string) error {
		printed, err := run(append(args, "--json")...)
		if err != nil {
			return fmt.Errorf("%v: %w: %s", args[:2], err, printed)
		}
		return json.Unmarshal(printed, into)
	}
	var merchant struct {
		Ref string `json:"ref"`
	}
	if err := do(&merchant, "merchant", "create", "--name", shop, "--currency", "EUR"); err != nil {
		return "", nil, err
	}
	for _, kind := range kinds {
		e, err := b.fake.Enroll(kind, shop)
		if err != nil {
			return "", nil, err
		}
		args := []string{"gateway", "add", "--merchant", merchant.Ref, "--kind", kind, "--name", kind, "--set", "base_url=" + b.URL + e.Path}
		for field, value := range e.Fields {
			args = append(args, "--set", field+"="+value)
		}
		var account struct {
			ID string `json:"id"`
		}
		if err := do(&account, args...); err != nil {
			return "", nil, err
		}
		if err := b.fake.Hook(e, "http://"+addr+"/hooks/"+account.ID); err != nil {
			return "", nil, err
		}
		lane := laneOf(kind, account.ID)
		lane.Secret = e.Fields["webhook_secret"]
		lanes = append(lanes, lane)
	}
	var made struct {
		Key string `json:"key"`
	}
	err = do(&made, "apikey", "create", "--merchant", merchant.Ref, "--name", shop)
	return made.Key, lanes, err
}

// FreeAddr is a loopback address that nothing listens on at the moment.
func FreeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
