package alerts

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"sync"
	"time"
)

// How often the certificate is looked at, and for how long.
const (
	certificateEvery = time.Hour
	dialTimeout      = 5 * time.Second
)

// Machine is what a node sees of the machine that it runs on. What it cannot
// tell is below zero.
type Machine struct {
	DiskFree float64 // of the embedded database's disk, as a share
}

// probes look at what is not in the database, and remember it for a while.
type probes struct {
	mu          sync.Mutex
	certificate *time.Time
	looked      time.Time
}

func (p *probes) look(ctx context.Context, s *Service, f *Figures) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.opts.Machine != nil {
		seen := s.opts.Machine()
		f.Machine = &seen
	}
	if u, err := url.Parse(s.db.PublicURL); err == nil && u.Scheme == "https" {
		f.Host = u.Host
		if f.Now.Sub(p.looked) >= certificateEvery {
			p.certificate, p.looked = ValidUntil(ctx, u), f.Now
		}
		f.Certificate = p.certificate
	}
}

// ValidUntil asks the public address for its certificate; nil when it cannot be
// reached from here. Only its end is read: visitors' browsers verify it.
func ValidUntil(ctx context.Context, u *url.URL) *time.Time {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	port := u.Port()
	if port == "" {
		port = "443"
	}
	dialer := tls.Dialer{Config: &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: u.Hostname(),
		InsecureSkipVerify: true, //nolint:gosec // one that has expired is what is looked for; nothing is sent
	}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close() }() // it was only looked at
	secured, ok := conn.(*tls.Conn)
	if !ok || len(secured.ConnectionState().PeerCertificates) == 0 {
		return nil
	}
	until := secured.ConnectionState().PeerCertificates[0].NotAfter.UTC()
	return &until
}
