package handlers

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/tillpost/tillpost/monitor"
)

// Listener wraps a listener so that it survives what makes fasthttp give up: when
// the system has no file or buffer left it waits and tries again, and it holds
// no more than limit connections at once, so that the process keeps files for
// the database.
func Listener(ln net.Listener, limit int, figures *monitor.Figures) net.Listener {
	return &listener{Listener: ln, figures: figures, slots: make(chan struct{}, limit), closed: make(chan struct{})}
}

// longestRest bounds the pause after a failed Accept.
const longestRest = time.Second

type listener struct {
	net.Listener

	figures *monitor.Figures

	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Accept waits for a free place, then for a connection.
func (l *listener) Accept() (net.Conn, error) {
	if err := l.place(); err != nil {
		return nil, err
	}
	rest := 5 * time.Millisecond
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			closed := l.figures.Connected()
			return &connection{Conn: conn, release: func() { <-l.slots; closed() }}, nil
		}
		if !passing(err) {
			<-l.slots
			return nil, err
		}
		l.figures.Refused(monitor.RefusedSystem)
		select {
		case <-time.After(rest):
		case <-l.closed:
			<-l.slots
			return nil, net.ErrClosed
		}
		rest = min(2*rest, longestRest)
	}
}

// place takes a free place, for which it may have to wait.
func (l *listener) place() error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	l.figures.Refused(monitor.RefusedLimit)
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-l.closed:
		return net.ErrClosed
	}
}

// Close ends Accept.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// passing says whether an error of Accept goes away by itself.
func passing(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// connection gives its place back when it is closed.
type connection struct {
	net.Conn

	once    sync.Once
	release func()
}

func (c *connection) Close() error {
	defer c.once.Do(c.release)
	return c.Conn.Close()
}
