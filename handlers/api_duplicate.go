package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A field that an object names twice would be read as its last value, perhaps
// not the one that another reader of the same text goes by. Objects that were
// read have fewer fields then than colons stand in the text outside of strings,
// which is cheap to compare; the names are sought only when they differ.

// countFields counts the fields of all objects in a value.
func countFields(value any) int {
	n := 0
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			n += countFields(item)
		}
	case map[string]any:
		n = len(v)
		for _, item := range v {
			n += countFields(item)
		}
	}
	return n
}

// countColons counts the colons outside of strings in valid JSON.
func countColons(body []byte) int {
	n, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case b == '"':
			inString = !inString
		case b == '\\' && inString:
			i++ // what is escaped does not end the string
		case b == ':' && !inString:
			n++
		}
	}
	return n
}

// duplicateFields finds the fields that objects name more than once.
func duplicateFields(body []byte) []fieldProblem {
	d := json.NewDecoder(bytes.NewReader(body))
	var found []fieldProblem
	walkFields(d, "", &found)
	return found
}

// walkFields reads one value of JSON that is known to be valid and not too deep.
func walkFields(d *json.Decoder, path string, found *[]fieldProblem) {
	start, err := d.Token()
	if err != nil {
		return
	}
	switch start {
	case json.Delim('['):
		for i := 0; d.More(); i++ {
			walkFields(d, fmt.Sprintf("%s[%d]", path, i), found)
		}
	case json.Delim('{'):
		named := map[string]int{}
		for d.More() {
			token, err := d.Token()
			name, ok := token.(string)
			if err != nil || !ok {
				return
			}
			field := join(path, name)
			named[name]++
			if named[name] == 2 {
				*found = append(*found, fieldError(field, "duplicate_field", malformed))
			}
			walkFields(d, field, found)
		}
	default:
		return
	}
	_, _ = d.Token() // the end of what was begun
}
