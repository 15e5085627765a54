package handlers

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/tillpost/tillpost/locales"
)

// maxDepth is how deep values may be nested; the API's own go three deep.
const maxDepth = 16

// inspectJSON finds what no field of the API takes: numbers that are not
// integers, texts with control characters, values within values without end.
func inspectJSON(value any) []fieldProblem {
	var found []fieldProblem
	inspectValue(value, "", 0, &found)
	return found
}

func inspectValue(value any, path string, depth int, found *[]fieldProblem) {
	if depth > maxDepth {
		*found = append(*found, fieldError(path, "too_deep", malformed))
		return
	}
	switch v := value.(type) {
	case string:
		if !cleanText(v) {
			*found = append(*found, fieldError(path, "control_character", impossible))
		}
	case json.Number:
		if _, err := strconv.ParseInt(v.String(), 10, 64); err != nil {
			*found = append(*found, fieldProblem{
				Field: path, Code: "wrong_type", Message: locales.For(locales.English).T("api.limit_number"), malformed: true,
			})
		}
	case []any:
		for i, item := range v {
			inspectValue(item, fmt.Sprintf("%s[%d]", path, i), depth+1, found)
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			field := join(path, key)
			if !cleanText(key) {
				*found = append(*found, fieldError(strconv.Quote(field), "control_character", impossible))
				continue
			}
			inspectValue(v[key], field, depth+1, found)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

// cleanText says whether a text has only characters that people can see, and
// line breaks and tabs.
func cleanText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// Kinds of wrong input: malformed makes the status 400, impossible 422.
const (
	malformed  = true
	impossible = false
)

func fieldError(field, code string, isMalformed bool) fieldProblem {
	return fieldProblem{Field: field, Code: code, Message: apiText(code), malformed: isMalformed}
}
