package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/models/modelstest"
	"github.com/tillpost/tillpost/secret"
)

const rightPassword = "a sentence that nobody knows"

// member adds a user who can sign in by rightPassword.
func member(t *testing.T, db *models.DB, email string) *models.User {
	t.Helper()
	hash, err := passwords.Hash(context.Background(), secret.NewString(rightPassword))
	if err != nil {
		t.Fatal(err)
	}
	var u *models.User
	modelstest.Write(t, db, func(tx *models.Tx) (err error) {
		u, err = tx.CreateUser(models.User{Email: email, Role: models.RoleAdmin, PasswordHash: hash})
		return err
	})
	return u
}

// visitor is somebody who has opened the login page: the form's token and its cookie.
func (s *site) visitor(t *testing.T) *browser {
	t.Helper()
	b := &browser{site: s, t: t}
	a := b.get("/login").want(t, http.StatusOK)
	token, _ := a.Find("form[action='/login'] input[name=_csrf]").Attr("value")
	cookie := cookieOf(a, "tillpost_form")
	if token == "" || cookie == nil || cookie.Value != token {
		t.Fatalf("the login form's token %q is not in its cookie %v", token, cookie)
	}
	b.csrf, b.form = token, cookie
	return b
}

func cookieOf(a answer, name string) *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (b *browser) login(email, password, next string) answer {
	return b.post("/login", url.Values{"email": {email}, "password": {password}, "next": {next}})
}

func TestLogin(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		u := member(t, db, "grace@example.com")

		v := s.visitor(t)
		v.cookie = "planted" // by somebody who hopes that it becomes the session
		a := v.login(" Grace@Example.com ", rightPassword, "/payments?status=failed").want(t, http.StatusSeeOther)
		if to := a.header.Get(fiber.HeaderLocation); to != "/payments?status=failed" {
			t.Errorf("a login leads to %q", to)
		}
		cookie := cookieOf(a, "tillpost_session")
		if cookie == nil || cookie.Value == "planted" || len(cookie.Value) < 43 {
			t.Fatalf("the session's cookie is %v", cookie)
		}
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
			t.Errorf("the session's cookie is %v", cookie)
		}
		row, err := db.Session(t.Context(), hashID(cookie.Value))
		if err != nil || row.UserID != u.ID {
			t.Fatalf("the session is %+v, %v", row, err)
		}
		if strings.Contains(row.IDHash+row.Data, cookie.Value) {
			t.Error("the session's id is stored in clear")
		}

		signedIn := &browser{site: s, t: t, cookie: cookie.Value}
		home := signedIn.get("/").want(t, http.StatusOK)
		signedIn.csrf, _ = home.Find("meta[name=csrf-token]").Attr("content")
		if signedIn.csrf == v.csrf {
			t.Error("the token of before the login is still good")
		}
		signedIn.get("/login").want(t, http.StatusSeeOther)
		out := signedIn.post("/logout", nil).want(t, http.StatusSeeOther)
		if gone := cookieOf(out, "tillpost_session"); gone == nil || gone.MaxAge >= 0 {
			t.Errorf("after the logout the cookie is %v", gone)
		}
		signedIn.get("/").want(t, http.StatusSeeOther)
	})
}

func TestLoginIsRefused(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSite(t, db)
		gone := member(t, db, "gone@example.com")
		modelstest.Write(t, db, func(tx *models.Tx) error { return tx.DisableUser(gone.ID) })
		member(t, db, "grace@example.com")
		v := s.visitor(t)
		said := map[string]string{}
		for name, try := range map[string][2]string{
			"a wrong password": {"grace@example.com", "not this one, surely"},
			"an unknown user":  {"nobody@example.com", rightPassword},
			"a disabled user":  {"gone@example.com", rightPassword},
			"an empty form":    {"", ""},
			"a huge password":  {"grace@example.com", strings.Repeat("x", 4000)},
		} {
			a := v.login(try[0], try[1], "/")
			if a.status != http.StatusUnprocessableEntity || cookieOf(a, "tillpost_session") != nil {
				t.Errorf("%s is answered with %d", name, a.status)
			}
			said[a.Find("[data-testid=login-error]").Text()] = name
			if strings.Contains(a.body, rightPassword) {
				t.Errorf("%s: the page shows the password", name)
			}
		}
		if len(said) != 1 {
			t.Errorf("refusals differ, and so tell who exists: %v", said)
		}
		if rows, err := db.UserSessions(t.Context(), gone.ID); err != nil || len(rows) != 0 {
			t.Errorf("refusals made sessions: %v, %v", rows, err)
		}
	})
}

func TestLoginHasToWaitAfterFailures(t *testing.T) {
	t.Parallel()
	db := modelstest.SQLite(t)
	now := db.Now()
	db.Now = func() time.Time { return now }
	s := newSite(t, db)
	member(t, db, "grace@example.com")
	v := s.visitor(t)
	for range 5 {
		v.login("grace@example.com", "wrong every time", "/").want(t, http.StatusUnprocessableEntity)
	}
	v.login("grace@example.com", rightPassword, "/").want(t, http.StatusUnprocessableEntity)
	now = now.Add(2 * time.Second)
	v.login("grace@example.com", rightPassword, "/").want(t, http.StatusSeeOther)
	v.login("grace@example.com", "wrong every time", "/").want(t, http.StatusUnprocessableEntity)
	v.login("grace@example.com", rightPassword, "/").want(t, http.StatusSeeOther)
}

