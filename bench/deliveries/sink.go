package deliveries

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/tillpost/tillpost/notify"
)

// hanging is the path of the endpoint that never answers.
const hanging = "/hangs"

// sink is the merchants' server: it notes what comes and answers at once, but
// on one path never. What it noted is verified when the clock has stopped.
type sink struct {
	URL    string
	server *http.Server

	mu      sync.Mutex
	got     []receipt
	want    int           // receipts after which reached is closed
	reached chan struct{} // nil: nobody waits
}

// receipt is one webhook that came.
type receipt struct {
	at       time.Time
	endpoint int
	header   http.Header
	body     []byte
}

func newSink(addr string) (*sink, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &sink{URL: "http://" + listener.Addr().String()}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(listener) }() // until close
	return s, nil
}

func (s *sink) close() { _ = s.server.Close() } // nothing of it is needed any more

func (s *sink) serve(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.URL.Path == hanging {
		<-r.Context().Done()
		return
	}
	endpoint, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, receipt{at: at, endpoint: endpoint, header: r.Header, body: body})
	if len(s.got) == s.want && s.reached != nil {
		close(s.reached)
	}
}

// expect forgets what came and returns a channel that is closed when so many
// webhooks have come.
func (s *sink) expect(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got, s.want, s.reached = nil, n, make(chan struct{})
	return s.reached
}

// first says whether anything has come, and when.
func (s *sink) first() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) == 0 {
		return time.Time{}, false
	}
	return s.got[0].at, true
}

// taken hands over what came.
func (s *sink) taken() []receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got, s.reached = nil, nil
	return got
}

// verify asks the public library whether each receipt is signed with its
// endpoint's secret, and counts those that came more than once.
func verify(got []receipt, secrets []string) (repeated int, err error) {
	verifiers := make([]*standardwebhooks.Webhook, len(secrets))
	for i, secret := range secrets {
		if verifiers[i], err = standardwebhooks.NewWebhook(secret); err != nil {
			return 0, err
		}
	}
	seen := map[string]bool{}
	for _, r := range got {
		if err := verifiers[r.endpoint].VerifyIgnoringTimestamp(r.body, r.header); err != nil {
			return 0, fmt.Errorf("a webhook to endpoint %d: %w", r.endpoint, err)
		}
		key := r.header.Get(notify.HeaderID) + " " + strconv.Itoa(r.endpoint)
		if seen[key] {
			repeated++
		}
		seen[key] = true
	}
	return repeated, nil
}
