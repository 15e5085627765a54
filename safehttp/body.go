package safehttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrBodyTooLarge ends the reading of an answer that is longer than the
// client's MaxBody.
var ErrBodyTooLarge = errors.New("answer is too large")

// limitedBody reads at most left bytes and then fails, unless that was all.
type limitedBody struct {
	io.ReadCloser

	left int64
}

// Read reads the answer up to the limit.
func (b *limitedBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.left < 0 {
		return 0, ErrBodyTooLarge
	}
	if int64(len(p)) > b.left+1 { // one more than allowed tells "all" from "too much"
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrBodyTooLarge
	}
	return n, err //nolint:wrapcheck // io.Reader's callers compare with ==
}

// ReadAll reads an answer's body, at most limit bytes of it, and closes it. It
// says whether more was to come, which it does not wait for; reaching the
// client's own limit counts as that too. What had come before an error is
// returned with it.
func ReadAll(resp *http.Response, limit int64) (body []byte, cut bool, err error) {
	defer func() {
		if closeErr := resp.Body.Close(); closeErr != nil && err == nil {
			err = fmt.Errorf("close answer: %w", closeErr)
		}
	}()
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], true, nil
	}
	if errors.Is(err, ErrBodyTooLarge) {
		return body, true, nil
	}
	if err != nil {
		return body, false, fmt.Errorf("read answer: %w", err)
	}
	return body, false, nil
}
