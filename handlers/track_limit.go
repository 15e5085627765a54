package handlers

import (
	"sync"
	"time"
)

// Visits of pages for customers that one address and its neighbourhood have a
// minute, and wrong proofs among them: whole offices and mobile networks share
// an address.
const (
	visitsPerIP   = 120
	visitsPerNet  = 600
	guessesPerIP  = 10
	guessesPerNet = 40
)

// Wrong proofs that one parcel has, from whomever, in a time; and how many
// parcels are counted.
const (
	guessesPerParcel = 10
	guessTime        = 30 * time.Minute
	countedParcels   = 10_000
)

// parcelLimiter counts wrong proofs by parcel. It is this node's own. Only
// parcels that exist are counted, so that nobody can flood it.
type parcelLimiter struct {
	now func() time.Time

	mu    sync.Mutex
	wrong map[string]*guesses
}

// guesses are those of one parcel since a moment.
type guesses struct {
	since time.Time
	count int
}

func newParcelLimiter() *parcelLimiter {
	return &parcelLimiter{now: time.Now, wrong: map[string]*guesses{}}
}

// blocked says how long a parcel takes no more proofs.
func (l *parcelLimiter) blocked(token string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.wrong[token]
	if g == nil || g.count < guessesPerParcel {
		return 0
	}
	return max(g.since.Add(guessTime).Sub(l.now()), 0)
}

// note counts a wrong proof.
func (l *parcelLimiter) note(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	g := l.wrong[token]
	if g == nil || now.Sub(g.since) >= guessTime {
		if len(l.wrong) >= countedParcels {
			l.forget(now)
		}
		g = &guesses{since: now}
		l.wrong[token] = g
	}
	g.count++
}

// forget makes room: by what is over, or else by all.
func (l *parcelLimiter) forget(now time.Time) {
	for token, g := range l.wrong {
		if now.Sub(g.since) >= guessTime {
			delete(l.wrong, token)
		}
	}
	if len(l.wrong) >= countedParcels {
		clear(l.wrong)
	}
}
