// Package safehttp makes outgoing HTTP clients that an answer can neither
// hang, flood nor lead into a private network.
package safehttp

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Defaults of Options.
const (
	DefaultTimeout         = 15 * time.Second
	DefaultMaxBody         = 1 << 20
	DefaultMaxConnsPerHost = 32
	DefaultUserAgent       = "Tillpost"
)

// DialTimeout bounds the time until there is a connection.
const DialTimeout = 5 * time.Second

const (
	handshakeTimeout = 5 * time.Second
	keepAlive        = 30 * time.Second
	idleTimeout      = 60 * time.Second
	maxIdleConns     = 128
	maxIdlePerHost   = 4
	maxHeaderBytes   = 64 << 10
)

// Options says how careful a client is. The zero value has every limit at its
// default and may reach private networks. No client follows redirects.
type Options struct {
	// Timeout bounds the whole exchange, from look-up to the last byte read.
	Timeout time.Duration
	// MaxBody is how many bytes of an answer can be read, counted after
	// decompression. Reading on gives ErrBodyTooLarge.
	MaxBody int64
	// BlockPrivate refuses every address that is not public. It belongs on each
	// client whose URLs come from somebody other than the operator.
	BlockPrivate bool
	// Allow lists networks that may be reached in spite of BlockPrivate. An
	// instance metadata address is refused unless it is listed by itself.
	Allow []netip.Prefix
	// UserAgent is sent with requests that name none.
	UserAgent string
	// MaxConnsPerHost bounds open connections to one host; further requests wait.
	MaxConnsPerHost int
	// MaxIdleConns and MaxIdlePerHost are how many connections are kept for further
	// requests, in all and to one host.
	MaxIdleConns, MaxIdlePerHost int
	// Resolver looks up names; nil is the system's, and only tests have another:
	// that a name cannot lead into a private network can be tried no other way.
	Resolver *net.Resolver
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.UserAgent == "" {
		o.UserAgent = DefaultUserAgent
	}
	if o.MaxConnsPerHost <= 0 {
		o.MaxConnsPerHost = DefaultMaxConnsPerHost
	}
	if o.MaxIdleConns <= 0 {
		o.MaxIdleConns = maxIdleConns
	}
	if o.MaxIdlePerHost <= 0 {
		o.MaxIdlePerHost = maxIdlePerHost
	}
	return o
}

// New returns a client that keeps to the options. It has its own connections,
// keeps no cookies and ignores proxies of the environment: a proxy would dial
// in its stead, and the addresses could no longer be checked.
func New(opts Options) *http.Client {
	opts = opts.withDefaults()
	dialer := opts.Dialer()
	return &http.Client{
		Timeout:       opts.Timeout,
		CheckRedirect: refuseRedirect,
		Transport: &transport{
			maxBody:   opts.MaxBody,
			userAgent: opts.UserAgent,
			base: &http.Transport{
				DialContext:            dialer.DialContext,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout:    handshakeTimeout,
				MaxIdleConns:           opts.MaxIdleConns,
				MaxIdleConnsPerHost:    opts.MaxIdlePerHost,
				MaxConnsPerHost:        opts.MaxConnsPerHost,
				IdleConnTimeout:        idleTimeout,
				MaxResponseHeaderBytes: maxHeaderBytes,
			},
		},
	}
}

// Dialer makes connections of other protocols than HTTP, to no other addresses
// than a client's.
func (o Options) Dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:        DialTimeout,
		KeepAlive:      keepAlive,
		Resolver:       o.Resolver,
		ControlContext: o.control,
	}
}

// refuseRedirect makes the redirect itself the answer: net/http would pass
// credentials in custom headers on to any other host.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// transport adds what net/http has no setting for.
type transport struct {
	base      *http.Transport
	maxBody   int64
	userAgent string
}

// RoundTrip sends the request and limits the answer's body.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, named := req.Header["User-Agent"]; !named {
		req = req.Clone(req.Context())
		req.Header.Set("User-Agent", t.userAgent)
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err //nolint:wrapcheck // net/http wraps it with method and URL
	}
	resp.Body = &limitedBody{ReadCloser: resp.Body, left: t.maxBody}
	return resp, nil
}

// CloseIdleConnections is found by http.Client.CloseIdleConnections.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }
