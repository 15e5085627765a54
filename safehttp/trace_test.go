package safehttp

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// post sends a small POST and says what the trace saw of it.
func post(ctx context.Context, t *testing.T, client *http.Client, url, key string) (sent bool, err error) {
	t.Helper()
	var trace Trace
	req, err := http.NewRequestWithContext(trace.Context(ctx), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := client.Do(req)
	if err != nil {
		return trace.Sent(), err
	}
	_, _, err = ReadAll(resp, 1<<10)
	return trace.Sent(), err
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func TestTrace(t *testing.T) {
	t.Parallel()
	closed := listen(t)
	closed.Close()
	silent := listen(t) // connects, never answers
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = log.New(io.Discard, "", 0) // of the refused handshake
	tlsServer.StartTLS()
	t.Cleanup(tlsServer.Close)
	okPort, _ := serve(t, func(http.ResponseWriter, *http.Request) {})
	resetPort, _ := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	noName := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}}

	tests := []struct {
		name      string
		opts      Options
		url       string
		wantSent  bool
		wantPhase Phase // empty: no error
	}{
		{name: "answered", url: "http://127.0.0.1:" + okPort, wantSent: true},
		{name: "name not found", opts: Options{Resolver: noName}, url: "http://shop.test", wantPhase: PhaseLookup},
		{name: "connection refused", url: "http://" + closed.Addr().String(), wantPhase: PhaseConnect},
		{name: "address blocked", opts: Options{BlockPrivate: true}, url: "http://127.0.0.1:" + okPort, wantPhase: PhaseBlocked},
		{name: "certificate not trusted", url: tlsServer.URL, wantPhase: PhaseTLS},
		{name: "no TLS on the other side", url: "https://127.0.0.1:" + okPort, wantPhase: PhaseTLS},
		{name: "time up in the handshake", opts: Options{Timeout: 200 * time.Millisecond}, url: "https://" + silent.Addr().String(), wantPhase: PhaseTimeout},
		{name: "time up before the answer", opts: Options{Timeout: 200 * time.Millisecond}, url: "http://" + silent.Addr().String(), wantSent: true, wantPhase: PhaseTimeout},
		{name: "connection reset", url: "http://127.0.0.1:" + resetPort, wantSent: true, wantPhase: PhaseExchange},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sent, err := post(t.Context(), t, New(test.opts), test.url, "")
			if sent != test.wantSent {
				t.Errorf("sent %v, want %v (%v)", sent, test.wantSent, err)
			}
			if test.wantPhase == "" {
				if err != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			if err == nil || Classify(err) != test.wantPhase {
				t.Errorf("phase %s of %v, want %s", Classify(err), err, test.wantPhase)
			}
		})
	}

	t.Run("canceled before it starts", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		sent, err := post(ctx, t, New(Options{}), "http://127.0.0.1:"+okPort, "")
		if sent || Classify(err) != PhaseCanceled {
			t.Errorf("sent %v, %v, want not sent and canceled", sent, err)
		}
	})
}

// A server takes a request on a connection kept alive, then dies. net/http
// tries again by itself and reports the refused connection.
func TestTraceOfResentRequest(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	got := make(chan int)
	go func() {
		defer close(got)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buffer := make([]byte, 4<<10)
		if _, err := conn.Read(buffer); err != nil {
			return
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
		n, err := conn.Read(buffer)
		listener.Close()
		if err == nil {
			got <- n
		}
	}()
	client := New(Options{})
	url := "http://" + listener.Addr().String()
	if _, err := post(t.Context(), t, client, url, "one"); err != nil {
		t.Fatal(err)
	}
	received := make(chan int, 1)
	go func() { received <- <-got }()
	sent, err := post(t.Context(), t, client, url, "two")
	if n := <-received; n == 0 {
		t.Fatal("the server never got the second request")
	}
	if Classify(err) != PhaseConnect {
		t.Fatalf("error %v, want the refused connection of the second try", err)
	}
	if !sent {
		t.Error("sent false, although the first try was written")
	}
}
