package polling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
)

// parcel is one that the fake carrier carries.
type parcel struct {
	number string
	steps  []step
	told   time.Time // when the program last heard of it, by poll or push, or that it was sent
	polls  int
	known  bool
	first  time.Duration // from when it was sent until the program first heard of it
}

// carrier answers from the journeys of its parcels and keeps count of how it is
// asked.
type carrier struct {
	account account
	now     func() time.Time
	parcels map[string]*parcel

	day        string
	callsToday int
	busiest    int // calls of the busiest day
	second     int64
	inSecond   int
	fastest    int // calls of the busiest second
	calls      int
	polls      map[carriers.Status]int // by what the parcel's status was
	first      time.Duration           // the longest wait of a parcel to be heard of at all
	gaps       []time.Duration         // between two times that a parcel out for delivery was heard of
}

func (c *carrier) Limits() carriers.Limits { return c.account.limits }

// Track is one call of the carrier.
func (c *carrier) Track(_ context.Context, _ carriers.Account, asked []carriers.Parcel) []carriers.Answer {
	now := c.now()
	c.count(now)
	answers := make([]carriers.Answer, len(asked))
	for i, p := range asked {
		answers[i] = c.answer(c.parcels[p.Number], now)
	}
	return answers
}

func (c *carrier) count(now time.Time) {
	c.calls++
	if day := now.UTC().Format(time.DateOnly); day != c.day {
		c.day, c.callsToday = day, 0
	}
	c.callsToday++
	c.busiest = max(c.busiest, c.callsToday)
	if now.Unix() != c.second {
		c.second, c.inSecond = now.Unix(), 0
	}
	c.inSecond++
	c.fastest = max(c.fastest, c.inSecond)
}

func (c *carrier) answer(p *parcel, now time.Time) carriers.Answer {
	p.polls++
	n := known(p.steps, now)
	c.polls[p.status(p.told)]++
	c.heard(p, now)
	if n == 0 {
		return carriers.Answer{Err: &carriers.Error{Kind: carriers.ErrNotFound, Message: "not known"}}
	}
	return carriers.Answer{Tracking: &carriers.Tracking{Events: events(p.steps[:n]), Raw: []byte("{}")}}
}

// heard notes that the program learned how a parcel stands. Only the time that
// it was out for delivery counts.
func (c *carrier) heard(p *parcel, now time.Time) {
	for i, s := range p.steps[:known(p.steps, now)] {
		if s.status != carriers.StatusOutForDelivery {
			continue
		}
		until := now
		if i+1 < len(p.steps) && p.steps[i+1].at.Before(now) {
			until = p.steps[i+1].at
		}
		if until.After(p.told) {
			since := s.at
			if p.told.After(since) {
				since = p.told
			}
			c.gaps = append(c.gaps, now.Sub(since))
		}
	}
	if !p.known {
		p.first = now.Sub(p.told)
	}
	p.told, p.known = now, true
}

// status is what the program knows of the parcel when it last heard at a moment.
func (p *parcel) status(at time.Time) carriers.Status {
	n := known(p.steps, at)
	if n == 0 {
		return carriers.StatusUnknown
	}
	return p.steps[n-1].status
}

func events(steps []step) []carriers.Event {
	out := make([]carriers.Event, len(steps))
	for i, s := range steps {
		e := carriers.Event{
			CarrierID: fmt.Sprintf("%d", i), Sequence: i, Status: s.status, Reason: s.reason, Description: string(s.status),
		}
		e.SetTime(s.at.UTC().Format(time.RFC3339), nil)
		out[i] = e
	}
	return out
}

// Verify believes every webhook: this carrier is in the same process.
func (c *carrier) Verify(carriers.Account, carriers.Webhook) error { return nil }

// Read finds the parcel whose number begins the body, as it stands now.
func (c *carrier) Read(_ carriers.Account, body []byte) ([]carriers.Notice, error) {
	number, _, _ := strings.Cut(string(body), " ")
	p, ok := c.parcels[number]
	if !ok {
		return nil, fmt.Errorf("no parcel %q", body)
	}
	return []carriers.Notice{{
		ID: string(body), Type: "tracking_update", Number: p.number,
		Tracking: &carriers.Tracking{Events: events(p.steps[:known(p.steps, c.now())]), Raw: []byte("{}")},
	}}, nil
}

// Acknowledge is an empty answer.
func (c *carrier) Acknowledge() carriers.Acknowledgment { return carriers.Acknowledgment{} }
