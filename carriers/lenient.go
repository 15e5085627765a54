package carriers

import (
	"bytes"
	"encoding/json"
	"strings"
)

// JSONText is a string of a carrier's answer, or a number or boolean in its
// place; anything else is empty.
type JSONText string

// UnmarshalJSON reads what there is and never fails.
func (t *JSONText) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	var number json.Number
	var truth bool
	switch {
	case bytes.Equal(data, []byte("null")):
	case json.Unmarshal(data, &s) == nil:
		*t = JSONText(strings.TrimSpace(s))
	case json.Unmarshal(data, &number) == nil:
		*t = JSONText(number)
	case json.Unmarshal(data, &truth) == nil:
		*t = JSONText(data)
	}
	return nil
}

// Lenient is a value of a carrier's answer, or its zero where the answer has
// another form, so that one odd field costs that field only.
type Lenient[T any] struct{ V T }

// UnmarshalJSON reads what fits and never fails.
func (l *Lenient[T]) UnmarshalJSON(data []byte) error {
	var v T
	if !bytes.Equal(data, []byte("null")) && json.Unmarshal(data, &v) == nil {
		l.V = v
	}
	return nil
}

// LenientList is a list of a carrier's answer, or a single value in its place,
// as services that were made of XML send it. Elements stay raw, so that an odd
// one costs itself only.
type LenientList []json.RawMessage

// UnmarshalJSON reads what there is and never fails.
func (l *LenientList) UnmarshalJSON(data []byte) error {
	*l = nil
	var many []json.RawMessage
	switch {
	case bytes.Equal(data, []byte("null")):
	case json.Unmarshal(data, &many) == nil:
		*l = many
	default:
		*l = LenientList{bytes.Clone(data)}
	}
	return nil
}
