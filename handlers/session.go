package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gorilla/sessions"

	"github.com/tillpost/tillpost/models"
)

// How long a session lasts: without a request, and at most.
const (
	idleLimit      = 30 * time.Minute
	idleLimitAdmin = 15 * time.Minute
	absoluteLimit  = 12 * time.Hour
	touchEvery     = 2 * time.Minute // a session's expiry is moved no more often than this
)

// sessionStore keeps sessions in the database, as a sessions.Store. The cookie
// holds a random id of 256 bits, the database its SHA-256; a row is made at
// login only, always under a new id, and a deleted one does not come back.
type sessionStore struct {
	db      *models.DB
	name    string
	options sessions.Options
}

var _ sessions.Store = (*sessionStore)(nil)

func newSessionStore(db *models.DB, secure bool) *sessionStore {
	return &sessionStore{
		db: db, name: cookieName("tillpost_session", secure),
		options: sessions.Options{Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode},
	}
}

// cookieName adds the prefix that ties a cookie to this very host, which
// browsers allow with https only.
func cookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// Keys of what a session holds.
const (
	valueRow  = "row"  // *models.Session, as it is stored
	valueCSRF = "csrf" // string
)

// sessionData is what is stored in a session's row beside its columns.
type sessionData struct {
	CSRF string `json:"csrf"`
}

// Get returns the session of a request, from its registry.
func (st *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	s, err := sessions.GetRegistry(r).Get(st, name)
	if err != nil {
		return s, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// New loads the session that the request's cookie names; without one that is
// alive, it returns a new session, which is not stored.
func (st *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	s := sessions.NewSession(st, name)
	options := st.options
	s.Options, s.IsNew = &options, true
	cookie, err := r.Cookie(name)
	if err != nil || cookie.Value == "" {
		return s, nil //nolint:nilerr // no cookie is no session
	}
	row, err := st.db.Session(r.Context(), hashID(cookie.Value))
	if errors.Is(err, models.ErrNotFound) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("load session: %w", err)
	}
	var data sessionData
	if err := json.Unmarshal([]byte(row.Data), &data); err != nil {
		return s, fmt.Errorf("read session: %w", err)
	}
	s.ID, s.IsNew = cookie.Value, false
	s.Values[valueRow], s.Values[valueCSRF] = row, data.CSRF
	return s, nil
}

// Save stores a new session, moves the expiry of one that exists, or, with a
// negative MaxAge, deletes it; and sets the cookie accordingly.
func (st *sessionStore) Save(r *http.Request, w http.ResponseWriter, s *sessions.Session) error {
	row, ok := s.Values[valueRow].(*models.Session)
	if !ok {
		return errors.New("save session: nobody is signed in")
	}
	if s.Options.MaxAge < 0 {
		if err := st.db.Write(r.Context(), func(tx *models.Tx) error { return tx.DeleteSession(row.IDHash) }); err != nil {
			return err
		}
		http.SetCookie(w, sessions.NewCookie(s.Name(), "", s.Options))
		return nil
	}
	if s.ID != "" {
		return st.touch(r.Context(), row)
	}
	csrf, _ := s.Values[valueCSRF].(string)
	data, err := json.Marshal(sessionData{CSRF: csrf})
	if err != nil {
		return fmt.Errorf("write session: %w", err)
	}
	s.ID = randomToken()
	row.IDHash, row.Data = hashID(s.ID), string(data)
	if err := st.db.Write(r.Context(), func(tx *models.Tx) error { return tx.CreateSession(*row) }); err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	http.SetCookie(w, sessions.NewCookie(s.Name(), s.ID, s.Options))
	return nil
}

// touch moves the expiry; a session that was ended meanwhile stays ended.
func (st *sessionStore) touch(ctx context.Context, row *models.Session) error {
	return st.db.Write(ctx, func(tx *models.Tx) error {
		_, err := tx.TouchSession(row.IDHash, row.Data, row.ExpiresAt)
		return err
	})
}

func hashID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

func randomToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: it ends the process rather than return an error
	return base64.RawURLEncoding.EncodeToString(b)
}

