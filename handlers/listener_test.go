package handlers

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// stubborn fails to accept, as a system without free files does.
type stubborn struct {
	net.Listener

	failures []error
}

func (s *stubborn) Accept() (net.Conn, error) {
	if len(s.failures) > 0 {
		err := s.failures[0]
		s.failures = s.failures[1:]
		return nil, &net.OpError{Op: "accept", Err: err}
	}
	return s.Listener.Accept()
}

func dial(t *testing.T, ln net.Listener) {
	t.Helper()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
}

func newListener(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func TestListenerSurvivesLackOfFiles(t *testing.T) {
	t.Parallel()
	inner := &stubborn{Listener: newListener(t), failures: []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED}}
	ln := Listener(inner, 10, nil)
	dial(t, ln)
	conn, err := ln.Accept()
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	conn.Close()

	inner.failures = []error{syscall.EINVAL}
	if _, err := ln.Accept(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a lasting failure is %v", err)
	}
}

func TestListenerLimitsConnections(t *testing.T) {
	t.Parallel()
	ln := Listener(newListener(t), 2, nil)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	for range 3 {
		dial(t, ln)
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection was accepted")
	case <-time.After(100 * time.Millisecond):
	}
	first.Close()
	first.Close() // gives its place back once
	third := <-accepted
	second.Close()
	third.Close()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	for range accepted { // ends
		t.Error("a connection was accepted after closing")
	}
}
