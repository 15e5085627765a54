package deliveries

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// hostilities are what the endpoints do that nobody would want to post to, by
// their paths.
var hostilities = []string{"/hangs", "/drips", "/floods", "/to-metadata", "/to-loopback"}

// flood is how much the endpoint that answers without end would send.
const flood = 1 << 30

// metadata is where cloud hosts hand out credentials.
const metadata = "http://169.254.169.254/latest/meta-data/"

// villain is the server of hostile endpoints. It answers like any other until it
// is let loose.
type villain struct {
	loose   atomic.Bool
	private string // a URL that nobody outside may reach
	done    chan struct{}
}

// ServeHTTP does what the path says.
func (v *villain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, err := io.Copy(io.Discard, r.Body)
	if err != nil || !v.loose.Load() {
		return
	}
	switch r.URL.Path {
	case "/hangs":
		select {
		case <-r.Context().Done():
		case <-v.done:
		}
	case "/drips":
		v.drip(w)
	case "/floods":
		chunk := bytes.Repeat([]byte("all the same "), 2500)
		for sent := 0; sent < flood && err == nil; sent += len(chunk) {
			_, err = w.Write(chunk)
		}
	case "/to-metadata":
		http.Redirect(w, r, metadata, http.StatusTemporaryRedirect)
	case "/to-loopback":
		http.Redirect(w, r, v.private, http.StatusTemporaryRedirect)
	}
}

// drip answers a byte at a time, from the status line on.
func (v *villain) drip(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // its server is being closed
	}
	defer conn.Close()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat(".", 1000)) {
		select {
		case <-tick.C:
		case <-v.done:
			return
		}
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
	}
}

// trap is a listener that nobody may connect to.
type trap struct {
	net.Listener

	caught atomic.Int64
}

func newTrap() (*trap, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &trap{Listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			t.caught.Add(1)
			_ = conn.Close() // it should not be there
		}
	}()
	return t, nil
}

// watchMetadata looks in the kernel's table for connections to the address of
// metadata until the function that it returns is called, which says in how many
// looks there was one.
func watchMetadata() (stop func() (int, error)) {
	const remote = " FEA9FEA9:" // 169.254.169.254, its bytes turned round
	var (
		group sync.WaitGroup
		seen  int
		err   error
	)
	done := make(chan struct{})
	group.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for err == nil {
			var table []byte
			if table, err = os.ReadFile("/proc/net/tcp"); strings.Contains(string(table), remote) {
				seen++
			}
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	return func() (int, error) {
		close(done)
		group.Wait()
		if err != nil {
			return 0, fmt.Errorf("watch connections: %w", err)
		}
		return seen, nil
	}
}
