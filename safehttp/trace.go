package safehttp

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// Trace watches one call, with all the requests that it may lead to, for the
// one thing that an error does not tell: whether the other side may have got it.
type Trace struct {
	connections atomic.Int32
}

// Context returns a context for the call's requests.
func (t *Trace) Context(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// From here on net/http writes in the background, and bytes may have
		// left even where the write itself reports a failure.
		GotConn: func(httptrace.GotConnInfo) { t.connections.Add(1) },
	})
}

// Sent says whether a request may have been written. False is proof that the
// other side got nothing: there was never a connection to write to.
//
// The error alone is no proof. On a connection that the server closes,
// net/http sends a request with an Idempotency-Key again by itself, so a call
// can end with "connection refused" although it was written once.
func (t *Trace) Sent() bool { return t.connections.Load() > 0 }

// Resent says whether net/http may have written the request more than once by
// itself. Then the answer is one copy's: it proves nothing of the others.
func (t *Trace) Resent() bool { return t.connections.Load() > 1 }
