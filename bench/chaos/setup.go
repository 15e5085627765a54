package chaos

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tillpost/tillpost/sandbox"
)

// Bank is a sandbox that outlives the node's deaths.
type Bank struct {
	URL    string
	fake   *sandbox.Server
	server *http.Server
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
	b := &Bank{
		URL: "http://" + listener.Addr().String(), fake: fake,
		server: &http.Server{Handler: fake.Handler(), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { _ = b.server.Serve(listener) }() // ends with Close
	return b, nil
}

// Close ends the sandbox.
func (b *Bank) Close() {
	_ = b.fake.Close()   // nothing of it is kept
	_ = b.server.Close() // nor of this
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
	for path, body := range map[string]string{
		"/faults":   fmt.Sprintf(`{"rate":%g,"seed":1}`, rate),
		"/webhooks": fmt.Sprintf(`{"drop":%g,"duplicate":%g,"delay":%g,"delay_ms":3000}`, rate, 2*rate, 2*rate),
	} {
		resp, err := http.Post(b.URL+path, "application/json", strings.NewReader(body)) // loopback
		if err != nil {
			return err
		}
		_ = resp.Body.Close() // its status is all that counts
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("bank's %s: %s", path, resp.Status)
		}
	}
	return nil
}

// Setup makes a merchant with an account of each kind at the bank, whose
// webhooks go to the node at addr, and returns its API key and the accounts' lanes.
// run executes the program with arguments and returns what it printed.
func (b *Bank) Setup(run func(args ...string) ([]byte, error), addr string, kinds ...string) (key string, lanes []Lane, err error) {
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
	// On PostgreSQL no key is made beside a merchant.
	if printed, err := run("keys", "create"); err != nil {
		return "", nil, fmt.Errorf("keys create: %w: %s", err, printed)
	}
	if err := do(&merchant, "merchant", "create", "--name", "Chaos", "--currency", "EUR"); err != nil {
		return "", nil, err
	}
	for _, kind := range kinds {
		e, err := b.fake.Enroll(kind, "chaos")
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
		lanes = append(lanes, laneOf(kind, account.ID))
	}
	var made struct {
		Key string `json:"key"`
	}
	err = do(&made, "apikey", "create", "--merchant", merchant.Ref, "--name", "chaos")
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
