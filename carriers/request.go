package carriers

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// NewRequest builds a request to an account's base URL, or to the carrier's own
// host where it has none. Path starts with a slash and may end with a query; a
// nil body sends none.
func NewRequest(ctx context.Context, method string, account Account, host, path string, body []byte) (*http.Request, *Error) {
	base := account.BaseURL
	if base == "" {
		base = host
	}
	var content io.Reader = http.NoBody
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(base, "/")+path, content)
	if err != nil || request.URL.Host == "" {
		return nil, &Error{Kind: ErrBadRequest, Message: "the account's base URL is not a web address"}
	}
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// Needs returns the values of an account's fields, trimmed, or why the account
// cannot be used: one of them is empty.
func (a Account) Needs(names ...string) ([]string, *Error) {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = strings.TrimSpace(a.Fields[name])
		if values[i] == "" {
			return nil, &Error{Kind: ErrAuth, Message: "the account has no " + strings.ReplaceAll(name, "_", " ")}
		}
	}
	return values, nil
}
