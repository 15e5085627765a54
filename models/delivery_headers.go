package models

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// SentHeaders are the headers of a request that was made, by name. None are
// stored as an empty text.
type SentHeaders map[string]string

// Value encodes the headers for the database.
func (h SentHeaders) Value() (driver.Value, error) {
	if len(h) == 0 {
		return "", nil
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode headers: %w", err)
	}
	return string(text), nil
}

// Scan decodes headers from the database.
func (h *SentHeaders) Scan(value any) error {
	var text []byte
	switch v := value.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("headers are a %T", value)
	}
	*h = nil
	if len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, h); err != nil {
		return fmt.Errorf("decode headers: %w", err)
	}
	return nil
}
