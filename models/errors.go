package models

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// ErrNotFound is returned for rows that do not exist or are not the caller's.
var ErrNotFound = &Error{Kind: KindNotFound, Code: "not_found"}

// ErrRaced asks Write to run the transaction again: another one moved the row,
// or what an outcome rests on.
var ErrRaced = errors.New("row changed meanwhile")

// Kind says what sort of failure an Error is; handlers turn it into a status.
type Kind int

// The kinds of failures that a user can see.
const (
	KindInvalid  Kind = iota + 1 // 422: well-formed but impossible
	KindConflict                 // 409: not in this state
	KindNotFound                 // 404: does not exist, or not yours
	KindDenied                   // 403
	KindTooSoon                  // 429: not so often
)

// Error is a failure that the user is told about. Its Code is the API's code
// and, as error.<Code>, the key of its text in the locales.
type Error struct {
	Kind    Kind
	Code    string
	Field   string        // the input at fault, as items[0].quantity
	Status  string        // the current status, with KindConflict
	After   time.Duration // when it may be tried again, with KindTooSoon
	Choices string        // what the input may have meant, in words for people
	Cause   string        // of a text that says more than the code's; empty: the code
}

// Text is the key of its text in the locales, after error.
func (e *Error) Text() string { return cmp.Or(e.Cause, e.Code) }

func (e *Error) Error() string {
	text := e.Code
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	if e.Status != "" {
		text += " (" + e.Status + ")"
	}
	return text
}

// Is makes errors.Is compare codes, so that ErrNotFound matches any not_found.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Code == e.Code
}

// Invalid is an Error about an input.
func Invalid(field, code string) *Error { return &Error{Kind: KindInvalid, Field: field, Code: code} }

// OutOfRange is an Error about a number, which says what it may be.
func OutOfRange(field string, least, most int) *Error {
	return &Error{Kind: KindInvalid, Field: field, Code: "out_of_range", Choices: fmt.Sprintf("%d–%d", least, most)}
}

// Conflict is an Error about a state.
func Conflict(code, status string) *Error {
	return &Error{Kind: KindConflict, Code: code, Status: status}
}

// TooSoon is an Error about something that may be done so often only.
func TooSoon(code string, after time.Duration) *Error {
	return &Error{Kind: KindTooSoon, Code: code, After: after}
}
