package safehttp

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxURLLength   = 2048
	maxHostLength  = 253
	maxLabelLength = 63
	maxPort        = 65535
)

// URLProblem names what is wrong with a URL; it is stable, to be translated by.
type URLProblem string

// The problems that CheckURL finds.
const (
	URLTooLong   URLProblem = "too_long"
	URLMalformed URLProblem = "malformed"
	URLScheme    URLProblem = "scheme"
	URLUserinfo  URLProblem = "userinfo"
	URLHost      URLProblem = "host"
	URLPort      URLProblem = "port"
	URLFragment  URLProblem = "fragment"
	URLPrivate   URLProblem = "private_address"
)

// URLError is the error of CheckURL.
type URLError struct {
	Problem URLProblem
	Detail  string // plain words, without the URL
	err     error
}

func (e *URLError) Error() string { return "URL " + e.Detail }

// Unwrap leads to ErrPrivateAddress where that is the problem.
func (e *URLError) Unwrap() error { return e.err }

// CheckURL tells a person who enters a URL what is wrong with it. It looks up
// no name: whether an address may be reached is decided by the client, on each
// connection.
func CheckURL(raw string, opts Options) error {
	if len(raw) > maxURLLength {
		return refuse(URLTooLong, "is longer than %d characters", maxURLLength)
	}
	parsed, err := url.Parse(raw)
	if err != nil {
		return refuse(URLMalformed, "is malformed")
	}
	switch {
	case parsed.Scheme == "":
		return refuse(URLScheme, "must start with https:// or http://")
	case parsed.Scheme != "https" && parsed.Scheme != "http":
		return refuse(URLScheme, "must start with https:// or http://, not %s:", parsed.Scheme)
	case parsed.Opaque != "" || parsed.Hostname() == "":
		return refuse(URLHost, "has no host")
	case parsed.User != nil:
		return refuse(URLUserinfo, "must not contain a user name or password")
	case parsed.Fragment != "" || strings.HasSuffix(raw, "#"):
		return refuse(URLFragment, "must not contain #")
	}
	if err := checkPort(parsed.Host, parsed.Port()); err != nil {
		return err
	}
	return checkHost(parsed.Hostname(), opts)
}

func checkPort(host, port string) error {
	if port == "" {
		if strings.HasSuffix(host, ":") {
			return refuse(URLPort, "has a colon but no port")
		}
		return nil
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > maxPort {
		return refuse(URLPort, "has port %s, which is not between 1 and %d", port, maxPort)
	}
	return nil
}

func checkHost(host string, opts Options) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		return checkAddr(addr, opts)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return checkAddr(netip.AddrFrom4([4]byte{127, 0, 0, 1}), opts)
	}
	labels := strings.Split(name, ".")
	if len(name) > maxHostLength {
		return refuse(URLHost, "has a host name longer than %d characters", maxHostLength)
	}
	for _, label := range labels {
		if !validLabel(label) {
			return refuse(URLHost, "has an invalid host name")
		}
	}
	// Some resolvers read 2130706433, 127.1 or 0x7f.1 as an IPv4 address, others don't.
	last := labels[len(labels)-1]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || strings.Trim(last, "0123456789") == "" {
		return refuse(URLHost, "has an IP address in an unusual form")
	}
	return nil
}

func checkAddr(addr netip.Addr, opts Options) error {
	if err := opts.permit(addr); err != nil {
		return &URLError{Problem: URLPrivate, Detail: "leads to a network that is not allowed", err: err}
	}
	return nil
}

// validLabel lets letters beyond ASCII pass: net/http turns them into punycode.
func validLabel(label string) bool {
	if label == "" || len(label) > maxLabelLength || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(label, func(r rune) bool {
		ascii := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		return !ascii && r < 0x80
	})
}

func refuse(problem URLProblem, format string, args ...any) error {
	return &URLError{Problem: problem, Detail: fmt.Sprintf(format, args...)}
}
