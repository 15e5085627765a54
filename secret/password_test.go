package secret

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	p := NewPasswords(PasswordCost())
	password := NewString("a sentence that nobody knows")
	hash, err := p.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Errorf("the hash is %q", hash)
	}
	const cheap = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
	for name, test := range map[string]struct {
		password, hash string
		ok, failed     bool
	}{
		"the password":       {password.Reveal(), hash, true, false},
		"another":            {"another sentence", hash, false, false},
		"nothing":            {"", hash, false, false},
		"no such user":       {password.Reveal(), "", false, false},
		"a huge one":         {strings.Repeat("x", 1<<20), hash, false, false},
		"an unreadable hash": {password.Reveal(), "plain", false, true},
		"a hash cut short":   {password.Reveal(), cheap, false, true},
	} {
		ok, outdated, err := p.Check(t.Context(), NewString(test.password), test.hash)
		if ok != test.ok || outdated || (err != nil) != test.failed {
			t.Errorf("%s: %v, outdated %v, %v", name, ok, outdated, err)
		}
	}
}

func TestPasswordHashedAtAnotherCost(t *testing.T) {
	t.Parallel()
	// of "correct horse battery staple", at 64 KiB
	const hash = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$XLeLg+p+JNgiFrQNsye8eofeXr30s6P3j/ke/9xgk/0"
	ok, outdated, err := NewPasswords(PasswordCost()).Check(t.Context(), NewString("correct horse battery staple"), hash)
	if err != nil {
		t.Fatal(err)
	}
	if !ok || !outdated {
		t.Errorf("ok %v, outdated %v; want both", ok, outdated)
	}
}

func TestPasswordsAreHashedAFewAtATime(t *testing.T) {
	t.Parallel()
	p := &Passwords{cost: PasswordCost(), cores: make(chan struct{}, 1)}
	p.cores <- struct{}{} // the only core is busy
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range queue {
		waiting.Go(func() {
			if _, err := p.Hash(ctx, NewString("x")); !errors.Is(err, context.Canceled) {
				t.Errorf("a hash that nobody waits for ends with %v", err)
			}
		})
	}
	for p.waiting.Load() < queue {
		runtime.Gosched()
	}
	if _, err := p.Hash(t.Context(), NewString("x")); !errors.Is(err, ErrPasswordsBusy) {
		t.Errorf("one too many gets %v", err)
	}
	cancel()
	waiting.Wait()
	<-p.cores
	if _, err := p.Hash(t.Context(), NewString("x")); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

func TestAcceptPassword(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]error{
		"a sentence that nobody knows": nil,
		"十二个汉字也是一个好密码呢":                nil,
		"x9$kQ2!mLp0z":                     nil,
		"short":                            ErrPasswordShort,
		strings.Repeat("long enough ", 11): ErrPasswordLong,
		"123456789012":                     ErrPasswordCommon,
		"PasswordPassword":                 ErrPasswordCommon,
		"aaaaaaaaaaaaaaaa":                 ErrPasswordCommon,
		"abababababababab":                 ErrPasswordCommon,
		"tillpost1234":                     ErrPasswordCommon,
		"grace.hopper1":                    ErrPasswordCommon,
	} {
		if got := AcceptPassword(NewString(password), "grace.hopper@example.com"); !errors.Is(got, want) {
			t.Errorf("AcceptPassword(%q) = %v, want %v", password, got, want)
		}
	}
}
