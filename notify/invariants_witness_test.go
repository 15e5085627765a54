package notify_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/notify"
)

// answer is what a merchant's server does with a post.
type answer struct {
	name       string
	status     int           // 0: it closes the connection
	retryAfter time.Duration // that it asks for
}

func (a answer) arrived() bool { return a.status >= 200 && a.status < 300 }

var (
	well    = answer{name: "204", status: http.StatusNoContent}
	gone    = answer{name: "410", status: http.StatusGone}
	answers = []answer{
		well,
		{name: "200", status: http.StatusOK},
		{name: "302", status: http.StatusFound},
		{name: "400", status: http.StatusBadRequest},
		{name: "429", status: http.StatusTooManyRequests},
		{name: "429 for 90 s", status: http.StatusTooManyRequests, retryAfter: 90 * time.Second},
		{name: "500", status: http.StatusInternalServerError},
		{name: "502", status: http.StatusBadGateway},
		{name: "503", status: http.StatusServiceUnavailable},
		{name: "503 for 7 min", status: http.StatusServiceUnavailable, retryAfter: 7 * time.Minute},
		{name: "503 for a day", status: http.StatusServiceUnavailable, retryAfter: 24 * time.Hour},
		{name: "closed"},
	}
)

// schedule is that of the API's description, told once more.
var schedule = []time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// wait is how long to wait at least and at most when the n-th attempt of a round
// was answered so.
func (a answer) wait(n int) (least, most time.Duration) {
	base := schedule[n]
	least, most = base*8/10, base*12/10
	switch a.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		if base < time.Minute {
			base, least, most = time.Minute, time.Minute, time.Minute*12/10
		}
	}
	if a.retryAfter > 0 {
		bound := func(wait time.Duration) time.Duration { return min(max(wait, base, a.retryAfter), 2*base) }
		least, most = bound(least), bound(most)
	}
	return least, most
}

// post is an attempt as the merchant's server saw it.
type post struct {
	path   string
	header http.Header
	body   string
	at     time.Time // by the office's clock
	answer answer
	crowd  int // posts to its endpoint that were under way, itself among them
}

// witness is a merchant's server that keeps what it saw.
type witness struct {
	*httptest.Server

	now func() time.Time

	mu      sync.Mutex
	answers []answer // given in turn
	posts   []post   // since they were last taken
	under   map[string]int
	held    chan struct{}                // posts wait until it is closed; nil: they do not
	seen    func(path string, posts int) // called with each post and how many there were; nil: it is not
	cutOff  map[string]bool              // timestamps of posts whose node has died since
	given   map[string]int               // answers, by their names
}

func newWitness(t *testing.T, now func() time.Time) *witness {
	t.Helper()
	w := &witness{now: now, under: map[string]int{}, cutOff: map[string]bool{}, given: map[string]int{}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.Close)
	return w
}

func (w *witness) serve(rw http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // its node died before all was sent
	}
	p := post{path: req.URL.Path, header: req.Header.Clone(), body: string(body), at: w.now()}
	w.mu.Lock()
	if w.cutOff[p.header.Get(notify.HeaderTimestamp)] {
		w.mu.Unlock()
		panic(http.ErrAbortHandler) // it was still in the line
	}
	w.under[p.path]++
	p.crowd, p.answer = w.under[p.path], w.answers[len(w.posts)%len(w.answers)]
	w.posts = append(w.posts, p)
	w.given[p.answer.name]++
	n, held, seen := len(w.posts), w.held, w.seen
	w.mu.Unlock()
	defer func() { // before the client sees the end of the answer
		w.mu.Lock()
		w.under[p.path]--
		w.mu.Unlock()
	}()
	if seen != nil {
		seen(p.path, n)
	}
	if held != nil {
		<-held
	}
	if p.answer.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if p.answer.retryAfter > 0 {
		rw.Header().Set("Retry-After", strconv.Itoa(int(p.answer.retryAfter.Seconds())))
	}
	rw.WriteHeader(p.answer.status)
}

// expect sets how the next posts are answered.
func (w *witness) expect(answers []answer, seen func(path string, posts int)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers, w.seen = answers, seen
}

// hold has posts wait for release.
func (w *witness) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = make(chan struct{})
}

// release lets them go on when no more of them come, or done is closed.
func (w *witness) release(done <-chan struct{}) {
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for last, calm := 0, 0; calm < 5; {
		select {
		case <-done:
			calm = 5
		case <-tick.C:
			if n := w.count(""); n == last && n > 0 {
				calm++
			} else {
				last, calm = n, 0
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.held)
	w.held = nil
}

// count is how many posts came below a path.
func (w *witness) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for i := range w.posts {
		if strings.HasPrefix(w.posts[i].path, path) {
			n++
		}
	}
	return n
}

// take hands over the posts since the last time. If they were cut off, what was
// sent at this time and arrives later does not count.
func (w *witness) take(t *testing.T, cut bool) []post {
	t.Helper()
	if cut {
		w.mu.Lock()
		w.cutOff[notify.Timestamp(w.now())] = true
		w.mu.Unlock()
		until(t, "the posts that were cut off end", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, n := range w.under {
				if n > 0 {
					return false
				}
			}
			return true
		})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	posts := w.posts
	w.posts, w.seen = nil, nil
	return posts
}
