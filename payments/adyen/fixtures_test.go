package adyen

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	payPath     = "/v71/payments"
	capturePath = "/v71/payments/993617895204576J/captures"
	voidPath    = "/v71/payments/993617895204576J/cancels"
	refundPath  = "/v71/payments/993617895204576J/refunds"
	cancelPath  = "/v71/cancels"
	paymentPSP  = "993617895204576J"
)

// scripted is a server that answers from files.
type scripted struct {
	t       *testing.T
	answers map[string][]fixture // by path; the last one is repeated

	mu   sync.Mutex
	seen []seen
}

type fixture struct {
	status int
	file   string // without its end; none: an empty answer
}

type seen struct {
	path   string
	header http.Header
	body   map[string]any
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	one := seen{path: r.URL.Path, header: r.Header}
	if err := json.Unmarshal(text, &one.body); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.seen = append(s.seen, one)
	answers := s.answers[r.URL.Path]
	if len(answers) > 1 {
		s.answers[r.URL.Path] = answers[1:]
	}
	s.mu.Unlock()
	if len(answers) == 0 {
		s.t.Errorf("unexpected call: %s %s", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Pspreference", "req_123")
	w.WriteHeader(answers[0].status)
	if answers[0].file == "" {
		return
	}
	body, err := os.ReadFile(filepath.Join("testdata", answers[0].file+".json"))
	if err != nil {
		s.t.Error(err)
	}
	if _, err := w.Write(body); err != nil {
		s.t.Error(err)
	}
}

func (s *scripted) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func script(t *testing.T, answers map[string][]fixture) (*scripted, payments.Account) {
	t.Helper()
	s := &scripted{t: t, answers: answers}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, testAccount(web.URL)
}

// clock stands still, so that what is prompt does not depend on how busy the machine is.
var clock = time.Now()

func testProvider() *Provider {
	p := New(http.DefaultClient)
	p.now = func() time.Time { return clock }
	return p
}

func testCharge() payments.Charge {
	return payments.Charge{
		MerchantID: "mer_1", PaymentID: "pay_1", AttemptID: "att_1", Key: "key-1", OrderNumber: "A-7", Amount: 1250,
		Currency: "EUR", MethodType: "card", Token: "M5N7TQ4TG5PFWR50", Customer: "cus_1", Capture: true, StartedAt: clock,
	}
}

// old is a charge that was sent a while ago.
func old(c payments.Charge, age time.Duration) payments.Charge {
	c.StartedAt = clock.Add(-age)
	return c
}
