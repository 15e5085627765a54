package handlers

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"
)

// How often a key may call this node.
const (
	keyRate    = 100 // a second
	keyBurst   = 200
	keysAtOnce = 10_000
)

// limit turns a request away whose key has used up its rate.
func (a *shopAPI) limit(ctx huma.Context, next func(huma.Context)) {
	call := callOf(ctx.Context())
	left, wait := a.limits.take(call.key.ID)
	ctx.SetHeader("RateLimit-Limit", strconv.Itoa(keyBurst))
	ctx.SetHeader("RateLimit-Remaining", strconv.Itoa(left))
	ctx.SetHeader("RateLimit-Reset", strconv.Itoa((keyBurst-left+keyRate-1)/keyRate))
	if wait > 0 {
		p := newProblem(http.StatusTooManyRequests, "rate_limited")
		p.after = wait
		a.refuse(ctx, call, p)
		return
	}
	next(ctx)
}

// keyLimiter limits requests by key. It is this node's own: it protects the
// node, and fairness between its callers.
type keyLimiter struct {
	now func() time.Time

	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

func newKeyLimiter() *keyLimiter {
	return &keyLimiter{now: time.Now, keys: map[string]*rate.Limiter{}}
}

// take counts a request and says how many more may follow at once, and how long
// to wait when this one was too many.
func (l *keyLimiter) take(id string) (left int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	limiter, ok := l.keys[id]
	if !ok {
		l.makeRoom(now)
		limiter = rate.NewLimiter(keyRate, keyBurst)
		l.keys[id] = limiter
	}
	if !limiter.AllowN(now, 1) {
		return 0, time.Duration((1 - limiter.TokensAt(now)) / keyRate * float64(time.Second))
	}
	return int(math.Floor(limiter.TokensAt(now))), 0
}

// makeRoom forgets keys that have their whole burst again, which is as if they
// had never called.
func (l *keyLimiter) makeRoom(now time.Time) {
	if len(l.keys) < keysAtOnce {
		return
	}
	for id, limiter := range l.keys {
		if limiter.TokensAt(now) >= keyBurst {
			delete(l.keys, id)
		}
	}
	if len(l.keys) >= keysAtOnce {
		clear(l.keys)
	}
}
