package paymentstest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// network stands between a provider and its fake server, and breaks on demand.
type network struct {
	url       string // the fake's address as seen through the network
	origin    string
	charging  func(*http.Request) bool
	modifying func(*http.Request) bool
	client    *http.Client

	mu     sync.Mutex
	which  func(*http.Request) bool // the requests that broken breaks
	broken fault                    // nil: none
}

// fault serves a request in the network's way; forward passes it on to the
// fake and returns what the fake answers.
type fault func(w http.ResponseWriter, r *http.Request, forward func() reply)

type reply struct {
	status int
	header http.Header
	body   []byte
}

func newNetwork(t *testing.T, s Setup) *network {
	t.Helper()
	u, err := url.Parse(s.Account.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	n := &network{
		origin: u.Scheme + "://" + u.Host, charging: s.Charging, modifying: s.Modifying, client: &http.Client{Transport: transport},
	}
	if n.modifying == nil {
		n.modifying = func(r *http.Request) bool { return r.Method == http.MethodPost }
	}
	server := httptest.NewServer(n)
	n.url = server.URL + u.Path
	t.Cleanup(func() {
		server.CloseClientConnections() // ends hanging handlers
		server.Close()
		transport.CloseIdleConnections()
	})
	return n
}

func (n *network) breakCharges(f fault)       { n.set(n.charging, f) }
func (n *network) breakModifications(f fault) { n.set(n.modifying, f) }
func (n *network) breakAll(f fault)           { n.set(func(*http.Request) bool { return true }, f) }
func (n *network) heal()                      { n.set(nil, nil) }

func (n *network) set(which func(*http.Request) bool, broken fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.which, n.broken = which, broken
}

// ServeHTTP passes a request on, or breaks it.
func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	n.mu.Lock()
	which, broken := n.which, n.broken
	n.mu.Unlock()
	forward := func() reply { return n.forward(r, body) }
	r.Body = io.NopCloser(bytes.NewReader(body)) // some providers' requests differ in their bodies only
	if broken != nil && which(r) {
		broken(w, r, forward)
		return
	}
	forward().write(w)
}

// forward does not end with the client's request: what is on its way arrives.
func (n *network) forward(r *http.Request, body []byte) reply {
	req, err := http.NewRequestWithContext(
		context.WithoutCancel(r.Context()), r.Method, n.origin+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.Header = r.Header.Clone()
	req.Header.Del("Accept-Encoding") // the transport is to unpack what it asked for
	resp, err := n.client.Do(req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	resp.Header.Del("Content-Length")
	return reply{status: resp.StatusCode, header: resp.Header, body: text}
}

func (r reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // a client that has left is what many of the tests want
}

// answer answers in the fake's stead, without asking it.
func answer(status int, contentType, body string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ func() reply) {
		reply{status, http.Header{"Content-Type": {contentType}}, []byte(body)}.write(w)
	}
}

// after lets the fake execute the request, and then spoils its answer.
func after(spoil fault) fault {
	return func(w http.ResponseWriter, r *http.Request, forward func() reply) {
		done := forward()
		spoil(w, r, func() reply { return done })
	}
}

// silence never answers.
func silence(_ http.ResponseWriter, r *http.Request, _ func() reply) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// reset breaks the connection.
func reset(w http.ResponseWriter, _ *http.Request, _ func() reply) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection is closed instead of reset, which is as broken
	}
	_ = conn.Close() // it is to be broken
}

// half breaks off in the middle of the fake's answer.
func half(w http.ResponseWriter, _ *http.Request, forward func() reply) {
	r := forward()
	r.body = r.body[:len(r.body)/2]
	r.write(w)
}

// endless never ends its answer.
func endless(w http.ResponseWriter, r *http.Request, _ func() reply) {
	w.Header().Set("Content-Type", "application/json")
	chunk := bytes.Repeat([]byte(" "), 64<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// redirect sends the caller somewhere else.
func redirect(w http.ResponseWriter, _ *http.Request, _ func() reply) {
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(http.StatusTemporaryRedirect)
}
