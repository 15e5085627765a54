// Package forged stands between a payment provider and the program and sends,
// beside the provider's webhooks, many that nobody should believe.
package forged

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/sandbox"
)

// Account is one whose webhooks are signed with a shared secret.
type Account struct {
	Header string // that carries the signature
	Secret string
	Other  string // the secret of another merchant's account
}

// Postman takes the provider's webhooks, keeps them for a while, and delivers
// them out of order, some more than once, with forgeries among them.
type Postman struct {
	URL string

	node     string // where the program listens
	accounts map[string]Account
	server   *http.Server
	client   *http.Client

	mu     sync.Mutex
	random *rand.Rand
	held   []letter
	count  Count
	wrong  []string // answers that should have been others
}

// Count is what was sent, and how it was answered.
type Count struct {
	Genuine, Repeated               int // taken, the second also by a wait for its first
	Altered, Unsigned, Stale, Alien int // refused
	Late                            int // of the genuine, delivered after those that came later
}

// Refused is how many had to be refused.
func (c Count) Refused() int { return c.Altered + c.Unsigned + c.Stale + c.Alien }

// All is how many were sent.
func (c Count) All() int { return c.Genuine + c.Repeated + c.Refused() }

// letter is a webhook on its way.
type letter struct {
	account string
	header  http.Header
	body    []byte
	ripe    time.Time
	genuine bool
	count   *int // what it counts as
}

// Open starts a postman; accounts are told by their ids once they are known.
func Open(node string) (*Postman, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Postman{
		URL: listener.Addr().String(), node: "http://" + node, accounts: map[string]Account{},
		random: rand.New(rand.NewPCG(3, 5)), // the same kind of run each time
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: senders}},
	}
	p.server = &http.Server{Handler: http.HandlerFunc(p.take), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}

// Close ends the taking of webhooks.
func (p *Postman) Close() { _ = p.server.Close() } // nothing of it is kept

// Know has webhooks of an account delivered from now on.
func (p *Postman) Know(id string, a Account) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accounts[id] = a
}

// Bounds of how long a webhook is kept.
const (
	shortest = 200 * time.Millisecond
	longest  = 3 * time.Second
	tardy    = 20 * time.Second // one in ten, and repetitions
)

func (p *Postman) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	id := strings.TrimPrefix(r.URL.Path, "/hooks/")
	a, known := p.accounts[id]
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	now := time.Now()
	wait := p.between(shortest, longest)
	first := letter{account: id, header: signed(a, a.Secret, now, body), body: body, genuine: true, count: &p.count.Genuine}
	if p.random.Float64() < 0.1 {
		wait = p.between(longest, tardy)
		p.count.Late++
	}
	first.ripe = now.Add(wait)
	p.held = append(p.held, first)
	if p.random.Float64() < 0.6 {
		again := first
		again.ripe, again.count = now.Add(p.between(shortest, tardy)), &p.count.Repeated
		p.held = append(p.held, again)
	}
	p.forge(id, a, now, body)
}

// forge adds what nobody should believe, most of it untrue.
func (p *Postman) forge(id string, a Account, now time.Time, body []byte) {
	lie := falsified(body)
	add := func(count *int, header http.Header, body []byte) {
		if p.random.Float64() < 0.1 {
			p.held = append(p.held, letter{account: id, header: header, body: body, ripe: now.Add(p.between(0, tardy)), count: count})
		}
	}
	add(&p.count.Altered, signed(a, a.Secret, now, body), lie)
	add(&p.count.Unsigned, http.Header{}, lie)
	add(&p.count.Stale, signed(a, a.Secret, now.Add(-6*time.Minute-tardy), lie), lie)
	add(&p.count.Alien, signed(a, a.Other, now, lie), lie)
}

func (p *Postman) between(low, high time.Duration) time.Duration {
	return low + time.Duration(p.random.Int64N(int64(high-low)))
}

// signed is the signature that the sandbox's own format and Stripe's share.
func signed(a Account, secret string, at time.Time, body []byte) http.Header {
	return http.Header{a.Header: {sandbox.Sign(secret, at, body)}}
}

// falsified turns good news into bad and the other way around; always another text.
func falsified(body []byte) []byte {
	if bytes.Contains(body, []byte("succeeded")) {
		return bytes.ReplaceAll(body, []byte("succeeded"), []byte("failed"))
	}
	lie := bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("payment_failed"), []byte("succeeded")), []byte("failed"), []byte("succeeded"))
	return append(bytes.ReplaceAll(lie, []byte("declined"), []byte("succeeded")), '\n')
}

// senders is how many webhooks are sent at the same time.
const senders = 8

// Deliver sends what is ripe until the context ends, and then all that is left.
func (p *Postman) Deliver(ctx context.Context) {
	var wg sync.WaitGroup
	work := make(chan letter)
	for range senders {
		wg.Go(func() {
			for l := range work {
				p.send(l)
			}
		})
	}
	for {
		last := ctx.Err() != nil
		for _, l := range p.ripe(last) {
			work <- l
		}
		if last {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	close(work)
	wg.Wait()
}

// ripe takes out what is due, in any order.
func (p *Postman) ripe(all bool) []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var due, rest []letter
	for _, l := range p.held {
		if all || !l.ripe.After(now) {
			due = append(due, l)
		} else {
			rest = append(rest, l)
		}
	}
	p.held = rest
	p.random.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	return due
}

// patience is how long a webhook is sent again that was not taken for a reason of the program's own.
const patience = time.Minute

func (p *Postman) send(l letter) {
	status, err := 0, error(nil)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if status, err = p.post(l); err == nil && status != http.StatusServiceUnavailable {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	*l.count++
	taken := status >= 200 && status < 300
	if err != nil || taken != l.genuine || !l.genuine && status != http.StatusUnauthorized {
		p.wrong = append(p.wrong, fmt.Sprintf("genuine %v: answered %d, %v", l.genuine, status, err))
	}
}

// post sends a webhook from an address of its own, as many hosts would.
func (p *Postman) post(l letter) (int, error) {
	request, err := http.NewRequest(http.MethodPost, p.node+"/hooks/"+l.account, bytes.NewReader(l.body))
	if err != nil {
		return 0, err
	}
	maps.Copy(request.Header, l.header)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("%d.%d.%d.%d", 11+rand.IntN(80), rand.IntN(256), rand.IntN(256), 1+rand.IntN(250)))
	response, err := p.client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// Report is what was sent so far, and which answers were wrong.
func (p *Postman) Report() (c Count, wrong []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count, p.wrong
}
