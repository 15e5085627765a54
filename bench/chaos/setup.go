package chaos

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
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

// Tokens lists the sandbox's own outcomes, each of which a run goes through.
func Tokens() []string {
	var out []string
	for _, o := range sandbox.Outcomes() {
		if len(o.Token) > 4 && o.Token[:4] == "tok_" {
			out = append(out, o.Token)
		}
	}
	return out
}

// Setup makes a merchant with an account at the bank and returns its API key.
// run executes the program with arguments and returns what it printed.
func Setup(run func(args ...string) ([]byte, error), bankURL string) (key string, err error) {
	var merchant struct {
		Ref string `json:"ref"`
	}
	steps := []struct {
		into any
		args []string
	}{
		{nil, []string{"keys", "create"}}, // on PostgreSQL none is made beside a merchant
		{&merchant, []string{"merchant", "create", "--name", "Chaos", "--currency", "EUR", "--json"}},
		{nil, []string{
			"gateway", "add", "--merchant", "chaos", "--kind", "sandbox", "--name", "bank",
			"--set", "secret_key=sk_sandbox_chaos", "--set", "base_url=" + bankURL, "--json",
		}},
	}
	for _, step := range steps {
		printed, err := run(step.args...)
		if err != nil {
			return "", fmt.Errorf("%v: %w: %s", step.args, err, printed)
		}
		if step.into != nil {
			if err := json.Unmarshal(printed, step.into); err != nil {
				return "", err
			}
		}
	}
	printed, err := run("apikey", "create", "--merchant", merchant.Ref, "--name", "chaos", "--json")
	if err != nil {
		return "", fmt.Errorf("apikey create: %w: %s", err, printed)
	}
	var made struct {
		Key string `json:"key"`
	}
	return made.Key, json.Unmarshal(printed, &made)
}

// FreeAddr is a loopback address that nothing listens on at the moment.
func FreeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
