package views

import (
	"bytes"
	"encoding/json"
)

// pretty indents JSON; other text stays as it is.
func pretty(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}
