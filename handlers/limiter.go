package handlers

import (
	"net/netip"
	"sync"
	"time"
)

// Wrong tries to sign in that one address and its neighbourhood have a minute.
const (
	loginsPerIP  = 20
	loginsPerNet = 60
)

// ipLimiter counts tries by address within a minute. It is this node's own:
// what protects an account for good is kept with the user.
type ipLimiter struct {
	now              func() time.Time
	perIP, perAround int

	mu    sync.Mutex
	since time.Time
	tries map[netip.Prefix]int
}

func newIPLimiter(perIP, perAround int) *ipLimiter {
	return &ipLimiter{now: time.Now, perIP: perIP, perAround: perAround, tries: map[netip.Prefix]int{}}
}

// allow counts a try and says how long to wait when there were too many.
func (l *ipLimiter) allow(ip string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.since) >= time.Minute {
		l.since = now
		clear(l.tries)
	}
	self, around := neighbourhood(ip)
	l.tries[self]++
	l.tries[around]++
	if l.tries[self] > l.perIP || l.tries[around] > l.perAround {
		return l.since.Add(time.Minute).Sub(now), false
	}
	return 0, true
}

// forgive takes a try back that turned out to be right.
func (l *ipLimiter) forgive(ip string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	self, around := neighbourhood(ip)
	for _, prefix := range []netip.Prefix{self, around} {
		if l.tries[prefix] > 0 {
			l.tries[prefix]--
		}
	}
}

// neighbourhood is an address and the network that one owner usually has; those
// that cannot be read share one.
func neighbourhood(ip string) (self, around netip.Prefix) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		addr = netip.IPv4Unspecified()
	}
	addr = addr.Unmap().WithZone("")
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, addr.BitLen()), netip.PrefixFrom(addr, bits).Masked()
}
