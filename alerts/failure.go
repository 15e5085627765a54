package alerts

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// FailureKind is why a message did not arrive, for people of every language.
type FailureKind string

// The kinds of failures.
const (
	FailureNoServer FailureKind = "no_server" // there is no mail server
	FailureMail     FailureKind = "mail"      // the mail server did not take it
	FailureSecret   FailureKind = "secret"    // the key set does not open the channel's secrets
	FailureUnknown  FailureKind = "unknown"   // this node knows no such channel
	FailureReach    FailureKind = "reach"     // there is no connection, or no answer
	FailurePrivate  FailureKind = "private"   // the address is in a private network
	FailureRefused  FailureKind = "refused"   // the platform does not know the address, or refuses the secret
	FailureLimited  FailureKind = "limited"   // the platform asks to send less
	FailureAnswer   FailureKind = "answer"    // the platform answers with an error
	FailureNoPages  FailureKind = "no_pages"  // nobody knows the address of our own pages
	FailureInternal FailureKind = "internal"  // our own
)

// FailureKinds lists all.
var FailureKinds = []FailureKind{
	FailureNoServer, FailureMail, FailureSecret, FailureUnknown, FailureReach, FailurePrivate, FailureRefused, FailureLimited,
	FailureAnswer, FailureNoPages, FailureInternal,
}

// SendError is why a message did not arrive. It holds neither addresses nor
// secrets: those of chats are one.
type SendError struct {
	Kind   FailureKind
	Detail string // what the platform said, without secrets
	Final  bool   // it is of no use to try again
	After  time.Duration
}

func (f *SendError) Error() string { return "alert not sent: " + f.String() }

// String is the failure as it is stored: its kind, and after a colon what the
// platform said.
func (f *SendError) String() string {
	if f.Detail == "" {
		return string(f.Kind)
	}
	return fmt.Sprintf("%s: %s", f.Kind, f.Detail)
}

// Reason takes a stored failure apart.
func Reason(stored string) (kind, detail string) {
	kind, detail, _ = strings.Cut(stored, ": ")
	return kind, detail
}

// failureOf is any error as a failure; one of our own says nothing to people.
func failureOf(err error) *SendError {
	if f, ok := errors.AsType[*SendError](err); ok {
		return f
	}
	return &SendError{Kind: FailureInternal}
}
