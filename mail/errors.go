package mail

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"

	"github.com/tillpost/tillpost/safehttp"
)

// Kind is what a failure means for the mail.
type Kind string

// The kinds of failures.
const (
	Unreachable Kind = "unreachable" // no server was talked to: nothing was sent, try again
	Rejected    Kind = "rejected"    // the server does not let us in: nothing was sent, somebody must correct that
	Deferred    Kind = "deferred"    // the server asks to try again: it did not take the mail
	Refused     Kind = "refused"     // the server does not take the mail, nor will it
	Unclear     Kind = "unclear"     // the server may have taken it: sent again it may come twice
)

// Error is why a mail was not sent, in words without addresses or passwords.
type Error struct {
	Kind   Kind
	Code   int // the server's, 0 without one
	Reason string

	err error
}

func (e *Error) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("%s (%d)", e.Reason, e.Code)
	}
	return e.Reason
}

// Unwrap leads to what the library or the network said, which may hold addresses.
func (e *Error) Unwrap() error { return e.err }

// connectError says why there is no connection.
func connectError(err error) *Error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		kind := Rejected
		if answer.Code/100 == 4 {
			kind = Unreachable
		}
		return &Error{Kind: kind, Code: answer.Code, Reason: "the mail server did not let us in", err: err}
	}
	e := &Error{Kind: Unreachable, Reason: "the mail server does not answer", err: err}
	switch safehttp.Classify(err) {
	case safehttp.PhaseBlocked:
		e.Kind, e.Reason = Rejected, "the mail server is in a private network"
	case safehttp.PhaseLookup:
		e.Reason = "the mail server's name could not be resolved"
	case safehttp.PhaseConnect:
		e.Reason = "no connection to the mail server"
	case safehttp.PhaseTLS:
		e.Reason = "the mail server's TLS certificate or handshake is wrong"
	case safehttp.PhaseTimeout:
		e.Reason = "the mail server did not answer in time"
	case safehttp.PhaseCanceled:
		e.Reason = "Tillpost was stopped meanwhile"
	default:
		if _, network := errors.AsType[net.Error](err); !network && !errors.Is(err, io.EOF) { // the library's own words
			e.Kind, e.Reason = Rejected, "the mail server offers no STARTTLS, or no way to sign in that we take"
		}
	}
	return e
}

// sendError says whether a mail that was not confirmed may have been taken. Only
// the end of the text asks the server to take it: what broke before that cannot
// have been taken, and after it only the server's own answer proves so.
func sendError(err error) *Error {
	failed, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return &Error{Kind: Unclear, Reason: "the connection to the mail server broke", err: err}
	}
	e := &Error{Kind: Deferred, Code: failed.ErrorCode(), Reason: "the connection to the mail server broke", err: err}
	switch {
	case e.Code/100 == 5:
		e.Kind, e.Reason = Refused, "the mail server refused the mail"
		if failed.Reason == gomail.ErrSMTPRcptTo {
			e.Reason = "the mail server refused the recipient"
		}
	case e.Code/100 == 4:
		e.Reason = "the mail server asks to try again later"
	case failed.Reason == gomail.ErrSMTPDataClose:
		e.Kind = Unclear
	case failed.Reason == gomail.ErrAmbiguous:
		e.Kind = Unclear
	}
	return e
}
