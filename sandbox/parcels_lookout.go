package sandbox

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	lookEvery  = time.Second // by the real clock, however fast that of the sandbox goes
	maxWatched = 10_000      // the oldest go first
)

// lookout tells accounts by webhook of further scans of the parcels that they
// asked for, or handed over, after they had registered an address. How far a
// parcel has come by now its journey says: only how far it was is kept.
type lookout struct {
	parcels  *parcels
	accounts *accounts                             // set before serving
	tell     func(account string, told wireParcel) // likewise

	mu      sync.Mutex
	seen    map[watched]progress
	order   []watched   // oldest first
	timer   *time.Timer // for the next look
	stopped bool
}

// watched is a parcel of which an account is told.
type watched struct{ account, number string }

// progress is how far a parcel was when it was last looked at.
type progress struct {
	scans int
	next  time.Time // when another is due: a journey is not planned anew before
}

func newLookout(p *parcels) *lookout {
	return &lookout{
		parcels: p, accounts: newAccounts(&journal{}), tell: func(string, wireParcel) {}, seen: make(map[watched]progress),
	}
}

// register sets where an account's webhooks go.
func (l *lookout) register(w http.ResponseWriter, r *http.Request, account string) {
	var in struct {
		URL    string `json:"url"`
		Secret string `json:"secret"`
	}
	if fault := readJSON(w, r, &in); fault != "" {
		refuse(w, http.StatusBadRequest, "malformed", fault)
		return
	}
	switch {
	case in.URL == "" || !isWebURL(in.URL) || in.Secret == "":
		refuse(w, http.StatusUnprocessableEntity, "invalid", "url: an http or https address. secret: what signs the webhooks.")
	case !l.accounts.set(settings{Account: account, URL: in.URL, Secret: in.Secret}):
		refuse(w, http.StatusUnprocessableEntity, "too_many_webhooks", "No room for another webhook.")
	default:
		writeJSON(w, http.StatusOK, map[string]string{"object": "webhook", "url": in.URL})
	}
}

// watch has an account told of what is still to come of a parcel, if it wants to be.
func (l *lookout) watch(account string, j journey, now time.Time) {
	due := len(j.until(now))
	if _, wants := l.accounts.of(account); !wants || due == len(j.scans) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := watched{account, j.number}
	if before, known := l.seen[one]; known {
		l.seen[one] = progress{scans: min(before.scans, due)} // registered anew it begins anew
		return
	}
	l.seen[one] = progress{due, j.scans[due].time}
	l.order = append(l.order, one)
	if len(l.order) > maxWatched {
		delete(l.seen, l.order[0])
		l.order = l.order[1:]
	}
	if len(l.order) == 1 {
		l.arm()
	}
}

// arm has the parcels looked at after a while, as long as there are any; l.mu is held.
func (l *lookout) arm() {
	if l.stopped || len(l.order) == 0 {
		return
	}
	l.timer = time.AfterFunc(lookEvery, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.stopped {
			l.look()
			l.arm()
		}
	})
}

// look tells of the parcels that have come further, and forgets those that have
// come to their end; l.mu is held.
func (l *lookout) look() {
	now := l.parcels.now()
	l.order = slices.DeleteFunc(l.order, func(one watched) bool {
		before := l.seen[one]
		if now.Before(before.next) {
			return false
		}
		j, _ := l.parcels.journey(one.number, sandboxForm) // one that is not known any more has no scans
		due := len(j.until(now))
		if due > before.scans {
			l.tell(one.account, j.wire(now))
		}
		if due == len(j.scans) {
			delete(l.seen, one)
			return true
		}
		l.seen[one] = progress{due, j.scans[due].time}
		return false
	})
}

// stop returns when nobody is told any more.
func (l *lookout) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

// tellParcel queues the news of a parcel.
func (h *webhooks) tellParcel(account string, told wireParcel) {
	body := nativeEvent(rand.Text(), "parcel.updated", h.server.opts.Now(), map[string]any{"parcel": told})
	h.enqueue(told.Number, func() []letter {
		return []letter{{format: nativeFormat(), account: account, body: body}}
	})
}
