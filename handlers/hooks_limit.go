package handlers

import (
	"net/netip"
	"sync"
	"time"
)

// How many rejected webhooks of one account an address has a minute, and how
// many addresses are counted.
const (
	rejectedHooks = 30
	countedHooks  = 10_000
)

// hookLimiter counts rejected webhooks within a minute. It is this node's own. Those of one
// address do not hinder another, so that nobody can keep the provider away.
type hookLimiter struct {
	now func() time.Time

	mu       sync.Mutex
	since    time.Time
	rejected map[hookSource]int
}

type hookSource struct {
	account string
	from    netip.Prefix
}

func newHookLimiter() *hookLimiter {
	return &hookLimiter{now: time.Now, rejected: map[hookSource]int{}}
}

// blocked says how long an address must wait that sent too many.
func (l *hookLimiter) blocked(account, ip string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.turn()
	if l.rejected[sourceOf(account, ip)] < rejectedHooks {
		return 0
	}
	return l.since.Add(time.Minute).Sub(now)
}

// note counts a rejected webhook.
func (l *hookLimiter) note(account, ip string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	if len(l.rejected) >= countedHooks {
		clear(l.rejected)
	}
	l.rejected[sourceOf(account, ip)]++
}

// turn begins a new minute when the old one is over.
func (l *hookLimiter) turn() time.Time {
	now := l.now()
	if now.Sub(l.since) >= time.Minute {
		l.since = now
		clear(l.rejected)
	}
	return now
}

// sourceOf takes an IPv6 network for one address, which it usually is.
func sourceOf(account, ip string) hookSource {
	self, around := neighbourhood(ip)
	if self.Addr().Is6() {
		self = around
	}
	return hookSource{account, self}
}
