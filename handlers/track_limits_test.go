package handlers

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models/modelstest"
)

func TestTrackingRefusesOtherSites(t *testing.T) {
	t.Parallel()
	r := newRecipient(t, modelstest.SQLite(t))
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		b := r.visitor(t)
		r.prove(b, publicPath(r.parcel), "A-1001", "10969", header...).want(t, http.StatusForbidden)
		if b.form != nil {
			t.Errorf("%v gets a cookie", header)
		}
	}
	b := r.visitor(t)
	r.prove(b, publicPath(r.parcel), "A-1001", "10969", "Sec-Fetch-Site", "same-origin").want(t, http.StatusSeeOther)
}

func TestTrackingGuessesAreLimited(t *testing.T) {
	t.Parallel()
	r := newRecipient(t, modelstest.SQLite(t))
	b := r.visitor(t)
	for range guessesPerIP {
		r.prove(b, publicPath(r.parcel), "A-1001", "10000").want(t, http.StatusUnprocessableEntity)
	}
	a := r.prove(b, publicPath(r.parcel), "A-1001", "10969").want(t, http.StatusTooManyRequests) // right, but too late
	if b.form != nil || a.header.Get("Retry-After") == "" || a.Find("[data-testid=track-error]").Length() != 1 {
		t.Errorf("%v %s", a.header, a.Find("main").Text())
	}
	r.prove(b, publicPath(r.other), "A-1001", "10969").want(t, http.StatusTooManyRequests) // from the same address
}

func TestParcelLimiter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := newParcelLimiter()
	l.now = func() time.Time { return now }
	for range guessesPerParcel - 1 {
		l.note("a")
	}
	if l.blocked("a") != 0 {
		t.Error("blocked too early")
	}
	l.note("a")
	if wait := l.blocked("a"); wait != guessTime || l.blocked("b") != 0 {
		t.Errorf("waits %v", wait)
	}
	for i := range countedParcels + 10 {
		l.note(fmt.Sprint(i))
	}
	if len(l.wrong) > countedParcels {
		t.Errorf("%d parcels are counted", len(l.wrong))
	}
	now = now.Add(guessTime)
	if l.blocked("a") != 0 {
		t.Error("blocked for ever")
	}
}

func TestTrackingVisitsAreLimited(t *testing.T) {
	t.Parallel()
	r := newRecipient(t, modelstest.SQLite(t))
	b := r.visitor(t)
	for range visitsPerIP {
		b.get("/t/unknown").want(t, http.StatusNotFound)
	}
	if a := b.get(publicPath(r.parcel)).want(t, http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
}
