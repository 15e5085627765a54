package carriers

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of kept tokens.
const (
	maxTokens = 1000            // accounts whose tokens are kept
	earlyMost = 5 * time.Minute // before its end a token is replaced, or after nine tenths of its life
)

// Tokens keeps the access token of each account of a carrier that hands them
// out: asking for one with every call is what carriers throttle. The zero value
// is ready for use. Tokens are secrets: Call must be given the one that is sent.
type Tokens struct {
	mu        sync.Mutex
	byAccount map[[sha256.Size]byte]*heldToken
}

// Token is an access token and how long it is good for.
type Token struct {
	Value string
	Life  time.Duration
}

// heldToken is an account's token; whoever holds the turn may use and replace it, so
// that only one caller at a time asks for a new one.
type heldToken struct {
	turn  chan struct{}
	value string
	until time.Time
}

// With calls use with the account's token, which fetch gets when none is kept.
// When use fails with ErrAuth and a token from before, that one may have ended
// early: use is called once more with a new one.
func (t *Tokens) With(
	ctx context.Context, account Account, fetch func() (Token, *Error), use func(token string) ([]byte, *Error),
) ([]byte, *Error) {
	token, fresh, failure := t.access(ctx, account, "", fetch)
	if failure != nil {
		return nil, failure
	}
	body, failure := use(token)
	if failure == nil || failure.Kind != ErrAuth || fresh {
		return body, failure
	}
	if token, _, failure = t.access(ctx, account, token, fetch); failure != nil {
		return nil, failure
	}
	return use(token)
}

// access returns a token that is not the refused one, and whether it is new.
func (t *Tokens) access(
	ctx context.Context, account Account, refused string, fetch func() (Token, *Error),
) (value string, fresh bool, failure *Error) {
	own := t.of(account)
	select {
	case own.turn <- struct{}{}:
		defer func() { <-own.turn }()
	case <-ctx.Done():
		return "", false, unreachable(ctx.Err())
	}
	if own.value != "" && own.value != refused && time.Now().Before(own.until) {
		return own.value, false, nil
	}
	own.value = "" // refused or at its end: when there is no turn for a new one now, the next question gets it first
	got, failure := fetch()
	if failure != nil {
		return "", false, failure
	}
	own.value, own.until = got.Value, time.Now().Add(got.Life-min(got.Life/10, earlyMost))
	return own.value, true, nil
}

// of returns the place of an account's token. Other credentials are another place.
func (t *Tokens) of(account Account) *heldToken {
	parts := []string{account.ID, account.BaseURL}
	for _, name := range slices.Sorted(maps.Keys(account.Fields)) {
		parts = append(parts, name, account.Fields[name])
	}
	key := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.byAccount[key]
	if found == nil {
		if t.byAccount == nil || len(t.byAccount) >= maxTokens {
			t.byAccount = make(map[[sha256.Size]byte]*heldToken)
		}
		found = &heldToken{turn: make(chan struct{}, 1)}
		t.byAccount[key] = found
	}
	return found
}
