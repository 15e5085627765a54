package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const (
	eventsPath = "/v1/notifications/webhooks-events"
	eventsPage = 100
	// maxEventPages bounds what is read of one window; past that the list failed.
	maxEventPages = 200
	// window is how much of the past is listed at a time. PayPal tells the newest
	// first; a whole window can be put in order. A longer past has longer ones,
	// so that few calls reach its end even if nothing happened.
	window     = 6 * time.Hour
	maxWindows = 40
)

// Webhooks lists the events that PayPal has told, or tried to, since a time. The
// cursor is the beginning of the next window.
func (p *Provider) Webhooks(
	ctx context.Context, account payments.Account, since time.Time, cursor string,
) (bodies [][]byte, next string, err error) {
	from := since
	if cursor != "" {
		if from, err = time.Parse(time.RFC3339, cursor); err != nil {
			return nil, "", fmt.Errorf("cursor: %w", err)
		}
	}
	now := p.now()
	until := from.Add(max(window, now.Sub(since)/maxWindows))
	if until.Before(now) {
		next = until.UTC().Format(time.RFC3339)
	}
	query := url.Values{
		"page_size":  {strconv.Itoa(eventsPage)},
		"start_time": {from.UTC().Format(time.RFC3339)}, "end_time": {until.UTC().Format(time.RFC3339)},
	}
	var all []listed
	for range maxEventPages {
		page, more, err := p.eventsPage(ctx, account, query)
		if err != nil {
			return nil, "", err
		}
		all = append(all, page...)
		if more == nil {
			return oldestFirst(all), next, nil
		}
		query = more
	}
	return nil, "", errors.New("PayPal lists too many webhooks")
}

// listed is one event of a list, and when it was.
type listed struct {
	body []byte
	at   time.Time
}

func oldestFirst(all []listed) [][]byte {
	slices.SortStableFunc(all, func(a, b listed) int { return a.at.Compare(b.at) })
	bodies := make([][]byte, len(all))
	for i, one := range all {
		bodies[i] = one.body
	}
	return bodies
}

// eventsPage reads one page, and the query of the next one.
func (p *Provider) eventsPage(
	ctx context.Context, account payments.Account, query url.Values,
) (page []listed, more url.Values, err error) {
	x := p.call(ctx, account, http.MethodGet, eventsPath+"?"+query.Encode(), "", nil)
	var list struct {
		Events *[]json.RawMessage `json:"events"`
		Links  []link             `json:"links"`
	}
	if !x.decode(&list) || list.Events == nil {
		return nil, nil, errors.New("list webhooks: " + p.unknown(x).Message)
	}
	for _, body := range *list.Events {
		var e event
		if json.Unmarshal(body, &e) != nil {
			return nil, nil, errEvent
		}
		page = append(page, listed{body, e.CreateTime.Time})
	}
	for _, l := range list.Links {
		// Only the query is followed: the token goes to no other address.
		if u, err := url.Parse(l.Href); l.Rel == "next" && err == nil && strings.HasSuffix(u.Path, eventsPath) && len(page) > 0 {
			more = u.Query()
		}
	}
	return page, more, nil
}
