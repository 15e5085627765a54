package carriers

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// bank hands out numbered tokens.
type bank struct {
	mu     sync.Mutex
	issued int
	life   time.Duration
}

func (b *bank) fetch() (Token, *Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.issued++
	return Token{Value: fmt.Sprintf("token-%d", b.issued), Life: b.life}, nil
}

func TestTokens(t *testing.T) {
	t.Parallel()
	account := Account{ID: "cra_1", Fields: map[string]string{"client_id": "a", "client_secret": "b"}}
	echo := func(token string) ([]byte, *Error) { return []byte(token), nil }
	use := func(t *testing.T, tokens *Tokens, a Account, b *bank, call func(string) ([]byte, *Error)) (string, *Error) {
		t.Helper()
		body, failure := tokens.With(t.Context(), a, b.fetch, call)
		return string(body), failure
	}
	t.Run("many callers share one token", func(t *testing.T) {
		t.Parallel()
		var tokens Tokens
		b := &bank{life: time.Hour}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if got, failure := use(t, &tokens, account, b, echo); got != "token-1" || failure != nil {
					t.Errorf("token %q, %v", got, failure)
				}
			})
		}
		wg.Wait()
	})
	t.Run("other credentials have another token", func(t *testing.T) {
		t.Parallel()
		var tokens Tokens
		b := &bank{life: time.Hour}
		other := Account{ID: "cra_1", Fields: map[string]string{"client_id": "a", "client_secret": "c"}}
		first, _ := use(t, &tokens, account, b, echo)
		if second, _ := use(t, &tokens, other, b, echo); first == second {
			t.Error("a token of other credentials was used")
		}
	})
	t.Run("one that has ended is replaced", func(t *testing.T) {
		t.Parallel()
		var tokens Tokens
		b := &bank{life: 0}
		for _, want := range []string{"token-1", "token-2"} {
			if got, _ := use(t, &tokens, account, b, echo); got != want {
				t.Errorf("token %q, want %q", got, want)
			}
		}
	})
	t.Run("one that was revoked is replaced once", func(t *testing.T) {
		t.Parallel()
		var tokens Tokens
		b := &bank{life: time.Hour}
		if _, failure := use(t, &tokens, account, b, echo); failure != nil {
			t.Fatal(failure)
		}
		calls := 0
		refuse := func(good string) func(string) ([]byte, *Error) {
			return func(token string) ([]byte, *Error) {
				calls++
				if token != good {
					return nil, &Error{Kind: ErrAuth, Message: "no"}
				}
				return []byte(token), nil
			}
		}
		if got, failure := use(t, &tokens, account, b, refuse("token-2")); got != "token-2" || failure != nil || calls != 2 {
			t.Errorf("token %q, %v after %d calls", got, failure, calls)
		}
		calls = 0
		if _, failure := use(t, &tokens, account, b, refuse("none")); failure == nil || calls != 2 {
			t.Errorf("%v after %d calls, want a refusal after 2", failure, calls)
		}
	})
	t.Run("one that was revoked is not used again when there is no turn for another", func(t *testing.T) {
		t.Parallel()
		var tokens Tokens
		b := &bank{life: time.Hour}
		if _, failure := use(t, &tokens, account, b, echo); failure != nil {
			t.Fatal(failure)
		}
		refused := func(string) ([]byte, *Error) { return nil, &Error{Kind: ErrAuth, Message: "no"} }
		noTurn := func() (Token, *Error) { return Token{}, &Error{Kind: ErrNoTurn, Message: "later"} }
		if _, failure := tokens.With(t.Context(), account, noTurn, refused); failure == nil || failure.Kind != ErrNoTurn {
			t.Fatalf("%v", failure)
		}
		if got, failure := use(t, &tokens, account, b, echo); got != "token-2" || failure != nil {
			t.Errorf("token %q, %v", got, failure)
		}
	})
	t.Run("a refused fetch is not remembered", func(t *testing.T) {
		t.Parallel()
		var tokens Tokens
		failing := func() (Token, *Error) { return Token{}, &Error{Kind: ErrUnavailable, Message: "down"} }
		if _, failure := tokens.With(t.Context(), account, failing, echo); failure == nil {
			t.Fatal("no error")
		}
		if got, failure := use(t, &tokens, account, &bank{life: time.Hour}, echo); got != "token-1" || failure != nil {
			t.Errorf("token %q, %v", got, failure)
		}
	})
}
