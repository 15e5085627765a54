// Package sandbox is a stateful fake of payment providers and carriers, served
// over real HTTP, with a ledger of every charge that was really made.
//
// It speaks the payment formats that this program's adapters call: its own under
// /v1, and Stripe's, Adyen's, PayPal's, Alipay's and WeChat Pay's under their
// names. All stand on one bank, so that one ledger tells what happened, whatever
// the callers came to believe. Parcels are told of in its own format under
// /carrier/v1, by webhook too, and in DHL's under /dhl.
package sandbox

import (
	"cmp"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options sets up a Server; the zero value is ready for use.
type Options struct {
	Now     func() time.Time // the clock; time.Now when nil
	Journal string           // file that keeps the state over a restart; none when empty
	Logger  *slog.Logger     // slog.Default() when nil

	SlowMin     time.Duration // bounds of a slow answer; 400 ms to 1600 ms
	SlowMax     time.Duration
	SettleAfter time.Duration // how long a processing charge or refund takes; 2 s
	HangMax     time.Duration // a request that hangs ends after this; 5 min

	WebhookURL    string       // where accounts without a webhook of their own are notified; nowhere when empty
	WebhookSecret string       // signs those notifications
	WebhookClient *http.Client // sends them; a client with a 5 s timeout when nil

	AlipayKey *rsa.PrivateKey // stands for Alipay's own; made when it is first needed when nil
	WeChatKey *rsa.PrivateKey // likewise for WeChat Pay's

	ParcelPace float64 // how many times faster than real parcels those of the sandbox travel; 1 when 0

	CarrierRate int // calls a second that a credential may make at the carriers; any number when 0

	MaxCharges int // charges kept in memory, after which the oldest are dropped; 200,000
}

// Server is the sandbox; it serves until Close.
type Server struct {
	opts     Options
	bank     *bank
	keys     *keys
	journal  *journal
	alipay   *alipayKeys
	chaos    *chaos
	accounts *accounts
	webhooks *webhooks
	parcels  *parcels
	paypal   *paypalDesk
	wechat   *wechatKeys
	handler  http.Handler

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
}

// New starts a sandbox, with the state of its journal when it has one.
func New(opts Options) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.WebhookClient == nil {
		opts.WebhookClient = &http.Client{Timeout: 5 * time.Second}
	}
	opts.SlowMin = cmp.Or(opts.SlowMin, 400*time.Millisecond)
	opts.SlowMax = max(opts.SlowMin, cmp.Or(opts.SlowMax, 1600*time.Millisecond))
	opts.SettleAfter = cmp.Or(opts.SettleAfter, 2*time.Second)
	opts.HangMax = cmp.Or(opts.HangMax, 5*time.Minute)
	opts.MaxCharges = cmp.Or(opts.MaxCharges, 200_000)

	s := &Server{opts: opts, journal: &journal{log: opts.Logger}, chaos: &chaos{}, closing: make(chan struct{})}
	s.accounts = newAccounts(s.journal)
	s.alipay = &alipayKeys{journal: s.journal, key: opts.AlipayKey}
	s.wechat = &wechatKeys{journal: s.journal, key: opts.WeChatKey}
	s.webhooks = newWebhooks(s)
	s.bank = newBank(opts, s.journal, s.webhooks)
	s.parcels = newParcels(opts.Now)
	s.parcels.pace, s.parcels.journal = cmp.Or(opts.ParcelPace, 1), s.journal
	s.parcels.gate.rate = opts.CarrierRate
	s.parcels.lookout.accounts, s.parcels.lookout.tell = s.accounts, s.webhooks.tellParcel
	s.keys = newKeys(2*opts.MaxCharges, s.journal)
	s.paypal = newPaypalDesk()
	if opts.Journal != "" {
		if err := s.restore(opts.Journal); err != nil {
			return nil, fmt.Errorf("restore sandbox journal: %w", err)
		}
	}
	s.webhooks.start()
	s.bank.resume()
	s.handler = s.routes()
	return s, nil
}

// Handler serves the whole sandbox.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends hanging requests, pending settlements and notifications, and closes the journal.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		close(s.closing)
		s.bank.stop()
		s.parcels.lookout.stop()
		s.webhooks.stop()
		s.closeErr = s.journal.close()
	})
	return s.closeErr
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/ledger", http.StatusFound)
	})
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /ledger", s.ledgerPage)
	mux.HandleFunc("GET /ledger.json", s.ledgerJSON)
	mux.HandleFunc("GET /outcomes.json", outcomesJSON)
	mux.HandleFunc("GET /faults", s.showFaults)
	mux.HandleFunc("POST /faults", s.setFaults)
	mux.HandleFunc("GET /webhooks", s.webhooks.showKnobs)
	mux.HandleFunc("POST /webhooks", s.webhooks.setKnobs)
	mux.HandleFunc("POST /settings", s.putSettings)
	mux.HandleFunc("POST /disputes", s.putDispute)
	s.alipayRoutes(mux)
	s.nativeRoutes(mux)
	s.stripeRoutes(mux)
	s.paypalRoutes(mux)
	s.adyenRoutes(mux)
	s.wechatRoutes(mux)
	s.parcels.register(mux)
	return mux
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if err := s.journal.failure(); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "failing", "reason": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}
