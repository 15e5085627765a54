package safehttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Phase says how far the last request of a failed call had come. It is for
// people who look for the fault; whether money may have moved is for Trace.
type Phase string

// The phases, as Classify names them.
const (
	PhaseBlocked  Phase = "blocked"  // the address is not allowed
	PhaseLookup   Phase = "lookup"   // the name could not be resolved
	PhaseConnect  Phase = "connect"  // no connection
	PhaseTLS      Phase = "tls"      // no trusted connection
	PhaseTimeout  Phase = "timeout"  // time was up
	PhaseCanceled Phase = "canceled" // the caller gave up
	PhaseAnswer   Phase = "answer"   // the answer is too large or broken off
	PhaseExchange Phase = "exchange" // everything else
)

// Classify says what went wrong with a request or with reading its answer.
func Classify(err error) Phase {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, ErrPrivateAddress):
		return PhaseBlocked
	case errors.Is(err, ErrBodyTooLarge), errors.Is(err, io.ErrUnexpectedEOF):
		return PhaseAnswer
	case errors.As(err, &dns):
		return PhaseLookup
	case errors.As(err, &certificate), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return PhaseTLS
	case IsTimeout(err):
		return PhaseTimeout
	case errors.Is(err, context.Canceled):
		return PhaseCanceled
	case Dialing(err):
		return PhaseConnect
	default:
		return PhaseExchange
	}
}

// Dialing says whether a call failed before there was a connection.
func Dialing(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// IsTimeout says whether a call failed because its time was up.
func IsTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// RetryAfter reads how long an answer asks to wait, in seconds or as a date
// (RFC 9110, 10.2.3). It is 0 when the answer does not say, or names the past.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
