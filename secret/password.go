package secret

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// Lengths of passwords, in characters. There are no rules of composition.
const (
	MinPassword = 12
	MaxPassword = 128
)

// Why a password is refused, or cannot be checked now.
var (
	ErrPasswordShort  = fmt.Errorf("the password is too short: it needs at least %d characters", MinPassword)
	ErrPasswordLong   = fmt.Errorf("the password is too long: it may have %d characters", MaxPassword)
	ErrPasswordCommon = errors.New("the password is easy to guess: choose one without your name, and with more variety")
	ErrPasswordsBusy  = errors.New("too many passwords are being checked")
)

// PasswordCost is that of argon2id for a password: 64 MiB and about 160 ms on one core.
func PasswordCost() argon2id.Params {
	return argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// queue is how many may wait for a core to hash on.
const queue = 50

// Passwords hashes and checks passwords by argon2id, a few at a time, so that
// many logins at once cannot take all memory.
type Passwords struct {
	cost    argon2id.Params
	cores   chan struct{}
	waiting atomic.Int64
}

// NewPasswords allows as many hashes at once as there are cores, each at the cost.
func NewPasswords(cost argon2id.Params) *Passwords {
	return &Passwords{cost: cost, cores: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Hash makes the stored form of a password.
func (p *Passwords) Hash(ctx context.Context, password String) (string, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(password.Reveal(), &p.cost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// Check says whether a password is the one of a stored hash, and whether the
// hash was made at another cost and should be made anew. An empty hash stands
// for a user who does not exist: it takes as long and says no.
func (p *Passwords) Check(ctx context.Context, password String, hash string) (ok, outdated bool, err error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	if utf8.RuneCountInString(password.Reveal()) > MaxPassword {
		password, hash = String{}, ""
	}
	if hash == "" {
		if _, err := argon2id.CreateHash(password.Reveal(), &p.cost); err != nil {
			return false, false, fmt.Errorf("check password: %w", err)
		}
		return false, false, nil
	}
	switch _, _, key, err := argon2id.DecodeHash(hash); {
	case err != nil:
		return false, false, fmt.Errorf("check password: %w", err)
	case len(key) == 0:
		return false, false, errors.New("check password: the hash is cut short")
	}
	ok, params, err := argon2id.CheckHash(password.Reveal(), hash)
	if err != nil {
		return false, false, fmt.Errorf("check password: %w", err)
	}
	return ok, *params != p.cost, nil
}

// enter waits for a core. Leaving gives the memory back to the system at once:
// left to the collector, one login would double the process for minutes.
func (p *Passwords) enter(ctx context.Context) (leave func(), err error) {
	if p.waiting.Add(1) > queue {
		p.waiting.Add(-1)
		return nil, ErrPasswordsBusy
	}
	defer p.waiting.Add(-1)
	select {
	case p.cores <- struct{}{}:
		return func() {
			debug.FreeOSMemory()
			<-p.cores
		}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// common are long passwords that are tried first, beside those that repeat
// themselves or consist of what everybody knows.
var common = []string{
	"123456789012", "1234567890123", "12345678901234", "123456789123", "qwertyuiop123", "qwertyuiop12", "qwertyuiopasdf",
	"1q2w3e4r5t6y", "1qaz2wsx3edc", "q1w2e3r4t5y6", "zaq12wsxcde3", "passwordpassword", "password1234", "password12345",
	"password123456", "administrator", "adminadmin123", "changeme1234", "changemechangeme", "letmeinletmein", "welcome12345",
	"iloveyou1234", "trustno1trustno1", "abcdefghijkl", "abcd1234abcd", "correcthorsebatterystaple",
}

// AcceptPassword says whether a new password may be used. What the words hold,
// such as the user's e-mail address, does not count towards its length.
func AcceptPassword(password String, words ...string) error {
	text := password.Reveal()
	switch n := utf8.RuneCountInString(text); {
	case n < MinPassword:
		return ErrPasswordShort
	case n > MaxPassword:
		return ErrPasswordLong
	}
	folded := strings.ToLower(text)
	if slices.Contains(common, folded) {
		return ErrPasswordCommon
	}
	rest := folded
	for _, word := range append(words, "tillpost", "password") {
		local, _, _ := strings.Cut(strings.ToLower(word), "@")
		if len(local) >= 4 {
			rest = strings.ReplaceAll(rest, local, "")
		}
	}
	if utf8.RuneCountInString(rest) < MinPassword/2 || distinct(folded) < 5 {
		return ErrPasswordCommon
	}
	return nil
}

// distinct counts the different characters of a text.
func distinct(text string) int {
	seen := map[rune]struct{}{}
	for _, r := range text {
		seen[r] = struct{}{}
	}
	return len(seen)
}