func TestLoginFromOneAddressIsLimited(t *testing.T) {
	t.Parallel()
	l := newIPLimiter(loginsPerIP, loginsPerNet)
	now := time.Now()
	l.now = func() time.Time { return now }
	for try := range loginsPerIP {
		if _, ok := l.allow("192.0.2.1"); !ok {
			t.Fatalf("try %d is refused", try+1)
		}
	}
	if wait, ok := l.allow("192.0.2.1"); ok || wait <= 0 || wait > time.Minute {
		t.Errorf("one try too many: %v, %v", ok, wait)
	}
	l.forgive("192.0.2.1")
	l.forgive("192.0.2.1")
	if _, ok := l.allow("192.0.2.1"); !ok {
		t.Error("a right password counts as a wrong one")
	}
	refused := 0
	for host := range 100 {
		if _, ok := l.allow("2001:db8::" + strings.Repeat("1", host%4+1)); !ok {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a /64 has no limit of its own")
	}
	now = now.Add(time.Minute)
	if _, ok := l.allow("192.0.2.1"); !ok {
		t.Error("the limit does not end")
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		start := db.Now()
		now := start
		db.Now = func() time.Time { return now }
		s := newSite(t, db)
		member(t, db, "grace@example.com")
		signIn := func() *browser {
			a := s.visitor(t).login("grace@example.com", rightPassword, "/").want(t, http.StatusSeeOther)
			return &browser{site: s, t: t, cookie: cookieOf(a, "tillpost_session").Value}
		}

		idle := signIn()
		row := func() *models.Session {
			r, err := db.Session(t.Context(), hashID(idle.cookie))
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		before := row()
		now = now.Add(time.Minute)
		idle.get("/").want(t, http.StatusOK)
		if after := row(); !after.SeenAt.Equal(before.SeenAt) {
			t.Error("a request within two minutes wrote the session")
		}
		now = now.Add(2 * time.Minute)
		idle.get("/").want(t, http.StatusOK)
		if after := row(); !after.ExpiresAt.Equal(now.Add(idleLimitAdmin)) {
			t.Errorf("a request moves the expiry to %v, want %v", after.ExpiresAt, now.Add(idleLimitAdmin))
		}
		seen := row()
		now = now.Add(10 * time.Minute)
		idle.get("/dashboard/now", append(htmx, liveHeader, "true")...).want(t, http.StatusOK)
		if after := row(); !after.SeenAt.Equal(seen.SeenAt) || !after.ExpiresAt.Equal(seen.ExpiresAt) {
			t.Errorf("a page that renews itself moves the expiry from %v to %v", seen.ExpiresAt, after.ExpiresAt)
		}
		now = now.Add(idleLimitAdmin - 10*time.Minute + time.Second)
		idle.get("/").want(t, http.StatusSeeOther)

		busy, begun := signIn(), now
		for now.Before(begun.Add(absoluteLimit - 10*time.Minute)) {
			now = now.Add(10 * time.Minute)
			busy.get("/preferences").want(t, http.StatusOK)
		}
		now = begun.Add(absoluteLimit + time.Second)
		busy.get("/preferences").want(t, http.StatusSeeOther)
	})
}

func TestSecureCookies(t *testing.T) {
	t.Parallel()
	store := newSessionStore(nil, true)
	if store.name != "__Host-tillpost_session" || !store.options.Secure {
		t.Errorf("with https the cookie is %s, secure: %v", store.name, store.options.Secure)
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/":                      "/",
		"/orders?q=a%20b&from=1": "/orders?q=a%20b&from=1",
		"/orders#there":          "/orders",
		"":                       "/home",
		"orders":                 "/home",
		"//evil.example":         "/home",
		"///evil.example":        "/home",
		"/\\evil.example":        "/home",
		"\\\\evil.example":       "/home",
		"/%5Cevil.example":       "/home",
		"/%2F/evil.example":      "/home",
		"/.//evil.example":       "/.//evil.example",
		"https://evil.example":   "/home",
		"http:evil.example":      "/home",
		"https:/evil.example":    "/home",
		"javascript:alert(1)":    "/home",
		"data:text/html,x":       "/home",
		"//user@evil.example":    "/home",
		"/a\nLocation: x":        "/home",
		"/a\r\nSet-Cookie: x":    "/home",
		"/\t/evil.example":       "/home",
		" //evil.example":        "/home",
		"mailto:a@evil.example":  "/home",
		"?next=//evil.example":   "/home",
		"/%zz":                   "/home",
		"/@evil.example":         "/@evil.example",
	} {
		if got := localPath(target, "/home"); got != want {
			t.Errorf("localPath(%q) = %q, want %q", target, got, want)
		}
	}
}

func TestLoginComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, modelstest.SQLite(t))
	stranger := &browser{site: s, t: t}
	for name, a := range map[string]answer{
		"/login?next=%2Forders%3Fstatus%3Dopen": stranger.get("/orders?status=open"),
		"/login":                                stranger.get("/"),
		"/login?next=%2Forders%2Ford_1": stranger.get("/orders/ord_1/row",
			append(htmx, hxCurrentURL, "http://tillpost.test/orders/ord_1")...),
	} {
		to := a.header.Get(fiber.HeaderLocation) + a.header.Get(hxRedirect)
		if to != name {
			t.Errorf("a stranger is led to %q, want %q", to, name)
		}
	}
	if a := stranger.get("/orders", htmx...); a.status != http.StatusOK || a.header.Get(hxRedirect) == "" {
		t.Errorf("htmx is answered with %d: fetch would follow a redirect", a.status)
	}
}
