package paypal

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tillpost/tillpost/safehttp"
)

const (
	certHosts = ".paypal.com"
	certPath  = "/v1/notifications/certs/" // [unverified] another one is verified by PayPal itself
	maxCerts  = 32                         // kept at a time; PayPal uses one or two
	certLife  = 24 * time.Hour             // before a certificate is fetched and checked anew
	maxChain  = 64 << 10                   // bytes of a certificate with its chain
)

// certificates keeps those that were checked, by their addresses.
type certificates struct {
	roots *x509.CertPool // the system's when nil

	mu    sync.Mutex
	byURL map[string]certificate
}

type certificate struct {
	*x509.Certificate

	until time.Time
}

// isCertURL reports whether an address is one where PayPal gives out certificates.
func isCertURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && (u.Port() == "" || u.Port() == "443") &&
		strings.HasSuffix(u.Hostname(), certHosts) && strings.HasPrefix(u.Path, certPath)
}

// certificate returns the checked certificate at one of PayPal's addresses.
func (p *Provider) certificate(ctx context.Context, address string) (*x509.Certificate, error) {
	c := &p.certificates
	c.mu.Lock()
	known, ok := c.byURL[address]
	c.mu.Unlock()
	if ok && p.now().Before(known.until) {
		return known.Certificate, nil
	}
	chain, err := p.fetchChain(ctx, address)
	if err != nil {
		return nil, err
	}
	fresh, err := checkChain(chain, c.roots, p.now())
	if err != nil {
		return nil, err
	}
	until := p.now().Add(certLife)
	if fresh.NotAfter.Before(until) {
		until = fresh.NotAfter
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byURL == nil || len(c.byURL) >= maxCerts {
		c.byURL = make(map[string]certificate)
	}
	c.byURL[address] = certificate{fresh, until}
	return fresh, nil
}

func (p *Provider) fetchChain(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	resp, err := p.client.Do(req) //nolint:bodyclose // ReadAll does
	if err != nil {
		return nil, fmt.Errorf("certificate: %s", safehttp.Classify(err))
	}
	chain, cut, err := safehttp.ReadAll(resp, maxChain)
	if err != nil || cut || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("certificate: answered %d", resp.StatusCode)
	}
	return chain, nil
}

// checkChain reads a certificate with its chain and checks that it is PayPal's,
// trusted and valid.
func checkChain(chain []byte, roots *x509.CertPool, now time.Time) (*x509.Certificate, error) {
	var leaf *x509.Certificate
	between := x509.NewCertPool()
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		if leaf == nil {
			leaf = one
		} else {
			between.AddCert(one)
		}
	}
	if leaf == nil || !isPayPals(leaf) {
		return nil, errors.New("certificate: not PayPal's")
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return leaf, nil
}

func isPayPals(leaf *x509.Certificate) bool {
	for _, name := range append([]string{leaf.Subject.CommonName}, leaf.DNSNames...) {
		if strings.HasSuffix(strings.ToLower(name), certHosts) {
			return true
		}
	}
	return false
}