// expiry is when a session of the role ends that was begun at one time and is
// used now.
func expiry(role string, begun, now time.Time) time.Time {
	idle := idleLimit
	if role == models.RoleAdmin {
		idle = idleLimitAdmin
	}
	at := now.Add(idle)
	if last := begun.Add(absoluteLimit); at.After(last) {
		return last
	}
	return at
}

// session is a request's session with what the bridge to Fiber needs.
type session struct {
	*sessions.Session

	request *http.Request
	row     *models.Session // nil when nobody is signed in
	user    *models.User    // of row
}

func sessionOf(c *fiber.Ctx) *session {
	s, _ := c.Locals(localSession).(*session)
	return s
}

// withSession loads the request's session. gorilla's stores look at a request's
// cookies and context and at an answer's headers only, so these are all that
// is carried between it and Fiber.
func (s *server) withSession(c *fiber.Ctx) error {
	r := (&http.Request{Method: c.Method(), Header: http.Header{"Cookie": {c.Get(fiber.HeaderCookie)}}}).
		WithContext(c.UserContext())
	loaded, err := s.sessions.Get(r, s.sessions.name)
	if err != nil {
		return err
	}
	sess := &session{Session: loaded, request: r}
	if row, ok := loaded.Values[valueRow].(*models.Session); ok {
		user, err := s.DB.User(c.UserContext(), row.UserID)
		if err != nil {
			return err
		}
		if user.DisabledAt == nil {
			sess.row, sess.user = row, user
		}
	}
	c.Locals(localSession, sess)
	if err := s.keepAlive(c, sess); err != nil {
		return err
	}
	return c.Next()
}

// liveHeader marks the requests by which an open page renews itself. The page's
// script sets it.
const liveHeader = "X-Live-Update"

// keepAlive moves the expiry of a session in use, every few minutes. A page that
// listens and renews itself is not in use.
func (s *server) keepAlive(c *fiber.Ctx, sess *session) error {
	now := s.DB.Now()
	if sess.row == nil || now.Sub(sess.row.SeenAt) < touchEvery {
		return nil
	}
	if c.Get(liveHeader) != "" || c.Path() == livePath {
		return nil
	}
	sess.row.ExpiresAt = expiry(sess.user.Role, sess.row.CreatedAt, now)
	return s.saveSession(c, sess)
}

// signIn begins a session of the user under a new id, and ends the one before.
func (s *server) signIn(c *fiber.Ctx, old *session, user *models.User) error {
	if old.row != nil {
		if err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return tx.DeleteSession(old.row.IDHash) }); err != nil {
			return err
		}
	}
	now := s.DB.Now()
	fresh := sessions.NewSession(s.sessions, s.sessions.name)
	options := s.sessions.options
	fresh.Options, fresh.IsNew = &options, true
	row := &models.Session{
		UserID: user.ID, IP: c.IP(), UserAgent: clip(c.Get(fiber.HeaderUserAgent), 255), ExpiresAt: expiry(user.Role, now, now),
	}
	fresh.Values[valueRow], fresh.Values[valueCSRF] = row, randomToken()
	return s.saveSession(c, &session{Session: fresh, request: old.request, row: row, user: user})
}

// signOut ends the session.
func (s *server) signOut(c *fiber.Ctx, sess *session) error {
	if sess.row == nil {
		return nil
	}
	sess.Options.MaxAge = -1
	return s.saveSession(c, sess)
}

// saveSession saves and carries the cookie over to the answer.
func (s *server) saveSession(c *fiber.Ctx, sess *session) error {
	w := headerWriter{http.Header{}}
	if err := sess.Save(sess.request, w); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	for _, cookie := range w.header.Values("Set-Cookie") {
		c.Response().Header.Add("Set-Cookie", cookie)
	}
	return nil
}

// headerWriter is an http.ResponseWriter that keeps headers only.
type headerWriter struct{ header http.Header }

func (w headerWriter) Header() http.Header         { return w.header }
func (w headerWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w headerWriter) WriteHeader(int)             {}

// clip cuts a text to a number of bytes, at the end of a character.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
