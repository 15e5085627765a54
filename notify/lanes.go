package notify

import (
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
)

const (
	// lanesAtOnce is how many endpoints one claim asks for.
	lanesAtOnce = 100
	// lockedWait is how long to leave an endpoint alone whose row is held, by
	// another dispatcher that claims or by one that stores results.
	lockedWait = 20 * time.Millisecond
	// lockedTries is how often, before the next look finds it again; what this
	// dispatcher stores itself does not count, for that is soon over.
	lockedTries = 3
	// refillWait is how long to wait for half of an endpoint's places to be free
	// that were all taken: a claim for each of them would cost many times as much.
	refillWait = 5 * time.Millisecond
	// crowdedWait is how long to wait for other nodes' attempts to end.
	crowdedWait = 100 * time.Millisecond
	// quickAnswer is how soon an endpoint answers that counts as quick, and
	// quickFor for how long it then does, unless it keeps one waiting. One that was
	// slow is remembered for slowFor, also when nothing is due there.
	quickAnswer = 2 * time.Second
	quickFor    = time.Minute
	slowFor     = 10 * time.Minute
	// slowPlaces is how many attempts a merchant's endpoints that are not quick
	// may have under way, once half of all places are taken.
	slowPlaces = 8
)

// lane is what a dispatcher knows of an endpoint that may have deliveries due,
// or has some under way here.
type lane struct {
	more      bool // there may be deliveries that are due
	woken     bool // more came while a claim was under way
	full      bool // more must wait until an attempt is over
	notBefore time.Time
	locked    bool      // the last claim found its row held
	misses    int       // claims in a row that did, and not by results of this dispatcher
	flying    int       // attempts under way
	freed     bool      // one ended while a claim was under way
	places    int       // how many the last claim left none of; else 0
	merchant  string    // whose it is; empty until something was claimed
	quickAt   time.Time // when it last answered quickly
	slowAt    time.Time // when it last did not
	since     time.Time // while attempts are under way: when the last one was over, or the first began
}

// slow says that the endpoint is not known to answer quickly.
func (l *lane) slow(now time.Time) bool {
	return now.Sub(l.quickAt) > quickFor || l.slowAt.After(l.quickAt) || l.flying > 0 && now.Sub(l.since) > quickAnswer
}

// fresh says that nobody knows yet how it answers: it may show that by one.
func (l *lane) fresh() bool { return l.quickAt.IsZero() && l.slowAt.IsZero() && l.flying == 0 }

func (l *lane) ready(now time.Time) bool { return l.more && !l.full && !now.Before(l.notBefore) }

// lanes are those of a dispatcher, in the order of their turns.
type lanes struct {
	byEndpoint map[string]*lane
	turns      []string // endpoints with more
	slowMost   int      // attempts under way at all slow endpoints together, when places are scarce
}

// newLanes has so many places for attempts: a quarter of them is kept from slow
// endpoints, however many merchants' they are.
func newLanes(places int) *lanes {
	return &lanes{byEndpoint: map[string]*lane{}, slowMost: places - places/4}
}

func (ls *lanes) at(endpoint string) *lane {
	l := ls.byEndpoint[endpoint]
	if l == nil {
		l = &lane{}
		ls.byEndpoint[endpoint] = l
	}
	return l
}

// wake notes that an endpoint may have deliveries due.
func (ls *lanes) wake(endpoint string) {
	l := ls.at(endpoint)
	l.woken, l.full, l.locked, l.misses, l.notBefore = true, false, false, 0, time.Time{}
	ls.more(endpoint, l)
}

func (ls *lanes) more(endpoint string, l *lane) {
	if !l.more {
		l.more = true
		ls.turns = append(ls.turns, endpoint)
	}
}

// turn is the endpoints whose deliveries are to be claimed.
type turn struct {
	endpoints []string
	most      map[string]int // how many of an endpoint, where that is limited
}

// next takes the endpoints whose turn it is; they go to the end of the row, if
// their claim leaves more. When places are scarce, those that are not known to
// answer quickly get few, so that endpoints that hang or drip leave the others
// theirs. The time is that of the first one that must wait.
func (ls *lanes) next(now time.Time, scarce bool) (t turn, later time.Time) {
	var rest []string
	t.most = map[string]int{}
	held, all := map[string]int{}, 0
	if scarce {
		held, all = ls.held(now)
	}
	for _, endpoint := range ls.turns {
		l := ls.byEndpoint[endpoint]
		slow := scarce && l.slow(now)
		switch allowed := l.allowance(held, ls.slowMost-all); {
		case len(t.endpoints) == lanesAtOnce:
		case !l.ready(now):
			if !l.full && l.notBefore.After(now) && (later.IsZero() || l.notBefore.Before(later)) {
				later = l.notBefore
			}
		case slow && allowed == 0:
		default:
			if slow {
				t.most[endpoint] = allowed
				held[l.merchant] += allowed
				all += allowed
			}
			l.more, l.woken, l.freed = false, false, false
			t.endpoints = append(t.endpoints, endpoint)
			continue
		}
		rest = append(rest, endpoint)
	}
	if len(t.endpoints) > 0 {
		ls.turns = rest
	}
	return t, later
}

