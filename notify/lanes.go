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
	// crowdedWait is how long to wait for other nodes' attempts to end.
	crowdedWait = 100 * time.Millisecond
)

// lane is what a dispatcher knows of an endpoint that may have deliveries due,
// or has some under way here.
type lane struct {
	more      bool // there may be deliveries that are due
	woken     bool // more came while a claim was under way
	full      bool // more must wait until an attempt is over
	notBefore time.Time
	locked    bool // the last claim found its row held
	misses    int  // claims in a row that did, and not by results of this dispatcher
	flying    int  // attempts under way
	freed     bool // one ended while a claim was under way
}

func (l *lane) ready(now time.Time) bool { return l.more && !l.full && !now.Before(l.notBefore) }

// lanes are those of a dispatcher, in the order of their turns.
type lanes struct {
	byEndpoint map[string]*lane
	turns      []string // endpoints with more
}

func newLanes() *lanes { return &lanes{byEndpoint: map[string]*lane{}} }

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

// next takes the endpoints whose turn it is; they go to the end of the row, if
// their claim leaves more. The time is that of the first one that must wait.
func (ls *lanes) next(now time.Time) (endpoints []string, later time.Time) {
	var rest []string
	for _, endpoint := range ls.turns {
		l := ls.byEndpoint[endpoint]
		switch {
		case len(endpoints) < lanesAtOnce && l.ready(now):
			l.more, l.woken, l.freed = false, false, false
			endpoints = append(endpoints, endpoint)
			continue
		case !l.full && l.notBefore.After(now) && (later.IsZero() || l.notBefore.Before(later)):
			later = l.notBefore
		}
		rest = append(rest, endpoint)
	}
	if len(endpoints) > 0 {
		ls.turns = rest
	}
	return endpoints, later
}

// ready says whether it is anybody's turn.
func (ls *lanes) ready(now time.Time) bool {
	return slices.ContainsFunc(ls.turns, func(endpoint string) bool { return ls.byEndpoint[endpoint].ready(now) })
}

// locked says whether anybody waits for a row that is held.
func (ls *lanes) locked() bool {
	return slices.ContainsFunc(ls.turns, func(endpoint string) bool { return ls.byEndpoint[endpoint].locked })
}

// claimed notes what a claim left; storing says that results are being stored here.
func (ls *lanes) claimed(asked []string, got []models.Lane, storing bool, now time.Time) {
	found := make(map[string]*models.Lane, len(got))
	for i := range got {
		found[got[i].Endpoint.ID] = &got[i]
	}
	for _, endpoint := range asked {
		l, claim := ls.at(endpoint), found[endpoint]
		if claim == nil {
			l.locked = true
			if !storing {
				l.misses++
			}
			if l.misses <= lockedTries {
				l.notBefore = now.Add(lockedWait)
				ls.more(endpoint, l)
			}
			ls.forget(endpoint, l)
			continue
		}
		l.locked, l.misses, l.full, l.notBefore = false, 0, false, time.Time{}
		l.flying += len(claim.Deliveries)
		if !claim.More && !l.woken {
			ls.forget(endpoint, l)
			continue
		}
		ls.more(endpoint, l)
		switch {
		case claim.Wait > 0:
			l.notBefore = now.Add(claim.Wait)
		case !claim.Full || l.freed:
		case l.flying > 0:
			l.full = true
		default:
			l.notBefore = now.Add(crowdedWait)
		}
	}
}

// landed notes that an attempt is over.
func (ls *lanes) landed(endpoint string) {
	l := ls.at(endpoint)
	l.flying--
	l.full, l.freed = false, true
	ls.forget(endpoint, l)
}

func (ls *lanes) forget(endpoint string, l *lane) {
	if !l.more && l.flying == 0 {
		delete(ls.byEndpoint, endpoint)
	}
}
