package monitor

import (
	"net/http"
	"strconv"
	"time"
)

// Answered counts a request that was answered. What does not exist and what is
// no known method make no series of their own.
func (f *Figures) Answered(method, route string, status int, took time.Duration) {
	if f == nil {
		return
	}
	f.requests.WithLabelValues(Method(method), Route(route, status), strconv.Itoa(status)).Observe(took.Seconds())
}

// Route is the pattern of a request, unless nothing is there.
func Route(pattern string, status int) string {
	if status == http.StatusNotFound {
		return "none"
	}
	return pattern
}

// Method is one of those that exist.
func Method(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return otherLabel
	}
}

// Login counts a try to sign in.
func (f *Figures) Login(ok bool) {
	if f == nil {
		return
	}
	result := "refused"
	if ok {
		result = "ok"
	}
	f.logins.WithLabelValues(result).Inc()
}

// Why somebody may not do something.
const (
	DeniedRole  = "role"  // of a page
	DeniedKey   = "key"   // that is unknown or revoked
	DeniedScope = "scope" // of a key
	DeniedForm  = "form"  // that is not ours
)

// Denied counts a request by somebody who may not make it.
func (f *Figures) Denied(why string) {
	if f != nil {
		f.denied.WithLabelValues(label(why)).Inc()
	}
}

// Why connections are not taken.
const (
	RefusedLimit  = "limit"  // as many are open as a node holds: it waits
	RefusedSystem = "system" // the system has no file or buffer left
	RefusedStream = "stream" // as many pages are fed as a node feeds
)

// Refused counts a connection that was not taken.
func (f *Figures) Refused(why string) {
	if f != nil {
		f.refused.WithLabelValues(label(why)).Inc()
	}
}

// HookRejected counts a webhook of a provider with a bad signature.
func (f *Figures) HookRejected(kind string) {
	if f != nil {
		f.hooks.WithLabelValues(label(kind)).Inc()
	}
}

// Connected counts an open connection until the returned function is called.
func (f *Figures) Connected() (closed func()) {
	if f == nil {
		return func() {}
	}
	f.connections.Add(1)
	return func() { f.connections.Add(-1) }
}

// Streaming counts an open page until the returned function is called.
func (f *Figures) Streaming() (closed func()) {
	if f == nil {
		return func() {}
	}
	f.streams.Add(1)
	return func() { f.streams.Add(-1) }
}

// Open tells how many connections are open, and how many of them feed pages.
func (f *Figures) Open() (connections, streams int64) {
	return f.connections.Load(), f.streams.Load()
}
