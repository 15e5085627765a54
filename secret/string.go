package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// mask is all that a String shows of itself.
const mask = "***"

// String is a secret in clear that shows itself to nobody who does not ask
// with Reveal. It holds a pointer, so that even an unexported field of it,
// whose methods fmt cannot call, prints an address only.
type String struct {
	value *string
}

// NewString returns the text as a secret.
func NewString(text string) String { return String{value: &text} }

// Reveal returns the text.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero says whether there is no text; it serves omitzero too.
func (s String) IsZero() bool { return s.Reveal() == "" }

// Equal compares in a time that does not depend on the texts' contents.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns the mask.
func (String) String() string { return mask }

// GoString returns the mask.
func (String) GoString() string { return mask }

// Format writes the mask, whatever the verb.
func (String) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, mask) // fmt.State reports no errors that fmt's caller would not see
}

// LogValue returns the mask.
func (String) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns the mask; JSON and flags use it too.
func (String) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText takes the text, for configuration and request bodies.
func (s *String) UnmarshalText(text []byte) error {
	*s = NewString(string(text))
	return nil
}
