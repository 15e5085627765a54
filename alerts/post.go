package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/tillpost/tillpost/safehttp"
)

// post is one request to a platform, and how its answer is read.
type post struct {
	url    string
	header http.Header
	body   []byte
	// judge reads an answer of status 2xx; nil takes every one for success.
	judge func(body []byte) error
}

// platform writes the request of a message. The values are the channel's fields
// with its secrets in clear.
type platform func(at time.Time, values map[string]string, base string, m Message) (post, error)

// jsonPost is a request with a JSON body.
func jsonPost(address string, body any, judge func([]byte) error) (post, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return post{}, fmt.Errorf("write message: %w", err)
	}
	return post{url: address, body: text, judge: judge, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}, nil
}

// fitted writes the request of a message with as many lines of a digest as its
// platform takes, in bytes of the whole body: one that is too long is refused, and
// all that it tells of is lost.
func fitted(most int, m Message, write func(m Message) (post, error)) (post, error) {
	whole, err := write(m)
	if err != nil || len(whole.body) <= most || len(m.Lines) == 0 {
		return whole, err
	}
	n := sort.Search(len(m.Lines)-1, func(n int) bool {
		p, err := write(m.first(n + 1))
		return err != nil || len(p.body) > most
	})
	return write(m.first(n))
}

// maxDetail bounds what is kept of a platform's own words.
const maxDetail = 200

// send makes the request. Its errors are *SendError: those of net/http would
// repeat the address.
func (p post) send(ctx context.Context, client *http.Client, values map[string]string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		return &SendError{Kind: FailureRefused, Final: true}
	}
	request.Header = p.header
	response, err := client.Do(request)
	if err != nil {
		phase := safehttp.Classify(err)
		if phase == safehttp.PhaseBlocked {
			return &SendError{Kind: FailurePrivate, Final: true}
		}
		return &SendError{Kind: FailureReach, Detail: string(phase)}
	}
	body, _, err := safehttp.ReadAll(response, maxAnswer)
	if err != nil {
		return &SendError{Kind: FailureReach, Detail: string(safehttp.Classify(err))}
	}
	if response.StatusCode/100 == 2 {
		if p.judge == nil {
			return nil
		}
		if err := p.judge(body); err != nil {
			f := failureOf(err)
			f.Detail = masked(f.Detail, values)
			return f
		}
		return nil
	}
	f := &SendError{
		Kind: FailureAnswer, Detail: masked(fmt.Sprintf("%d %s", response.StatusCode, body), values),
		After: safehttp.RetryAfter(response.Header, time.Now()),
	}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		f.Kind, f.Final = FailureRefused, true
	case http.StatusTooManyRequests:
		f.Kind = FailureLimited
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		f.Final = true
	}
	return f
}

// masked is what may be shown of a platform's words: short, of one line, and
// without any of the channel's own values, or of the parts of an address, of
// which the secret is one.
func masked(text string, values map[string]string) string {
	for _, value := range values {
		for _, part := range parts(value) {
			if len(part) >= minSecret {
				text = strings.ReplaceAll(text, part, "***")
			}
		}
	}
	return clip(oneLine(text), maxDetail)
}

// oneLine is a text that others wrote without what would begin a line of its own,
// where a heading or a message of ours could be feigned.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// minSecret is from how many characters on a part is taken for a secret.
const minSecret = 6

// parts are a value and, of an address, the pieces of its path and its parameters.
func parts(value string) []string {
	all := []string{value}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return append(all, strings.FieldsFunc(value, func(r rune) bool { return r == ':' })...)
	}
	all = append(all, strings.Split(u.Path, "/")...)
	for _, given := range u.Query() {
		all = append(all, given...)
	}
	return all
}