// held is how many attempts the slow endpoints of each merchant have under way,
// and all of them.
func (ls *lanes) held(now time.Time) (held map[string]int, all int) {
	held = map[string]int{}
	for _, l := range ls.byEndpoint {
		if l.flying > 0 && l.slow(now) {
			held[l.merchant] += l.flying
			all += l.flying
		}
	}
	return held, all
}

// allowance is how many attempts a slow endpoint may begin, when so many places
// are left for such: one of those that are kept while nobody knows how it answers.
func (l *lane) allowance(held map[string]int, left int) int {
	if l.fresh() {
		return 1
	}
	return max(0, min(slowPlaces-held[l.merchant], left))
}

// ready says whether it is anybody's turn.
func (ls *lanes) ready(now time.Time) bool {
	return slices.ContainsFunc(ls.turns, func(endpoint string) bool { return ls.byEndpoint[endpoint].ready(now) })
}

// locked says whether anybody waits for a row that is held.
func (ls *lanes) locked() bool {
	return slices.ContainsFunc(ls.turns, func(endpoint string) bool { return ls.byEndpoint[endpoint].locked })
}

// claimed notes what a claim left; storing says that results were stored here meanwhile.
func (ls *lanes) claimed(asked []string, got []models.Lane, storing bool, now time.Time) {
	found := make(map[string]*models.Lane, len(got))
	for i := range got {
		found[got[i].Endpoint.ID] = &got[i]
	}
	var passed []string
	for _, endpoint := range asked {
		l, claim := ls.at(endpoint), found[endpoint]
		switch {
		case claim == nil:
			ls.missed(endpoint, l, storing, now)
		case claim.Passed:
			passed = append(passed, endpoint)
		default:
			ls.took(endpoint, l, claim, now)
		}
	}
	ls.first(passed)
}

// missed notes that an endpoint's row was held.
func (ls *lanes) missed(endpoint string, l *lane, storing bool, now time.Time) {
	l.locked, l.places = true, 0
	if !storing {
		l.misses++
	}
	if l.misses <= lockedTries {
		l.notBefore = now.Add(lockedWait)
		ls.more(endpoint, l)
	}
	ls.forget(endpoint, l, now)
}

// took notes what was claimed of an endpoint and what is left.
func (ls *lanes) took(endpoint string, l *lane, claim *models.Lane, now time.Time) {
	l.locked, l.misses, l.full, l.notBefore, l.places = false, 0, false, time.Time{}, 0
	l.merchant = claim.Endpoint.MerchantID
	if l.flying == 0 {
		l.since = now
	}
	l.flying += len(claim.Deliveries)
	if !claim.More && !l.woken {
		ls.forget(endpoint, l, now)
		return
	}
	ls.more(endpoint, l)
	switch {
	case claim.Wait > 0:
		l.notBefore = now.Add(claim.Wait)
	case !claim.Full:
	case l.flying > 0 || l.freed:
		l.full, l.places = true, claim.Endpoint.MaxInFlight
		if l.freed {
			l.refill(now)
		}
	default:
		l.notBefore = now.Add(crowdedWait)
	}
}

// first puts endpoints whose turn brought nothing, since there was no room left,
// before all others.
func (ls *lanes) first(passed []string) {
	if len(passed) == 0 {
		return
	}
	for _, endpoint := range passed {
		l := ls.byEndpoint[endpoint]
		l.more, l.locked, l.misses = true, false, 0
	}
	others := slices.DeleteFunc(ls.turns, func(endpoint string) bool { return slices.Contains(passed, endpoint) })
	ls.turns = slices.Concat(passed, others)
}

// landed notes that an attempt is over, after so long.
func (ls *lanes) landed(endpoint string, took time.Duration, now time.Time) {
	l := ls.at(endpoint)
	l.flying--
	l.since = now
	if took < quickAnswer {
		l.quickAt = now
	} else {
		l.slowAt = now
	}
	l.freed = true
	l.refill(now)
	ls.forget(endpoint, l, now)
}

// refill gives an endpoint whose places were all taken its next turn: when half of
// them are free, or a moment after the first is.
func (l *lane) refill(now time.Time) {
	switch {
	case l.places == 0:
	case l.flying <= l.places/2:
		l.full, l.notBefore = false, time.Time{}
	case l.full:
		l.full, l.notBefore = false, now.Add(refillWait)
	}
}

// forget drops what is known of an endpoint with nothing to do, unless it is slow.
func (ls *lanes) forget(endpoint string, l *lane, now time.Time) {
	slow := l.slowAt.After(l.quickAt) && now.Sub(l.slowAt) < slowFor
	if !l.more && l.flying == 0 && !slow {
		delete(ls.byEndpoint, endpoint)
	}
}

// tidy forgets slow endpoints that have had nothing to do for long.
func (ls *lanes) tidy(now time.Time) {
	for endpoint, l := range ls.byEndpoint {
		ls.forget(endpoint, l, now)
	}
}
